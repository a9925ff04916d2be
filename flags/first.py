"""Imported before everything else: ends a program whose packages are missing, with one sentence."""

from tf_ssgan.common import requirements

requirements.exit_if_missing()
