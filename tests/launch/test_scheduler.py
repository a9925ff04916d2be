"""Several runs as processes: none is left behind, and one that fails stops no other."""

import subprocess
import sys

import pytest
from support.programs import python_path

from tf_ssgan.common import errors
from tf_ssgan.launch import jobs, scheduler
from tf_ssgan.training.workdir import Workdir


def count_starts(job):
    return len((job.workdir / "starts").read_text())


def test_all_are_run_and_their_output_is_kept(tmp_path, make_jobs, fake_program, capfd):
    some = make_jobs(tmp_path / "new", 0, 0.5)
    assert scheduler.run_all(some) == {some[0]: 0, some[1]: 0}
    assert [line["step"] for line in Workdir(some[1].workdir).read_metrics().lines] == [2, 4]
    assert some[0].log == tmp_path / "new/at0.log"
    assert some[0].log.read_text().startswith(f"$ {sys.executable} {fake_program} --workdir=")
    shown = capfd.readouterr()
    assert "1 of 2: at0 done, about" in shown.err and "2 of 2: at0.5 done\n" in shown.err
    assert shown.out == ""


def test_a_finished_run_is_not_started_again(tmp_path, make_jobs, capfd):
    some = make_jobs(tmp_path, 0, 0.5)
    assert scheduler.run_all(some[:1]) == {some[0]: 0}
    assert scheduler.run_all(some) == {some[0]: 0, some[1]: 0}
    assert count_starts(some[0]) == 1 and "1 of 2 finished before" in capfd.readouterr().err


def test_it_waits_for_a_run_of_another_process(tmp_path, make_jobs):
    """Such as a run whose sweep was killed: it is neither disturbed nor trained twice."""
    mine, theirs = make_jobs(tmp_path, 0, 0.5)
    scheduler.run_all([theirs])
    theirs.log.unlink()
    kept = theirs.workdir.rename(tmp_path / "kept")
    theirs.workdir.mkdir()
    command = [sys.executable, "-c", HOLDER, str(theirs.workdir), str(kept)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert theirs.busy() and not mine.busy()
        assert scheduler.run_all([theirs, mine], jobs=2) == {mine: 0, theirs: 0}
    assert mine.log.exists() and not theirs.log.exists()


HOLDER = """
import fcntl, shutil, sys, time
lock = open(sys.argv[1] + "/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(0.5)
for name in ("config.json", "result.json", "metrics.jsonl"):
    shutil.copy(sys.argv[2] + "/" + name, sys.argv[1])
"""


def test_it_waits_for_a_run_that_another_process_took_first(tmp_path, make_jobs, monkeypatch):
    """The run was free when both processes checked, and one of them found the folder locked."""
    (run,) = make_jobs(tmp_path, 0, flags=("--noise_rate=0",))
    answers = iter([False, True, True, False])
    monkeypatch.setattr(jobs.Job, "busy", lambda self: next(answers, False))
    refusing = make_jobs(tmp_path, 0, flags=("--refuses=0",))[0].command
    commands = iter([refusing, refusing])  # for the log, and for the start
    own = jobs.Job.command.fget
    monkeypatch.setattr(jobs.Job, "command", property(lambda self: next(commands, own(self))))
    assert scheduler.run_all([run]) == {run: 0}
    assert run.log.read_text().count("$ ") == 2


def test_each_of_two_at_once_has_its_own_cores(tmp_path, make_jobs, monkeypatch):
    confined = []
    monkeypatch.setattr(scheduler.cpu, "usable", lambda: (0, 1))
    monkeypatch.setattr(scheduler.cpu, "confine", lambda process, cores: confined.append(cores))
    scheduler.run_all(make_jobs(tmp_path, 0, 0.1, 0.2, 0.3), jobs=2)
    assert sorted(confined[:2]) == [(0,), (1,)]
    assert set(confined) == {(0,), (1,)} and len(confined) == 4


def test_a_followup_is_run_until_its_result_exists(tmp_path):
    (tmp_path / "run").mkdir()
    followup = jobs.Followup(
        tmp_path / "run", (str(tmp_path / "run/written"),), module="tests_touch",
        done=lambda workdir: (workdir / "written").exists(),
    )  # fmt: skip
    (tmp_path / "tests_touch.py").write_text(
        "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", python_path(tmp_path))
        assert followup.name == "tests_touch-run"
        assert followup.log == tmp_path / "tests_touch-run.log"
        for _ in range(2):
            assert scheduler.run_all([followup]) == {followup: 0}
    assert followup.finished() and followup.log.read_text().count("$ ") == 1


def test_a_failure_stops_no_other_and_its_last_line_is_known(tmp_path, make_jobs, capfd):
    some = make_jobs(tmp_path, 0, 0.3, 0.5, flags=("--fails=0.3",))
    statuses = scheduler.run_all(some, jobs=2)
    assert list(statuses.values()).count(0) == 2
    last = "Stopped at step 2: supervised is nan."
    assert some[1].last_log_line() == last
    assert "at0.3 failed with status 3" in capfd.readouterr().err
    assert scheduler.report_failures(statuses) == [some[1]]
    text = f"\nat0.3 failed with status 3: {last}\nSee {some[1].log}\n"
    assert capfd.readouterr().err == text


def test_a_log_that_cannot_be_written_leaves_no_process_behind(tmp_path, make_jobs):
    some = make_jobs(tmp_path, 0, 0.5, flags=("--waits",))
    some[1].log.mkdir()
    with pytest.raises(errors.UserError, match="Cannot write .*at0.5.log: Is a directory"):
        scheduler.run_all(some, jobs=2)
