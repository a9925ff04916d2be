"""Several runs as processes: none is left behind, and one that fails stops no other."""

import json
import pathlib
import sys

import pytest

from tf_ssgan import errors, processes

FAKE = pathlib.Path(__file__).with_name("trained.py")
PROGRAM = processes.PROGRAM


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    monkeypatch.setattr(processes, "PROGRAM", (sys.executable, str(FAKE)))
    monkeypatch.setattr(processes, "LOOK_SECONDS", 0.01)


def runs(folder, *rates, flags=()):
    return [
        processes.Run(folder / f"at{rate}", (f"--workdir={folder / f'at{rate}'}", f"--noise_rate={rate}", *flags))
        for rate in rates
    ]  # fmt: skip


def written(folder, lines, **config):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return processes.Run(folder, ())


def test_the_program_is_that_of_this_checkout():
    assert PROGRAM == (sys.executable, str(pathlib.Path(__file__).parents[1] / "train_main.py"))
    assert pathlib.Path(PROGRAM[1]).exists()


def test_all_are_run_and_their_words_are_kept(tmp_path, capfd):
    some = runs(tmp_path / "new", 0, 0.5)
    assert processes.run_all(some) == {some[0]: 0, some[1]: 0}
    assert [line["step"] for line in some[1].history()] == [2, 4]
    assert some[0].log == tmp_path / "new/at0.log"
    assert some[0].log.read_text().startswith(f"$ {sys.executable} {FAKE} --workdir=")
    shown = capfd.readouterr()
    assert "1 of 2: at0 done, about" in shown.err and "2 of 2: at0.5 done\n" in shown.err
    assert shown.out == ""


def test_a_finished_run_is_started_again_and_not_repeated(tmp_path):
    (run,) = runs(tmp_path, 0)
    for _ in range(2):
        assert processes.run_all([run]) == {run: 0}
    assert len(run.history()) == 2 and "is finished" in run.last_words()


def test_a_failure_stops_no_other_and_its_last_line_is_known(tmp_path, capfd):
    some = runs(tmp_path, 0, 0.3, 0.5, flags=("--fails=0.3",))
    assert list(processes.run_all(some, jobs=2).values()).count(0) == 2
    assert some[1].last_words() == "Stopped at step 2: supervised is nan."
    assert "at0.3 failed with status 3" in capfd.readouterr().err


def test_a_log_that_cannot_be_written_leaves_no_process_behind(tmp_path):
    some = runs(tmp_path, 0, 0.5, flags=("--waits",))
    some[1].log.mkdir()
    with pytest.raises(errors.UserError, match="Cannot write .*at0.5.log: Is a directory"):
        processes.run_all(some, jobs=2)


def test_the_share_of_a_run_is_that_of_its_nearer_end(tmp_path):
    line = {"step": 50, "epoch": 5.0}
    assert written(tmp_path / "a", [line], max_steps=200, epochs=0).share() == 0.25
    assert written(tmp_path / "b", [line], max_steps=200, epochs=10).share() == 0.5
    assert written(tmp_path / "c", [line], max_steps=10, epochs=0).share() == 1
    assert written(tmp_path / "d", [], max_steps=200, epochs=10).share() == 0
    assert written(tmp_path / "e", [line]).share() == 0


def test_nothing_has_been_said_where_there_is_no_log(tmp_path):
    assert processes.Run(tmp_path / "none", ()).last_words() == ""
