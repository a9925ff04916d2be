"""The packages that tf_ssgan needs: those of setup.cfg, looked for before anything is imported."""

import configparser
import importlib.metadata
import pathlib
import re

import pytest

from tf_ssgan.common import cpu, errors, requirements

ROOT = pathlib.Path(__file__).parents[2]
OPTIONAL = {"tensorboard", "tensorflow-datasets", "importlib_resources"}  # runs do without them


def test_the_packages_are_those_of_setup_cfg():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    names = re.findall(r"^[\w-]+", setup["options"]["install_requires"].strip(), re.MULTILINE)
    assert set(requirements.MODULES.values()) == set(names) - OPTIONAL


def test_here_everything_can_be_found_and_imported():
    requirements.check()
    requirements.import_late()


def test_missing_packages_are_named_with_the_python_that_lacks_them(monkeypatch):
    missing = {"sklearn", "PIL"}
    monkeypatch.setattr(requirements, "is_there", lambda module: module not in missing)
    monkeypatch.setattr(requirements.sys, "executable", "/usr/bin/python3")
    with pytest.raises(errors.UserError) as refused:
        requirements.check()
    assert str(refused.value) == (
        "/usr/bin/python3 lacks scikit-learn, pillow, which tf_ssgan needs. Use the Python in "
        "which tf_ssgan was installed, or run pip install -e . again in the folder of tf_ssgan."
    )


def test_a_module_that_cannot_be_looked_for_is_missing(monkeypatch):
    assert requirements.is_there("json") and not requirements.is_there("no_such_module")
    monkeypatch.setitem(requirements.sys.modules, "json", None)
    assert not requirements.is_there("json")


@pytest.mark.parametrize(
    ("machine", "flags", "refused"),
    [
        ("x86_64", {"sse4_2"}, True),
        ("AMD64", {"sse4_2", "avx"}, False),
        ("aarch64", {"asimd"}, False),
        ("x86_64", set(), False),
    ],
)
def test_a_cpu_on_which_tensorflow_ends_without_a_word_is_refused(
    monkeypatch, machine, flags, refused
):
    monkeypatch.setattr(requirements.platform, "machine", lambda: machine)
    monkeypatch.setattr(cpu, "flags", lambda: flags)
    requirements.check()  # programs that need no TensorFlow run
    if not refused:
        return requirements.check_cpu()
    with pytest.raises(errors.UserError, match="TensorFlow needs a CPU with AVX"):
        requirements.check_cpu()


def test_a_folder_whose_letters_are_unknown_here_is_refused(monkeypatch):
    monkeypatch.setattr(requirements, "__file__", "/home/\udcc3\udca4/requirements.py")
    with pytest.raises(errors.UserError, match="Set PYTHONUTF8=1."):
        requirements.check()


NATIVE = (
    'Traceback (most recent call last):\n  File "pywrap_tensorflow.py", line 73, in <module>\n'
    "ImportError: /lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found\n\n\n"
    "Failed to load the native TensorFlow runtime.\nSee https://www.tensorflow.org/install/errors"
)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (NATIVE, "ImportError: /lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found"),
        ("No module named 'sklearn'", "No module named 'sklearn'"),
        ("", "ImportError"),
    ],
)
def test_the_cause_of_a_failed_import_is_kept(message, cause):
    text = requirements.explain(ImportError(message) if message else ImportError())
    assert f"cannot be imported: {cause}." in text and "\n" not in text
    assert text.endswith("Run pip install -e . again in the folder of tf_ssgan.")


def test_versions_outside_of_the_requirements_are_said_with_the_cause(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["numpy>=99", "gone>=1"])
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: {"Requires-Python": "<3"})
    text = requirements.explain(ImportError("cannot import name 'x'"))
    version = importlib.metadata.version("numpy")
    assert f"numpy {version} is installed, but tf_ssgan requires >=99" in text
    assert "gone is not installed" in text and "but tf_ssgan requires <3;" in text
