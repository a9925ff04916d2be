"""A folder of 1,000 files of 40 kinds: each odd one is named, and nothing hangs or is learned."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from support import odd_files

from tf_ssgan.data import datasets, image_decoding
from tf_ssgan.data.sources import image_reader

ROOT = pathlib.Path(__file__).parents[2]
EACH = 1000 // (2 * odd_files.KINDS) + 1


@pytest.fixture(scope="module")
def odd_folder(tmp_path_factory):
    """The folder, and the names of its usable and its other files."""
    root = tmp_path_factory.mktemp("odd") / "pets"
    return root, *odd_files.make_odd_folder(root, EACH)


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """A cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}


def run(environment, folder, *command):
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_doctor_names_each_odd_file_and_training_says_the_same(
    odd_folder, environment, tmp_path
):
    root, usable, unusable = odd_folder
    assert len(usable) + len(unusable) >= 1000
    name = f"--dataset=folder:{root}"
    doctor = run(
        environment, ROOT, "-m", "tf_ssgan.doctor", name, "--skip_steps", "--image_size=16",
        f"--json={tmp_path}/findings.json", f"--workdir={tmp_path}",
    )  # fmt: skip
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    findings = json.loads((tmp_path / "findings.json").read_text())["findings"]
    named = "\n".join(text for finding in findings for text in finding["names"])
    assert [name for name in unusable if name.split("/thumb")[0] not in named] == []
    loaded = image_reader.read(
        datasets.find(f"folder:{root}").listing, image_decoding.ImageSpec(16)
    )
    assert sorted(loaded.listing.entries[index].name for index in loaded.usable) == sorted(usable)
    training = run(
        environment, ROOT, "train_main.py", "--method=supervised", name, "--image_size=16",
        "--labels=8", "--max_steps=2", f"--workdir={tmp_path}/run",
    )  # fmt: skip
    assert training.returncode == 0, training.stdout + training.stderr
    remarks = loaded.remarks()
    assert len(remarks) >= 3
    for remark in remarks:
        assert remark.text in doctor.stdout and remark.text in training.stderr
    assert "Traceback" not in doctor.stderr + training.stderr
