"""Folders that hold another run, other files or another process, or that are not writable."""

import json
import os
import subprocess
import sys

import pytest

from export import export_main
from flags import program
from tf_ssgan.common import errors
from tf_ssgan.common.version import __version__
from tf_ssgan.evaluation import options
from tf_ssgan.reports import finished_runs
from tf_ssgan.training import build, first_lines, loop, precheck
from tf_ssgan.training.workdir import Workdir

pytestmark = pytest.mark.xdist_group("finished run")


def refusal(do, *args):
    with pytest.raises(errors.UserError) as caught:
        do(*args)
    assert caught.value.status == 2 and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def without_config(copied):
    """A copy of the finished run without config.json, so that only checkpoints identify it."""
    (copied / "config.json").unlink()
    return copied


@pytest.mark.parametrize(
    "other, text",
    [
        ({"method": "supervised"}, "method is frgan there and supervised here"),
        ({"labels": 60}, "labels is 50 there and 60 here"),
        ({"split_seed": 3}, "split_seed is 0 there and 3 here"),
        ({"learning_rate": 0.002}, "learning_rate is 0.001 there and 0.002 here"),
        ({"gen_loss": "fm", "width": 5}, "gen_loss is log there and fm here"),
        ({"gen_loss": "fm", "width": 5}, "width is 4 there and 5 here"),
    ],
)
def test_the_folder_of_another_run_is_refused(copied, settings, monkeypatch, other, text):
    monkeypatch.setattr(build, "build", None)  # nothing is built before the answer
    before = sorted((p, p.stat().st_mtime_ns) for p in copied.rglob("*") if p.name != "lock")
    assert text in refusal(loop.run, settings(copied, **other))
    assert before == sorted((p, p.stat().st_mtime_ns) for p in copied.rglob("*")
                            if p.name != "lock")  # fmt: skip


@pytest.mark.parametrize(
    "other, parts",
    [
        ({"method": "supervised"}, ["method is frgan there and supervised here"]),
        ({"labels": 60}, ["labels is 50 there and 60 here"]),
        ({"learning_rate": 0.002}, ["learning_rate is 0.001 there and 0.002 here"]),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(without_config, settings, other, parts):
    message = refusal(build.build, settings(without_config, **other))
    assert all(part in message for part in parts)


def test_a_checkpoint_of_other_classes_is_refused(squares, toy, tmp_path, monkeypatch):
    """The flags and numbers of images are the same, but the folder holds other images."""
    monkeypatch.undo()
    dataset = squares(tmp_path / "data")
    flags_of_both = dict(labels=0, validation=0)
    settings = toy.settings(tmp_path / "run", dataset=dataset, **flags_of_both)
    run = build.build(settings)
    run.workdir.path.mkdir()
    loop._save(run, 0.0)
    squares(tmp_path / "data", classes=4)
    assert "images or labels changed" in refusal(build.build, settings)
    run.workdir.keep_data_record(run.data_record)
    message = refusal(build.build, settings)
    assert "training images relabeled" in message and "the class 3 is new" in message
    squares(tmp_path / "data", size=16)
    message = refusal(build.build, settings)
    assert "they are 16 x 16 pixels in gray and were 8 x 8 pixels in gray" in message


def test_another_number_of_replicas_is_allowed(copied, settings, capsys):
    run = build.build(settings(copied, devices=2))
    manifest = build.restore(run)
    assert (manifest["step"], manifest["replicas"]) == (380, 1)
    assert int(run.method.step.numpy()) == 380
    first_lines.print_summary(run, manifest)
    assert "The run was on 1 replicas and continues on 2" in capsys.readouterr().out


def test_a_second_process_is_refused(copied, settings):
    holder = (
        "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", holder, str(copied / "lock")],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdout.readline() == b"held\n"
        message = refusal(loop.run, settings(copied))
        process.kill()
    assert "Another process uses" in message
    assert loop.run(settings(copied))["steps"] == 380  # the lock ended with the process


def test_two_runs_of_one_process_cannot_share_a_folder(tmp_path):
    with Workdir(tmp_path).locked(), pytest.raises(errors.UserError, match="Another process"):
        with Workdir(tmp_path).locked():
            pass


@pytest.mark.parametrize("name", ["metrics.jsonl", "result.json", "checkpoints/x", "run.flags"])
def test_a_folder_with_files_of_the_same_names_is_refused_untouched(toy, tmp_path, name):
    (tmp_path / "run" / name).parent.mkdir(parents=True)
    (tmp_path / "run" / name).write_text('{"somebody": "else"}\n')
    message = refusal(loop.run, toy.settings(tmp_path / "run"))
    assert name.split("/")[0] in message and "--workdir" in message
    assert (tmp_path / "run" / name).read_text() == '{"somebody": "else"}\n'


def test_a_folder_with_other_files_keeps_them_all(toy, tmp_path):
    kept = {"notes.txt": "mine", "deep/er/data.npz": "mine too", "x.partial": "and this"}
    for name, text in kept.items():
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).write_text(text)
    assert loop.run(toy.settings(tmp_path / "run"))["steps"] == 9
    assert {name: (tmp_path / "run" / name).read_text() for name in kept} == kept


def test_a_damaged_config_is_refused(copied, settings):
    (copied / "config.json").write_text("{")
    assert "config.json is damaged" in refusal(loop.run, settings(copied))


@pytest.mark.parametrize("stated", [None, "0.1.0", "9.9.9"])
def test_a_run_of_another_version_is_refused_in_one_sentence(copied, settings, stated):
    """Runs of version 0.1.0 did not say their version."""
    flags = json.loads((copied / "config.json").read_text())
    assert flags.pop("version") == __version__
    stale = flags if stated is None else flags | {"version": stated}
    (copied / "config.json").write_text(json.dumps(stale))
    sentence = f"holds a run of tf_ssgan {stated or '0.1.0'}, which {__version__} cannot read"
    assert sentence in refusal(loop.run, settings(copied))
    assert sentence in refusal(build.reopen, copied)
    assert sentence in refusal(export_main.export_run, copied, copied.parent / "served")
    assert sentence in refusal(options.check, options.EvaluateOptions(str(copied), generator=True))
    assert sentence in str(finished_runs.read_runs([copied.parent]).left_out)


@pytest.mark.parametrize("below", ["", "/run", "/a/b/c"])
def test_a_workdir_that_is_a_file_or_below_one(tmp_path, settings, below):
    (tmp_path / "file").write_text("mine")
    workdir = f"{tmp_path}/file{below}"
    assert "is a file" in refusal(precheck.check_run, {"workdir": workdir})
    assert "cannot be used" in refusal(loop.run, settings(workdir))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_workdir_that_is_not_writable(tmp_path, settings, monkeypatch):
    (tmp_path / "run").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: path != tmp_path / "run")
        assert "is not writable" in refusal(precheck.check_run, {"workdir": str(tmp_path / "run")})
    (tmp_path / "run" / "lock").mkdir()  # even root cannot open it as a file
    assert "is a folder, but a file of this name" in refusal(loop.run, settings(tmp_path / "run"))


def test_a_workdir_whose_name_is_too_long(tmp_path, settings):
    workdir = f"{tmp_path}/{'a' * 300}/run"
    said = refusal(precheck.check_run, {"workdir": workdir})
    assert "File name too long" in said
    assert "File name too long" in refusal(loop.run, settings(workdir))


def test_a_refusal_ends_a_program_with_status_2(copied, settings, capsys):
    with pytest.raises(SystemExit) as exited, program.exit_on_user_error():
        loop.run(settings(copied, learning_rate=0.5))
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
