"""A few steps of a run give its time and memory, or the reason why it fails."""

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
    """A data set of random images as npz:DIR."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, count, seed in (("train", 40, 0), ("test", 12, 1)):
        pixels, labels = toy_methods.images(count, seed=seed)
        np.savez(folder / f"{name}.npz", image=pixels, label=labels)
    return f"npz:{folder}"


def finding_of(monkeypatch, dataset="digits", free=10 * GB, **changed):
    measured = {"first": 5.0, "seconds": [0.1, 0.3], "evaluation": 0.0, "steps": 1000,
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
    assert (
        measured["steps"] == 90
        and measured["evaluation_interval"] >= 50
        and 2 <= len(measured["seconds"]) <= 20
    )
    assert 0 < min(measured["seconds"]) <= max(measured["seconds"]) < measured["first"]
    assert measured["evaluation"] > 0 and measured["peak_memory"] > 10**8
    assert not list((tmp_path / "here").iterdir())


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
