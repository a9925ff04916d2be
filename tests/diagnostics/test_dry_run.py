"""What a few steps tell of a run: time, memory, and why none can be taken."""

import subprocess
import sys

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.diagnostics import dry_run

GB = 10**9


@pytest.fixture
def archives(tmp_path):
    """A data set of colored squares as npz:DIR."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, count, seed in (("train", 40, 0), ("test", 12, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    return f"npz:{folder}"


def told(monkeypatch, dataset="digits", free=10 * GB, **changed):
    took = {"first": 5.0, "seconds": [0.1, 0.3], "evaluation": 0.0, "steps": 1000, "lap": 50,
            "gpus": 0, "peak": GB}  # fmt: skip
    monkeypatch.setattr(dry_run, "measure", lambda method, given: took | changed)
    (found,) = dry_run.steps("frgan", {"dataset": dataset}, free)
    return found


def test_a_short_run(monkeypatch):
    found = told(monkeypatch)
    assert found.level == "ok"
    assert found.text == (
        "frgan: 0.2 s a step, about 3 min for 1,000 steps; at most 1.0 GB of memory, "
        "10.0 GB are free"
    )


def test_evaluations_take_time_too(monkeypatch):
    assert "0.4 s a step" in told(monkeypatch, evaluation=10.0).text


def test_a_long_run_on_a_cpu_and_what_an_hour_would_allow(monkeypatch):
    found = told(monkeypatch, steps=40_000)
    assert found.level == "note" and "fewer --max_steps, a smaller --width" in found.advice
    assert "about 2 h 13 min for 40,000 steps (--max_steps=18000 would take 1 h)" in found.text
    assert "--image_size" in told(monkeypatch, dataset="folder:d", steps=40_000).advice
    assert told(monkeypatch, steps=40_000, gpus=1).level == "ok"
    assert told(monkeypatch, steps=30_000).level == "ok"


def test_a_run_that_takes_nearly_all_memory(monkeypatch):
    found = told(monkeypatch, peak=9 * GB)
    assert found.level == "warning" and "--batch_size" in found.advice
    assert told(monkeypatch, peak=8 * GB).level == "ok"


@pytest.mark.parametrize(
    "seconds, words",
    [(4, "4 s"), (100, "2 min"), (3599, "1 h"), (7800, "2 h 10 min"), (39_600, "11 h"),
     (90_000, "25 h"), (260_000, "3 days")],
)  # fmt: skip
def test_durations_for_people(seconds, words):
    assert dry_run.lasting(seconds) == words


def test_images_beside_memory():
    arrays = datasets.load("digits")
    (found,) = dry_run.images(arrays, GB)
    assert found.level == "ok" and "1,797 images of 16 x 16 x 1 take 0.92 MB of the 1.0 GB" in (
        found.text
    )
    (found,) = dry_run.images(arrays, 1_000_000)
    assert found.level == "warning" and "--image_size" in found.advice


def test_other_programs_at_work(monkeypatch):
    monkeypatch.setattr(dry_run.cores, "usable", lambda: (0, 1, 2, 3))
    for load, levels in ((1.9, []), (2.1, ["note"])):
        monkeypatch.setattr(dry_run.os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert [found.level for found in dry_run.busy()] == levels


# --- Processes ------------------------------------------------------------------------------------


def test_steps_are_taken_by_a_process_that_leaves_nothing(archives, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    given = {"dataset": archives, "width": 4, "batch_size": 8, "max_steps": 90}
    took = dry_run.measure("supervised", given)
    assert took["steps"] == 90 and took["lap"] >= 50 and 2 <= len(took["seconds"]) <= 20
    assert 0 < min(took["seconds"]) <= max(took["seconds"]) < took["first"]
    assert took["evaluation"] > 0 and took["peak"] > 10**8
    assert not list((tmp_path / "here").iterdir())


def test_a_run_that_cannot_be_built(archives):
    with pytest.raises(errors.UserError, match="supervised: no step can be taken: .*--labels=0"):
        dry_run.measure("supervised", {"dataset": archives, "labels": 0})


def test_a_process_knows_of_no_cluster(archives, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "{\\"cluster\\": \\"$TF_CONFIG\\"}"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setenv("TF_CONFIG", "three hosts")
    assert dry_run.measure("frgan", {"dataset": archives}) == {"cluster": ""}


def test_a_process_that_is_killed(archives, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(errors.UserError, match="frgan: its steps were ended by SIGKILL"):
        dry_run.measure("frgan", {"dataset": archives})


def test_the_peak_of_memory_is_not_that_of_the_process_before():
    ballast = np.ones(2**26)  # half a gigabyte, which getrusage would hand down
    code = "from tf_ssgan.diagnostics import dry_run; print(dry_run.peak())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 10**7 < int(ended.stdout) < ballast.nbytes / 2, ended.stderr


def test_without_proc_the_system_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(dry_run, "_STATUS", tmp_path / "none")
    assert dry_run.peak() > 10**8
