"""The console commands that `pip install` makes, beside the documented forms."""

import configparser
import importlib
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PROGRAMS = ("train", "sweep", "report", "evaluate", "doctor", "export", "predict")


@pytest.fixture(scope="module")
def declared():
    """Command -> module:function, as setup.cfg declares them."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    lines = settings["options.entry_points"]["console_scripts"].strip().splitlines()
    return dict(line.split(" = ") for line in lines)


def test_every_program_is_a_command(declared):
    assert list(declared) == [f"tf-ssgan-{name}" for name in PROGRAMS]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_command_starts_its_program(declared, name):
    module, function = declared[f"tf-ssgan-{name}"].split(":")
    assert callable(getattr(importlib.import_module(module), function))
    code = f"import sys, {module}; sys.argv[0] = '/bin/tf-ssgan-{name}'; {module}.{function}()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    documented = importlib.import_module(module).__doc__.splitlines()[0]
    shown = "usage: tf-ssgan-train --method=NAME" if name == "train" else documented
    assert shown in done.stdout


def test_a_mistake_ends_a_command_with_status_2_and_a_sentence(declared):
    module, function = declared["tf-ssgan-train"].split(":")
    code = f"import {module}; {module}.{function}()"
    words = [sys.executable, "-c", code, "--method=frgn"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--method=frgn is not a method. Did you mean 'frgan'?")
