"""The walk-through's own commands, on fewer pictures and steps."""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from tf_ssgan.data import image_decoding

pytestmark = pytest.mark.xdist_group("own images")

ROOT = pathlib.Path(__file__).parents[2]
GUIDE = ROOT / "examples" / "own_images"
SMALLER = {"--count=1000": "--count=60", "--max_steps=600": "--max_steps=4", "--width=32": "--width=4",
           "--methods=frgan": "--methods=frgan --skip_steps"}  # fmt: skip


def commands():
    """The lines of the guide's shell blocks, the server's apart."""
    blocks = re.findall(r"```bash\n(.*?)```", (GUIDE / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if not line.startswith("docker") and "export.client" not in line]


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """The folder after all commands, and what each said: [(command, status, output, errors)]."""
    folder = tmp_path_factory.mktemp("walk")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    for name in ("examples", "train_main.py"):
        (folder / name).symlink_to(ROOT / name)
    said = []
    for line in commands():
        for large, small in SMALLER.items():
            line = line.replace(large, small)
        line = line.replace("python ", f"{sys.executable} ", 1)
        done = subprocess.run(
            line, shell=True, cwd=folder, env=environment, capture_output=True, text=True
        )
        said.append((line, done.returncode, done.stdout, done.stderr))
    return folder, said


def test_every_command_works(walked):
    _, said = walked
    assert len(said) == 6
    # Of bad files, doctor warns; predict answers what it can, and says 1.
    for (line, status, _, errors), expected in zip(said, [0, 0, 0, 0, 1, 1], strict=True):
        assert status == expected, f"{line}\n{errors[-2000:]}"
        assert "Traceback" not in errors


def test_the_doctor_names_every_bad_or_odd_file(walked):
    folder, said = walked
    drawn = re.compile(r"\d{5}\.(png|jpg)")
    odd = [path for path in (folder / "shapes").rglob("*") if path.is_file()]
    odd = [path.name for path in odd if not drawn.fullmatch(path.name)]
    assert len(odd) == 20
    for name in odd:
        assert name in said[1][2], name


def test_training_leaves_the_files_that_were_labeled(walked):
    folder, said = walked
    protocol = json.loads((folder / "runs/shapes/protocol.json").read_text())
    for name in protocol["labeled_sources"]:
        assert name.startswith("labeled/") and (folder / "shapes" / name).is_file()
    assert len(protocol["labeled_sources"]) == protocol["sizes"]["labeled"]
    assert "files of folder:shapes are left out" in said[2][3]


def test_a_row_for_every_file(walked):
    folder, _ = walked
    with open(folder / "answers.csv", newline="", encoding="utf-8") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    files = [path for path in (folder / "shapes/unlabeled").iterdir()]
    assert set(rows) == {str(path.relative_to(folder)) for path in files}
    for path in files:
        row = rows[str(path.relative_to(folder))]
        try:
            image_decoding.decode(path, 32, 3, "pad")
            readable = not path.name.startswith(".")
        except image_decoding.Unusable as error:
            readable = False
            assert row["reason"] == str(error) or path.name.startswith(".")
        assert bool(row["label"]) == readable and bool(row["reason"]) != readable
    assert "<html" in (folder / "answers.html").read_text(encoding="utf-8")


def test_a_seed_draws_the_same_pictures(tmp_path):
    sys.path.insert(0, str(GUIDE))
    import draw

    one, two = draw.draw(tmp_path / "1", 24, 3), draw.draw(tmp_path / "2", 24, 3)
    assert [a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True)] == [True] * 24
    images = [image_decoding.decode(path, 16, 3, "pad") for path in one]
    assert len(np.unique(np.stack(images).reshape(24, -1), axis=0)) == 24
    assert len(draw.spoil(tmp_path / "1")) == 20
