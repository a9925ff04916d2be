"""The version is a release number, and the same wherever it is read."""

import configparser
import pathlib
import re

import pytest

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


SERIES = ".".join(version.__version__.split(".")[:2])


@pytest.mark.parametrize("theirs", ["0.1.0", "0.2.0", "1.2", "2", f"{SERIES}0.0+local"])
def test_another_minor_version_is_another(theirs):
    assert version.is_other(theirs)


@pytest.mark.parametrize(
    "theirs", [version.__version__, f"{SERIES}.17", SERIES, None, 3, "", "x\ny", "0.1\0", "1" * 41]
)
def test_a_later_patch_is_not_and_neither_is_what_is_no_version(theirs):
    assert not version.is_other(theirs)
