"""Kills and signals: an interrupted run ends with the same bits as an uninterrupted one."""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys

import pytest
import tensorflow as tf
from support.programs import python_path

from flags import program
from tf_ssgan.common import errors
from tf_ssgan.metrics import classification
from tf_ssgan.training import build, callbacks, loop, manifests

pytestmark = pytest.mark.xdist_group("finished run")
ROOT = pathlib.Path(__file__).parents[2]


def assert_stopped_and_saved(end):
    assert "Traceback" not in end.err + end.out
    assert "Stopped and saved; the same command continues." in end.err


def test_sigterm_during_the_first_compile(interrupted):
    end = interrupted["compile"]
    assert end.status == 143
    assert_stopped_and_saved(end)
    assert end.steps == [1]


def test_kill_9_leaves_complete_checkpoints_and_the_same_command_continues(interrupted):
    assert interrupted["kill"].status == -signal.SIGKILL
    newest = interrupted["kill"].steps[-1]
    assert newest >= 73 and newest % 73 == 0
    assert f"Continuing from step {newest} of 380." in interrupted["evaluation"].out


def test_sigterm_in_an_evaluation_keeps_the_steps_before_it(interrupted):
    end = interrupted["evaluation"]
    assert end.status == 143
    assert_stopped_and_saved(end)
    assert end.steps[-1] == interrupted["kill"].steps[-1] + 73


def test_ctrl_c_once_saves_after_the_step(interrupted):
    end = interrupted["ctrl-c"]
    assert end.status == 130
    assert_stopped_and_saved(end)
    assert end.steps[-1] == interrupted["evaluation"].steps[-1] + 9


def test_ctrl_c_twice_leaves_at_once_and_harms_nothing(interrupted):
    end = interrupted["ctrl-c twice"]
    assert end.status == -signal.SIGINT
    assert "Traceback" not in end.err + end.out and "saved" not in end.err
    assert end.steps == interrupted["ctrl-c"].steps


def test_an_interrupted_run_writes_the_curves_of_an_uninterrupted_one(
    finished, interrupted, curves
):
    assert interrupted["nothing"].status == 0, interrupted["nothing"].err
    assert [line["step"] for line in curves(finished)] == [73, 146, 219, 292, 365, 380]
    assert curves(interrupted["workdir"]) == curves(finished)


def test_an_interrupted_run_ends_with_the_bits_of_an_uninterrupted_one(finished, interrupted):
    one, two = (
        tf.train.load_checkpoint(str(folder / "checkpoints" / "step-0000000380" / "state"))
        for folder in (finished, interrupted["workdir"])
    )
    names = [n for n in one.get_variable_to_shape_map() if n != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    assert len(names) > 50
    assert set(two.get_variable_to_shape_map()) >= set(names)
    differing = [n for n in names if one.get_tensor(n).tobytes() != two.get_tensor(n).tobytes()]
    assert not differing


def test_an_interrupted_run_reports_the_result_of_an_uninterrupted_one(finished, interrupted):
    one, two = (json.loads((f / "result.json").read_text())
                for f in (finished, interrupted["workdir"]))  # fmt: skip
    timed = ("seconds", "images_per_second", "waiting_percent")
    assert {k: v for k, v in one.items() if k not in timed} == {
        k: v for k, v in two.items() if k not in timed
    }


@pytest.mark.parametrize("step", [1, 3, 5, 9])
def test_sigterm_in_training_saves_after_the_step_and_costs_no_line(
    toy, tmp_path, monkeypatch, capsys, curves, step
):
    """At the end of an interval (3, 9) the evaluation is still to come."""
    expected = toy.curves
    with (
        monkeypatch.context() as patch,
        pytest.raises(SystemExit) as exited,
        program.exit_on_user_error(),
    ):
        run = toy.run(tmp_path / "run")
        original = callbacks.DivergenceGuard.on_train_batch_end

        def interrupted(guard, batch, logs=None):
            if int(run.method.step.numpy()) == step:
                signal.raise_signal(signal.SIGTERM)
            original(guard, batch, logs)

        patch.setattr(callbacks.DivergenceGuard, "on_train_batch_end", interrupted)
        loop.train(run)
    assert exited.value.code == 143
    assert "Stopped and saved" in capsys.readouterr().err
    assert build.restore(toy.run(tmp_path / "run"))["step"] == step
    loop.train(toy.run(tmp_path / "run"))
    assert curves(tmp_path / "run") == expected


@pytest.mark.parametrize("call, stopped_at", [(1, 3), (5, 6), (9, 9), (13, 9)])
def test_a_signal_in_any_evaluation_costs_no_line(
    toy, tmp_path, monkeypatch, curves, call, stopped_at
):
    """Four evaluations per interval (two sets, two networks) and one at the end of the run."""
    expected = toy.curves
    original, calls = classification.evaluate, []

    def evaluate(*args):
        calls.append(args)
        if len(calls) == call:
            signal.raise_signal(signal.SIGTERM)
        return original(*args)

    monkeypatch.setattr(classification, "evaluate", evaluate)
    with pytest.raises(errors.Interrupted) as stopped:
        loop.train(toy.run(tmp_path / "run"))
    assert stopped.value.status == 143
    run = toy.run(tmp_path / "run")
    assert build.restore(run)["step"] == stopped_at
    result = loop.train(toy.run(tmp_path / "run"))
    assert result["steps"] == 9
    assert curves(tmp_path / "run") == expected


def test_signal_handlers_are_restored_after_a_run(toy, tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    loop.train(toy.run(tmp_path / "run"))
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


LONG = ["--method=supervised", "--dataset=digits", "--max_steps=50000", "--precision=float32"]


@pytest.mark.slow
def test_a_terminal_that_is_closed_saves_the_run(tmp_path):
    workdir = tmp_path / "run"
    child, master = pty.fork()
    if not child:
        os.chdir(ROOT)
        os.environ |= {"PYTHONPATH": python_path(ROOT), "CUDA_VISIBLE_DEVICES": ""}
        os.execv(sys.executable, [sys.executable, "train_main.py", *LONG, f"--workdir={workdir}"])
    seen = b""
    while b"step 54:" not in seen:
        seen += os.read(master, 10_000)
    os.close(master)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 128 + signal.SIGHUP
    (*_, newest) = sorted((workdir / "checkpoints").iterdir())
    assert manifests.verified(newest)["step"] >= 54


@pytest.mark.slow
def test_a_reader_that_leaves_stops_and_saves_the_run(tmp_path):
    variables = {"PYTHONPATH": python_path(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.Popen(
        [sys.executable, "train_main.py", *LONG, f"--workdir={tmp_path}/run"], cwd=ROOT, text=True,
        env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while "step 54:" not in process.stdout.readline():
        pass
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=60) == 141
    assert said.endswith("\nStopped and saved; the same command continues.\n")
    assert "Traceback" not in said and "Cannot write" not in said
    (*_, newest) = sorted((tmp_path / "run/checkpoints").iterdir())
    assert manifests.verified(newest)["step"] >= 54
