"""Jobs: their commands, and what their folders say about them."""

import dataclasses
import fcntl
import json
import pathlib
import subprocess
import sys

import pytest
from support.file_contents import DIGITS_SHA256, metrics_line

from tf_ssgan.common.version import __version__
from tf_ssgan.launch import jobs

PROGRAM = jobs.PROGRAM


def run_to_end(job):
    subprocess.run(job.command, check=True)


def write_folder(folder, lines, **config):
    folder.mkdir()
    config = {"version": __version__, "method": "frgan", "dataset": "digits"} | config
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return jobs.Job(folder, ())


def test_the_program_is_that_of_this_checkout():
    assert PROGRAM == (sys.executable, str(pathlib.Path(__file__).parents[2] / "train_main.py"))
    assert pathlib.Path(PROGRAM[1]).exists()


def test_a_job_has_a_name_a_command_and_a_log_beside_its_folder(tmp_path, fake_program):
    job = jobs.Job(tmp_path / "runs/one", ("--seed=1",))
    assert job.name == "one" and job.log == tmp_path / "runs/one.log"
    assert job.command == [sys.executable, str(fake_program), "--seed=1"]


@pytest.mark.parametrize(
    ("changed", "finished"),
    [
        ((), True),
        (("--data_dir=elsewhere", "--devices=2", "--workdir=moved"), True),
        (("--max_steps=4",), True),
        (("--max_steps=8",), False),
        (("--noise_rate=0.7",), False),
        (("--width=3",), False),
    ],
)
def test_a_result_belongs_to_exactly_its_flags(tmp_path, make_jobs, changed, finished):
    (job,) = make_jobs(tmp_path, 0, flags=("--max_steps=4",))
    assert not job.finished()
    run_to_end(job)
    names = {word.split("=")[0] for word in changed}
    flags = tuple(f for f in job.flags if f.split("=")[0] not in names) + changed
    assert jobs.Job(job.workdir, flags).finished() is finished


def test_a_result_of_other_data_does_not_count(tmp_path, make_jobs):
    (job,) = make_jobs(tmp_path, 0)
    asked = []

    def on(sha256):
        job_on = dataclasses.replace(job, data=lambda: asked.append(1) or sha256)
        assert job_on == job and hash(job_on) == hash(job)
        return job_on

    assert not on(DIGITS_SHA256).finished() and not asked, "data are read only if it matters"
    run_to_end(job)
    assert on(DIGITS_SHA256).finished()
    assert not on("0" * 64).finished() and not on("").finished()


@pytest.mark.parametrize("name", ["config.json", "result.json"])
def test_a_damaged_folder_is_not_finished(tmp_path, make_jobs, name):
    (job,) = make_jobs(tmp_path, 0)
    run_to_end(job)
    (job.workdir / name).write_text("{")
    assert not job.finished()


def test_a_job_is_busy_while_its_lock_is_held(tmp_path):
    job = jobs.Job(tmp_path, ())
    assert not job.busy()
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert job.busy()
    assert not job.busy()


def test_progress_is_that_towards_the_nearer_end(tmp_path):
    line = metrics_line(50, epoch=5.0)
    assert write_folder(tmp_path / "a", [line], max_steps=200, epochs=0).progress() == 0.25
    assert write_folder(tmp_path / "b", [line], max_steps=200, epochs=10).progress() == 0.5
    assert write_folder(tmp_path / "c", [line], max_steps=10, epochs=0).progress() == 1
    assert write_folder(tmp_path / "d", [], max_steps=200, epochs=10).progress() == 0
    assert write_folder(tmp_path / "e", [line]).progress() == 0


def test_the_last_line_of_a_log_skips_empty_lines(tmp_path):
    job = jobs.Job(tmp_path / "run", ())
    job.log.write_text("first\nlast \n\n  \n")
    assert job.last_log_line() == "last"


def test_without_a_log_the_last_line_is_empty(tmp_path):
    assert jobs.Job(tmp_path / "none", ()).last_log_line() == ""


def test_a_followup_is_finished_when_its_result_exists(tmp_path):
    followup = jobs.Followup(
        tmp_path / "run", ("--a=1",), module="package.tests_touch",
        done=lambda workdir: (workdir / "written").exists(),
    )  # fmt: skip
    assert followup.name == "tests_touch-run" and followup.log == tmp_path / "tests_touch-run.log"
    assert followup.command == [sys.executable, "-m", "package.tests_touch", "--a=1"]
    assert not followup.finished() and followup.progress() == 0
    (tmp_path / "run").mkdir()
    (tmp_path / "run/written").touch()
    assert followup.finished()
