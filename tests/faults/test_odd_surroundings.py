"""Clock, time zone, language, Python's options and the place of the code change nothing."""

import ast
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from support.programs import python_path

from tf_ssgan.training import config, loop

ROOT = pathlib.Path(__file__).parents[2]
TIMED = ("seconds", "images_per_second", "waiting_percent")
SMALL = {"max_steps": 3, "width": 4, "batch_size": 16, "precision": "float32"}
JUMPING_CLOCK = """
import random, time
real, numbers = time.time, random.Random(0)
time.time = lambda: real() + numbers.choice([-5e8, -1e6, 0, 1e6])
"""
ODD = {
    "TZ": "Nowhere/Land",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
    "PYTHONWARNINGS": "error",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def files_below(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def curves(folder):
    read = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMED} for line in read]


@pytest.mark.slow
def test_odd_surroundings_change_nothing_that_is_computed(tmp_path):
    loop.run(config.configure("supervised", **SMALL, workdir=str(tmp_path / "usual")))
    tree = tmp_path / "a tree with blanks"
    for name in ("tf_ssgan", "flags", "train_main.py"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        tree.mkdir(exist_ok=True)
        options = {"ignore": shutil.ignore_patterns("__pycache__")} if "." not in name else {}
        copy(ROOT / name, tree / name, **options)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(JUMPING_CLOCK)
    before = files_below(tree)
    surroundings = {"PYTHONPATH": python_path(tmp_path / "site", tree), "CUDA_VISIBLE_DEVICES": ""}
    words = [f"--{name}={value}" for name, value in SMALL.items()]
    done = subprocess.run(
        [sys.executable, str(tree / "train_main.py"), "--method=supervised", *words,
         f"--workdir={tmp_path}/odd"],
        cwd=tmp_path, env=os.environ | surroundings | ODD, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert curves(tmp_path / "odd") == curves(tmp_path / "usual")
    assert files_below(tree) == before, "something was written beside the code"
    result = json.loads((tmp_path / "odd/result.json").read_text())
    assert 0 < result["seconds"] < 300


@pytest.mark.parametrize("module", ["train_main", "export.predict", "tf_ssgan.sweep"])
def test_help_is_there_without_docstrings(module):
    """PYTHONOPTIMIZE=2 removes docstrings and assertions."""
    done = subprocess.run(
        [sys.executable, "-OO", "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": python_path(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == "" and "--" in done.stdout


def test_no_program_depends_on_the_language_or_on_assertions():
    """Numbers have a decimal point in every language, and checks stay where -O removes asserts."""
    folders = [(ROOT / name).rglob("*.py") for name in ("tf_ssgan", "export", "flags")]
    for path in (path for folder in folders for path in folder):
        for node in ast.walk(ast.parse(path.read_text())):
            where = f"{path}:{getattr(node, 'lineno', 0)}"
            assert not isinstance(node, ast.Assert), where
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                assert "locale" not in names, where
            if isinstance(node, ast.FormattedValue) and node.format_spec:
                assert not ast.unparse(node.format_spec).rstrip("'\"").endswith("n"), where
