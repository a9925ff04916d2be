"""Importing `flags` looks for the packages before the first of them is imported."""

import os
import pathlib
import subprocess
import sys

import pytest
from support.programs import python_path

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("program", ["train_main", "export.predict", "tf_ssgan.sweep"])
def test_a_program_without_absl_and_numpy_says_so_in_one_sentence(program):
    code = (
        "import runpy, sys\n"
        "for name in ('absl', 'numpy', 'tqdm'): sys.modules[name] = None\n"
        f"runpy.run_module({program!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": python_path(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{sys.executable} lacks absl-py, numpy, tqdm, which tf_ssgan needs.")
