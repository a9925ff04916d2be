"""Several runs as processes: none is left behind, and one that fails stops no other."""

import json
import pathlib
import subprocess
import sys

import pytest

from tf_ssgan.common import errors
from tf_ssgan.launch import jobs, scheduler

FAKE = pathlib.Path(__file__).parents[1] / "support" / "fake_train.py"
PROGRAM = jobs.PROGRAM


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, str(FAKE)))
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.01)


def runs(folder, *rates, flags=()):
    return [
        jobs.Job(folder / f"at{rate}", (f"--workdir={folder / f'at{rate}'}", f"--noise_rate={rate}", *flags))
        for rate in rates
    ]  # fmt: skip


def written(folder, lines, **config):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return jobs.Job(folder, ())


def test_the_program_is_that_of_this_checkout():
    assert PROGRAM == (sys.executable, str(pathlib.Path(__file__).parents[2] / "train_main.py"))
    assert pathlib.Path(PROGRAM[1]).exists()


def test_all_are_run_and_their_words_are_kept(tmp_path, capfd):
    some = runs(tmp_path / "new", 0, 0.5)
    assert scheduler.run_all(some) == {some[0]: 0, some[1]: 0}
    assert [line["step"] for line in some[1].history()] == [2, 4]
    assert some[0].log == tmp_path / "new/at0.log"
    assert some[0].log.read_text().startswith(f"$ {sys.executable} {FAKE} --workdir=")
    shown = capfd.readouterr()
    assert "1 of 2: at0 done, about" in shown.err and "2 of 2: at0.5 done\n" in shown.err
    assert shown.out == ""


def starts(run):
    return len((run.workdir / "starts").read_text())


def test_a_finished_run_is_not_started_again(tmp_path, capfd):
    some = runs(tmp_path, 0, 0.5)
    assert scheduler.run_all(some[:1]) == {some[0]: 0}
    assert scheduler.run_all(some) == {some[0]: 0, some[1]: 0}
    assert starts(some[0]) == 1 and "1 of 2 finished before" in capfd.readouterr().err


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
def test_a_result_is_that_of_the_very_flags(tmp_path, changed, finished):
    (run,) = runs(tmp_path, 0, flags=("--max_steps=4",))
    assert not run.finished()
    scheduler.run_all([run])
    names = {word.split("=")[0] for word in changed}
    flags = tuple(f for f in run.flags if f.split("=")[0] not in names) + changed
    assert jobs.Job(run.workdir, flags).finished() is finished


@pytest.mark.parametrize("name", ["config.json", "result.json", "run.flags"])
def test_a_damaged_folder_is_not_finished(tmp_path, name):
    (run,) = runs(tmp_path, 0)
    scheduler.run_all([run])
    (run.workdir / name).write_text("{")
    assert not run.finished()


def test_a_run_of_another_process_is_waited_for(tmp_path):
    """As of one whose sweep was killed: it is neither disturbed nor trained twice."""
    mine, theirs = runs(tmp_path, 0, 0.5)
    scheduler.run_all([theirs])
    theirs.log.unlink()
    kept = theirs.workdir.rename(tmp_path / "kept")
    theirs.workdir.mkdir()
    held = [sys.executable, "-c", HOLDS, str(theirs.workdir), str(kept)]
    with subprocess.Popen(held, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert theirs.busy() and not mine.busy()
        assert scheduler.run_all([theirs, mine], jobs=2) == {mine: 0, theirs: 0}
    assert mine.log.exists() and not theirs.log.exists()


HOLDS = """
import fcntl, shutil, sys, time
lock = open(sys.argv[1] + "/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(0.5)
for name in ("config.json", "run.flags", "result.json", "metrics.jsonl"):
    shutil.copy(sys.argv[2] + "/" + name, sys.argv[1])
"""


def test_a_run_that_another_process_took_first_is_waited_for(tmp_path, monkeypatch):
    """Both were free when they were looked at, and one of the processes found the folder locked."""
    (run,) = runs(tmp_path, 0, flags=("--noise_rate=0",))
    asked = iter([False, True, True, False])
    monkeypatch.setattr(jobs.Job, "busy", lambda self: next(asked, False))
    refusing = runs(tmp_path, 0, flags=("--refuses=0",))[0].command
    ways = iter([refusing, refusing])  # for the log, and to be started
    own = jobs.Job.command.fget
    monkeypatch.setattr(jobs.Job, "command", property(lambda self: next(ways, own(self))))
    assert scheduler.run_all([run]) == {run: 0}
    assert run.log.read_text().count("$ ") == 2


def test_each_of_two_at_once_has_its_own_cores(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(scheduler.cores, "usable", lambda: (0, 1))
    monkeypatch.setattr(scheduler.cores, "confine", lambda process, given: asked.append(given))
    scheduler.run_all(runs(tmp_path, 0, 0.1, 0.2, 0.3), jobs=2)
    assert sorted(asked[:2]) == [(0,), (1,)] and set(asked) == {(0,), (1,)} and len(asked) == 4


def test_a_followup_looks_at_a_run_until_what_it_writes_is_there(tmp_path):
    (tmp_path / "run").mkdir()
    looks = jobs.Followup(
        tmp_path / "run", (str(tmp_path / "run/seen"),), module="tests_touch",
        done=lambda workdir: (workdir / "seen").exists(),
    )  # fmt: skip
    (tmp_path / "tests_touch.py").write_text(
        "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        assert looks.name == "tests_touch-run" and looks.log == tmp_path / "tests_touch-run.log"
        for _ in range(2):
            assert scheduler.run_all([looks]) == {looks: 0}
    assert looks.finished() and looks.log.read_text().count("$ ") == 1


def test_a_failure_stops_no_other_and_its_last_line_is_known(tmp_path, capfd):
    some = runs(tmp_path, 0, 0.3, 0.5, flags=("--fails=0.3",))
    assert list(scheduler.run_all(some, jobs=2).values()).count(0) == 2
    assert some[1].last_words() == "Stopped at step 2: supervised is nan."
    assert "at0.3 failed with status 3" in capfd.readouterr().err


def test_a_log_that_cannot_be_written_leaves_no_process_behind(tmp_path):
    some = runs(tmp_path, 0, 0.5, flags=("--waits",))
    some[1].log.mkdir()
    with pytest.raises(errors.UserError, match="Cannot write .*at0.5.log: Is a directory"):
        scheduler.run_all(some, jobs=2)


def test_the_share_of_a_run_is_that_of_its_nearer_end(tmp_path):
    line = {"step": 50, "epoch": 5.0}
    assert written(tmp_path / "a", [line], max_steps=200, epochs=0).share() == 0.25
    assert written(tmp_path / "b", [line], max_steps=200, epochs=10).share() == 0.5
    assert written(tmp_path / "c", [line], max_steps=10, epochs=0).share() == 1
    assert written(tmp_path / "d", [], max_steps=200, epochs=10).share() == 0
    assert written(tmp_path / "e", [line]).share() == 0


def test_nothing_has_been_said_where_there_is_no_log(tmp_path):
    assert jobs.Job(tmp_path / "none", ()).last_words() == ""
