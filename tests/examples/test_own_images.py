"""The commands of the walkthrough, with fewer pictures and steps."""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from support.programs import python_path

from tf_ssgan.data import image_decoding

pytestmark = pytest.mark.xdist_group("own images")

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = ROOT / "examples" / "own_images"
SMALLER = {"--count=1000": "--count=60", "--max_steps=600": "--max_steps=4", "--width=32": "--width=4",
           "--methods=frgan": "--methods=frgan --skip_steps"}  # fmt: skip


def commands():
    """The lines of the README's shell blocks, except those for the server."""
    blocks = re.findall(r"```bash\n(.*?)```", (GUIDE / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if not line.startswith("docker") and "export.client" not in line]


@pytest.fixture(scope="module")
def walkthrough(tmp_path_factory):
    """The folder after all commands, and their results: [(command, status, output, errors)]."""
    folder = tmp_path_factory.mktemp("walkthrough")
    environment = os.environ | {
        "PYTHONPATH": python_path(ROOT), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    for name in ("examples", "train_main.py"):
        (folder / name).symlink_to(ROOT / name)
    results = []
    for line in commands():
        for large, small in SMALLER.items():
            line = line.replace(large, small)
        line = line.replace("python ", f"{sys.executable} ", 1)
        done = subprocess.run(
            line, shell=True, cwd=folder, env=environment, capture_output=True, text=True
        )
        results.append((line, done.returncode, done.stdout, done.stderr))
    return folder, results


def test_every_command_works(walkthrough):
    _, results = walkthrough
    assert len(results) == 6
    # doctor only warns of bad files; predict skips them and exits with status 1.
    for (line, status, _, errors), expected in zip(results, [0, 0, 0, 0, 1, 1], strict=True):
        assert status == expected, f"{line}\n{errors[-2000:]}"
        assert "Traceback" not in errors


def test_doctor_names_every_bad_or_odd_file(walkthrough):
    folder, results = walkthrough
    regular = re.compile(r"\d{5}\.(png|jpg)")
    odd = [path for path in (folder / "shapes").rglob("*") if path.is_file()]
    odd = [path.name for path in odd if not regular.fullmatch(path.name)]
    assert len(odd) == 20
    for name in odd:
        assert name in results[1][2], name


def test_training_records_the_labeled_files(walkthrough):
    folder, results = walkthrough
    protocol = json.loads((folder / "runs/shapes/protocol.json").read_text())
    for name in protocol["labeled_sources"]:
        assert name.startswith("labeled/") and (folder / "shapes" / name).is_file()
    assert len(protocol["labeled_sources"]) == protocol["sizes"]["labeled"]
    assert re.search(r"folder:shapes: \d+ of \d+ files are left out", results[2][3])


def test_predictions_have_a_row_for_every_file(walkthrough):
    folder, _ = walkthrough
    with open(folder / "predictions.csv", newline="", encoding="utf-8") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    files = [path for path in (folder / "shapes/unlabeled").iterdir()]
    assert set(rows) == {str(path.relative_to(folder)) for path in files}
    for path in files:
        row = rows[str(path.relative_to(folder))]
        try:
            image_decoding.decode(path, 32, 3, "pad")
            readable = not path.name.startswith(".")
        except image_decoding.ImageFileError as error:
            readable = False
            assert row["reason"] == str(error) or path.name.startswith(".")
        assert bool(row["label"]) == readable and bool(row["reason"]) != readable
    assert "<html" in (folder / "predictions.html").read_text(encoding="utf-8")
