"""A few steps of a run give its time and memory, or the reason why it fails."""

import itertools
import subprocess
import sys
import types

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.data import datasets
from tf_ssgan.diagnostics import dry_run
from tf_ssgan.training import build, loop, unlabeled_images

GB = 10**9


@pytest.fixture
def archives(tmp_path):
    """A data set of random images as npz:DIR."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, count, seed in (("train", 40, 0), ("test", 12, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    return f"npz:{folder}"


def finding_of(monkeypatch, dataset="digits", free=10 * GB, steps=1000, stages=(), **changed):
    stages = stages or [{"steps": steps, "seconds": [0.1, 0.3]}]
    measured = {"first": 5.0, "stages": stages, "evaluation": 0.0, "steps": steps,
                "evaluation_interval": 50, "gpus": 0, "peak_memory": GB}  # fmt: skip
    monkeypatch.setattr(dry_run, "measure_steps", lambda method, given: measured | changed)
    (finding,) = dry_run.check_steps("frgan", {"dataset": dataset}, free)
    return finding


def test_a_short_run(monkeypatch):
    finding = finding_of(monkeypatch)
    assert finding.level == "ok"
    assert finding.text == (
        "frgan: 0.2 s a step, about 3 min for 1,000 steps; up to 1.0 GB of memory, 10.0 GB are free"
    )


def test_evaluations_are_part_of_the_time(monkeypatch):
    assert "0.4 s a step" in finding_of(monkeypatch, evaluation=10.0).text


def test_stages_count_by_their_steps(monkeypatch):
    """750 steps of 0.2 s and 250 of 2.2 s: 700 s, and 5 s before."""
    stages = [{"steps": 750, "seconds": [0.1, 0.3]}, {"steps": 250, "seconds": [2.0, 2.2, 9.0]}]
    text = finding_of(monkeypatch, stages=stages).text
    assert "0.7 s a step, about 12 min for 1,000 steps" in text


def test_a_long_run_on_a_cpu_and_the_steps_of_an_hour(monkeypatch):
    finding = finding_of(monkeypatch, steps=40_000)
    assert finding.level == "note" and "fewer --max_steps, a smaller --width" in finding.advice
    assert "about 2 h 13 min for 40,000 steps (--max_steps=18000 would take 1 h)" in finding.text
    assert "--image_size" in finding_of(monkeypatch, dataset="folder:d", steps=40_000).advice
    assert finding_of(monkeypatch, steps=40_000, gpus=1).level == "ok"
    assert finding_of(monkeypatch, steps=30_000).level == "ok"


def test_a_run_that_needs_nearly_all_memory(monkeypatch):
    finding = finding_of(monkeypatch, peak_memory=9 * GB)
    assert finding.level == "warning" and "--batch_size" in finding.advice
    assert finding_of(monkeypatch, peak_memory=8 * GB).level == "ok"


@pytest.mark.parametrize(
    "seconds, words",
    [(4, "4 s"), (100, "2 min"), (3599, "1 h"), (7800, "2 h 10 min"), (39_600, "11 h"),
     (90_000, "25 h"), (260_000, "3 days")],
)  # fmt: skip
def test_durations_have_units(seconds, words):
    assert dry_run.format_duration(seconds) == words


def test_a_method_that_cannot_be_built_can_be_left_out(monkeypatch):
    def fail(method, given):
        raise errors.UserError("flexmatch: its steps fail: ...: give --batch_size of at most 9.")

    monkeypatch.setattr(dry_run, "measure_steps", fail)
    (finding,) = dry_run.check_steps("flexmatch", {"dataset": "digits"}, GB)
    assert finding.level == "error" and finding.text.endswith("at most 9.")
    assert finding.advice == "do so when you train, or leave this method out of --methods"


def test_images_are_compared_with_free_memory():
    arrays = datasets.find("digits").load()
    (finding,) = dry_run.check_image_memory(arrays, GB)
    text = "1,797 images of 16 x 16 x 1 take 0.92 MB of 1.0 GB of free memory"
    assert (finding.level, finding.text) == ("ok", text)
    (finding,) = dry_run.check_image_memory(arrays, 1_000_000)
    assert finding.level == "warning" and "--image_size" in finding.advice


def test_other_running_programs(monkeypatch):
    monkeypatch.setattr(dry_run.cpu, "usable", lambda: (0, 1, 2, 3))
    for load, levels in ((1.9, []), (2.1, ["note"])):
        monkeypatch.setattr(dry_run.os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert [finding.level for finding in dry_run.check_load()] == levels


# --- Processes ------------------------------------------------------------------------------------


def test_steps_are_run_by_a_process_that_leaves_no_files(archives, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    given = {"dataset": archives, "width": 4, "batch_size": 8, "max_steps": 90}
    measured = dry_run.measure_steps("supervised", given)
    assert measured["steps"] == 90 and measured["evaluation_interval"] >= 50
    (stage,) = measured["stages"]
    assert stage["steps"] == 90 and 2 <= len(stage["seconds"]) <= 20
    assert 0 < min(stage["seconds"]) <= max(stage["seconds"]) < measured["first"]
    assert measured["evaluation"] > 0 and measured["peak_memory"] > 10**8
    assert not list((tmp_path / "here").iterdir())


def test_steps_of_every_stage_are_run(monkeypatch):
    """Each stage has a first step, which traces, and two that are timed; its batches begin with it."""
    done, state = [], {}

    def make_train_function():
        stage = state["stage"]
        return lambda batches: done.append((stage, next(batches))) or {"loss": 0.0}

    method = types.SimpleNamespace(
        begin=lambda *images: done.append("begun"),
        stages=lambda: {"plain": 0, "train": 30},
        task=types.SimpleNamespace(steps=40),
        step=types.SimpleNamespace(assign=lambda step: state.update(step=step)),
        set_stage=lambda step: state.update(stage="train" if step >= 30 else "plain"),
        make_train_function=make_train_function,
    )
    monkeypatch.setattr(build, "build", lambda settings: types.SimpleNamespace(method=method))
    monkeypatch.setattr(build, "batches", lambda run, start: itertools.count(state["step"]))
    monkeypatch.setattr(loop, "evaluation_interval", lambda task: 10)
    monkeypatch.setattr(unlabeled_images, "initial_images", lambda run: None)
    monkeypatch.setattr(dry_run, "_time_evaluation", lambda run: 0.0)
    monkeypatch.setattr(dry_run, "TIMED_STEPS", (2, 2))
    measured = dry_run.run_steps(None)
    assert done == ["begun", *(("plain", k) for k in (0, 1, 2)),
                    *(("train", k) for k in (30, 31, 32))]  # fmt: skip
    assert [stage["steps"] for stage in measured["stages"]] == [30, 10]
    assert [len(stage["seconds"]) for stage in measured["stages"]] == [2, 2]


def test_a_run_that_cannot_be_built(archives):
    with pytest.raises(errors.UserError, match="supervised: its steps fail: .*--labels=0"):
        dry_run.measure_steps("supervised", {"dataset": archives, "labels": 0})


def test_a_process_does_not_join_a_cluster(archives, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "{\\"cluster\\": \\"$TF_CONFIG\\"}"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setenv("TF_CONFIG", "three hosts")
    assert dry_run.measure_steps("frgan", {"dataset": archives}) == {"cluster": ""}


def test_a_process_that_is_killed(archives, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(errors.UserError, match="frgan: its process was killed by SIGKILL"):
        dry_run.measure_steps("frgan", {"dataset": archives})


def test_peak_memory_is_not_that_of_the_parent_process():
    ballast = np.ones(2**26)  # half a gigabyte, which getrusage would include
    code = "from tf_ssgan.diagnostics import dry_run; print(dry_run.peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 10**7 < int(done.stdout) < ballast.nbytes / 2, done.stderr


def test_without_proc_getrusage_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr(dry_run, "_STATUS", tmp_path / "none")
    assert dry_run.peak_memory() > 10**8
