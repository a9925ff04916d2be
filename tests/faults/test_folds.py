"""A cross-validation of own images, killed in the middle of a fold, and what its runs are good for."""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support import image_folders
from support.programs import python_path

import tf_ssgan
from tf_ssgan.data import content_hash
from tf_ssgan.metrics import intervals
from tf_ssgan.training import build

ROOT = pathlib.Path(__file__).parents[2]
FLAGS = ("--method=supervised", "--dataset=folder:pets", "--image_size=8", "--max_steps=300",
         "--width=4", "--batch_size=8", "--precision=float32", "--validation=0")  # fmt: skip


def start(folder, *words):
    return subprocess.Popen(
        [sys.executable, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=os.environ | {"PYTHONPATH": python_path(ROOT), "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip


def finish(folder, *words):
    process = start(folder, *words)
    output = process.communicate(timeout=240)[0]
    assert process.returncode == 0, output
    return output


def children(pid):
    return [
        int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ]


def kill_in_fold(process, fold):
    """Kills a cross-validation and the run of a fold after its first checkpoint."""
    deadline = time.monotonic() + 120
    while not list(fold.glob("checkpoints/step-??????????/manifest.json")):
        assert process.poll() is None and time.monotonic() < deadline, "no checkpoint to kill after"
        time.sleep(0.01)
    for pid in (process.pid, *children(process.pid)):
        os.kill(pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
def test_a_cross_validation_that_was_killed_ends_as_one_that_was_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    image_folders.make_folder(tmp_path / "pets", labeled=10, unlabeled=6, test=2)
    for number in range(3):  # cats among the dogs, which no classifier gets right
        image_folders.save_image(tmp_path / f"pets/labeled/dog/cat{number}.png", 0, 800 + number)
    command = [str(ROOT / "train_main.py"), *FLAGS, "--folds=3", "--workdir=runs/x"]
    kill_in_fold(start(tmp_path, *command), tmp_path / "runs/x/fold-1")
    assert not (tmp_path / "runs/x/fold-1/result.json").exists()
    output = finish(tmp_path, *command)
    assert "1 of 3 finished before" in output and "3 folds of 7 to 8 test images" in output
    log = (tmp_path / "runs/x/fold-1.log").read_text()
    assert log.count("$ ") == 2 and "Continuing from step" in log, log
    # The run of one fold alone, which was not interrupted, is the same one.
    alone = [word for word in command if "--workdir" not in word]
    finish(tmp_path, *alone, "--fold=1", "--workdir=runs/alone")
    one, two = (json.loads((tmp_path / f"runs/{name}/result.json").read_text())
                for name in ("alone", "x/fold-1"))  # fmt: skip
    same = ("test_error", "test_error_raw", "brier_score", "split_sha256", "data_sha256", "fold")
    assert {name: one[name] for name in same} == {name: two[name] for name in same}
    check_sums(tmp_path / "runs/x")
    check_uses(tmp_path)


def check_sums(folder):
    """Opens the classifiers of the folds and tests them on what they have not learned."""
    summary = json.loads((folder / "cross_validation.json").read_text())
    tested, wrong = [], 0
    for fold in range(3):
        run = build.reopen(folder / f"fold-{fold}")
        arrays, classifier = run.arrays, tf_ssgan.load(folder / f"fold-{fold}")
        own = content_hash.keys(arrays.test_images)
        assert not np.isin(own, arrays.train_keys).any()
        tested += own.tolist()
        probabilities = classifier.predict(arrays.test_images)
        wrong += int((probabilities.argmax(axis=1) != arrays.test_labels).sum())
    assert len(tested) == len(set(tested)) == summary["images"] == 23
    assert 0 < wrong == summary["wrong"] and summary["test_error"] == 100 * wrong / 23
    assert summary["test_error_interval"] == list(intervals.wilson(wrong, 23))


def check_uses(folder):
    """A fold is evaluated as any other run, and the final classifier is trained as it is said."""
    words = ["-m", "tf_ssgan.evaluate", "--run=runs/x/fold-2"]
    assert "test_error" in finish(folder, *words, "--dataset=folder:pets")
    command = json.loads((folder / "runs/x/cross_validation.json").read_text())["final_command"]
    program, *flags = shlex.split(command)[1:]
    finish(folder, str(ROOT / program), *flags, "--max_steps=3")
    result = json.loads((folder / "runs/x-final/result.json").read_text())
    assert (result["labels"], result["test_images"], "fold" in result) == (23, 4, False)
