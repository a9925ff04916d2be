"""TensorBoard's events: written, or left out with one line if that is not possible."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.training import events
from tf_ssgan.training.workdir import Workdir


@pytest.fixture(autouse=True)
def asked_anew():
    events.is_available.cache_clear()
    yield
    events.is_available.cache_clear()


def write_all(workdir):
    writer = events.evaluation_writer(workdir)
    with writer.as_default(step=3):
        events.scalar("a", 1.0, description="one")
        events.image("b", np.zeros((1, 4, 4, 1), np.uint8))
        events.histogram("c", [1, 2], buckets=2)
        events.hparams({"rate": 0.1})
    writer.close()


def test_events_are_written(tmp_path, capsys):
    workdir = Workdir(tmp_path)
    write_all(workdir)
    (file,) = workdir.tensorboard.iterdir()
    found = [v.tag for e in tf.compat.v1.train.summary_iterator(str(file)) for v in e.summary.value]
    assert found == ["a", "b", "c", "_hparams_/session_start_info"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("module", ["tensorboard.summary", "tensorboard.plugins.hparams"])
def test_without_tensorboard_nothing_is_written_and_said_once(
    tmp_path, capsys, monkeypatch, module
):
    monkeypatch.setitem(sys.modules, module, None)
    write_all(Workdir(tmp_path))
    write_all(Workdir(tmp_path))
    assert not list(tmp_path.iterdir())
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("TensorBoard cannot be imported (") and "metrics.jsonl" in line


def test_a_folder_that_cannot_be_written_is_said(tmp_path, capsys):
    workdir = Workdir(tmp_path)
    workdir.tensorboard.write_text("a file")
    write_all(workdir)
    assert workdir.tensorboard.read_text() == "a file"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"TensorBoard's events cannot be written to {workdir.tensorboard} (")
