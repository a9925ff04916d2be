"""The version is a release number, and the same wherever it is read."""

import configparser
import pathlib
import re

import tf_ssgan
from tf_ssgan.common import version

SETUP = pathlib.Path(__file__).parents[2] / "setup.cfg"


def test_the_version_is_three_numbers():
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.__version__)


def test_the_package_and_its_metadata_have_the_same_version():
    assert tf_ssgan.__version__ == version.__version__
    metadata = configparser.ConfigParser()
    metadata.read(SETUP)
    assert metadata["metadata"]["version"] == "attr: tf_ssgan.common.version.__version__"
