"""The folder of a run, or files in it, vanish while it trains."""

import os
import shutil

import pytest

from tf_ssgan.common import errors
from tf_ssgan.training import build, callbacks, loop, metrics_log


@pytest.fixture
def train_and(toy, tmp_path, monkeypatch):
    """Trains, and does something to the folder after a step; returns the folder."""

    def train(act, step=5):
        workdir, original = tmp_path / "run", callbacks.DivergenceGuard.on_train_batch_end

        def acting(guard, batch, logs=None):
            if int(guard.model.step.numpy()) == step:
                act(workdir)
            original(guard, batch, logs)

        with monkeypatch.context() as patch:
            patch.setattr(callbacks.DivergenceGuard, "on_train_batch_end", acting)
            loop.run(toy.settings(workdir))
        return workdir

    monkeypatch.setattr(
        loop.same_data, "finished_result", lambda workdir, settings: workdir.read_result()
    )
    return train


def replace_by_another(workdir):
    workdir.rename(workdir.with_name("elsewhere"))
    workdir.mkdir()
    (workdir / "letter.txt").touch()


@pytest.mark.parametrize("act, step, words, left", [
    (shutil.rmtree, 5, "run is gone: it was removed", None),  # between two evaluations
    (shutil.rmtree, 9, "run is gone", None),  # before the last one
    (replace_by_another, 6, "run is another folder now", ["letter.txt"]),
])  # fmt: skip
def test_a_folder_that_vanishes_stops_the_run_and_is_not_made_anew(
    train_and, tmp_path, act, step, words, left
):
    with pytest.raises(errors.UserError, match=words) as stopped:
        train_and(act, step)
    assert stopped.value.status == 2 and "cannot be continued" in str(stopped.value)
    found = os.listdir(tmp_path / "run") if (tmp_path / "run").exists() else None
    assert found == left


def test_a_renamed_run_continues_where_it_is(train_and, toy, tmp_path):
    with pytest.raises(errors.UserError, match="Put it back"):
        train_and(lambda workdir: workdir.rename(workdir.with_name("elsewhere")))
    assert build.restore(toy.run(tmp_path / "elsewhere"))["step"] == 3


def test_parts_that_vanish_do_not_stop_the_run(train_and):
    def remove(workdir):
        shutil.rmtree(workdir / "checkpoints")
        shutil.rmtree(workdir / "tensorboard")
        for name in ("metrics.jsonl", "history.csv", "protocol.json"):
            (workdir / name).unlink()

    workdir = train_and(remove)
    assert (workdir / "result.json").exists()
    assert [line["step"] for line in metrics_log.history(workdir / "metrics.jsonl")][-2:] == [6, 9]


def test_metrics_that_vanish_before_the_result_are_said(toy, tmp_path, monkeypatch):
    original = loop.results.conclude

    def conclude(run, *args):
        (tmp_path / "run/metrics.jsonl").unlink()
        return original(run, *args)

    with monkeypatch.context() as patch:
        patch.setattr(loop.results, "conclude", conclude)
        with pytest.raises(errors.UserError, match="metrics.jsonl holds no evaluation any more"):
            loop.train(toy.run(tmp_path / "run"))
    assert loop.train(toy.run(tmp_path / "run"))["steps"] == 9
