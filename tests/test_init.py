"""The package as a Python library: what `import tf_ssgan` offers, and the example of the README."""

import inspect
import os
import pathlib
import re
import subprocess
import sys

import pytest
from support.programs import python_path

import tf_ssgan
from tf_ssgan.common import errors, version
from tf_ssgan.training import python_api

ROOT = pathlib.Path(__file__).parents[1]
SHORTER = {"max_steps=300": "max_steps=2, width=4, latent_size=8, batch_size=8"}


def run(code, folder=ROOT):
    """Runs a script as a user would, who has set no log level."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"PYTHONPATH": python_path(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_import_loads_nothing_but_a_few_modules_of_its_own():
    code = (
        "import sys, time\n"
        "before, began = set(sys.modules), time.perf_counter()\n"
        "import tf_ssgan\n"
        "seconds = time.perf_counter() - began\n"
        "new = {name for name in set(sys.modules) - before\n"
        "       if name.split('.')[0] not in sys.stdlib_module_names}\n"
        "print(seconds, *sorted(new))\n"
    )
    seconds, *modules = run(code).stdout.split()
    own = [
        "tf_ssgan",
        *("tf_ssgan.common", "tf_ssgan.common.errors", "tf_ssgan.common.interrupts"),
        *(f"tf_ssgan.common.{name}" for name in ("keras_settings", "library_folders", "paths")),
        *(f"tf_ssgan.common.{name}" for name in ("plain_text", "supported_systems", "version")),
    ]
    assert modules == own and float(seconds) < 0.2  # 7 ms on an idle machine


def test_what_it_offers():
    assert sorted(tf_ssgan.__all__) == ["UserError", "__version__", "load", "train"]
    assert tf_ssgan.UserError is errors.UserError
    assert tf_ssgan.__version__ == version.__version__


def test_help_and_editors_see_signatures_and_docstrings():
    parameters = inspect.signature(tf_ssgan.train).parameters
    assert list(parameters) == ["method", "dataset", "options"]
    assert parameters["dataset"].default == "digits"
    assert list(inspect.signature(tf_ssgan.load).parameters) == ["folder"]
    for function in (tf_ssgan.train, tf_ssgan.load):
        assert all(part in function.__doc__ for part in ("Args:", "Returns:", "Raises:"))


def test_the_functions_do_what_the_library_does(monkeypatch):
    monkeypatch.setattr(python_api, "train", lambda *given: given)
    monkeypatch.setattr(python_api, "load", lambda folder: folder)
    assert tf_ssgan.train("frgan", seed=3)[:3] == ("frgan", "digits", {"seed": 3})
    assert tf_ssgan.load("runs/first") == "runs/first"


@pytest.mark.parametrize("call", ["train('frgn')", "train('frgan', seed=.5)", "load('/nowhere')"])
def test_a_mistake_ends_a_script_with_a_sentence_before_tensorflow(call):
    code = (
        f"import sys, tf_ssgan\ntry: tf_ssgan.{call}\nfinally: print('tensorflow' in sys.modules)\n"
    )
    done = run(code)
    assert (done.returncode, done.stdout) == (1, "False\n")
    assert done.stderr.splitlines()[-1].startswith("tf_ssgan.common.errors.UserError: ")


def test_the_example_of_the_readme_runs_and_is_quiet(tmp_path):
    section = (ROOT / "README.md").read_text().split("\n## In Python\n")[1].split("\n## ")[0]
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    for full, shorter in SHORTER.items():
        assert full in example
        example = example.replace(full, shorter)
    done = run(example, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    *_, error, prediction = done.stdout.strip().splitlines()
    assert 0 <= float(error.split()[-2]) <= 100
    assert re.fullmatch(r"\d, with a probability of [01]\.\d\d", prediction)
    assert (tmp_path / "runs/first/result.json").exists()
