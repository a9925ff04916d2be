"""The guard against divergence, the metrics log and the saving of checkpoints."""

import math
import types

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from tf_ssgan.common import errors
from tf_ssgan.training import callbacks, metrics_log
from tf_ssgan.training.workdir import Workdir


class Model:
    """The attributes of a method that the callbacks use."""

    def __init__(self, step):
        self.step = types.SimpleNamespace(numpy=lambda: np.int64(step))
        self.task = types.SimpleNamespace(steps_per_epoch=20)
        self.resets = 0

    def mean_scalars(self):
        return {"supervised": 0.5}

    def reset_means(self):
        self.resets += 1

    def waiting_percent(self):
        return 1.25


def make_logger(tmp_path, model, test_images=500):
    writer = tf.summary.create_file_writer(str(tmp_path / "tensorboard"))
    scores = {"test_error": 12.5, "test_error_raw": 15.0, "pseudo_label_right_percent": None}
    logger = callbacks.MetricsLogger(
        Workdir(tmp_path), lambda: scores, lambda: 64.04, test_images, writer
    )
    logger.set_model(model)
    return logger


def make_guard(step):
    guard = callbacks.DivergenceGuard()
    guard.set_model(Model(step))
    return guard


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.1e6, -1.1e6])
def test_a_scalar_that_is_not_finite_or_too_large_stops_the_run(value):
    with pytest.raises(errors.Diverged, match="^Stopped at step 7: generator is "):
        make_guard(8).on_train_batch_end(0, {"supervised": 1.0, "generator": value})


def test_a_step_with_sane_scalars_goes_on():
    make_guard(8).on_train_batch_end(0, {"supervised": 1.0, "generator": -9e5})


def test_signals_are_checked_after_each_step():
    checks = []
    signals = types.SimpleNamespace(check_all_workers=lambda: checks.append("checked"))
    callbacks.SignalCheck(signals).on_train_batch_end(0, {})
    assert checks == ["checked"]


def test_an_evaluation_writes_a_line_and_prints_the_errors(tmp_path, capsys):
    model = Model(50)
    make_logger(tmp_path, model).on_epoch_end(0)
    (line,) = metrics_log.history(tmp_path / "metrics.jsonl")
    assert line.pop("seconds") >= 0
    assert list(line.items()) == [
        ("step", 50), ("epoch", 2.5), ("supervised", 0.5), ("test_error", 12.5),
        ("test_error_raw", 15.0),
        ("pseudo_label_right_percent", None), ("images_per_second", 64.0),
        ("waiting_percent", 1.25),
    ]  # fmt: skip
    assert model.resets == 1
    assert capsys.readouterr().out == (
        "\nstep 50: test_error 12.50 %, test_error_raw 15.00 %, waiting_percent 1.25 %\n"
    )


def test_the_share_of_right_pseudo_labels_is_printed_with_their_number(tmp_path, capsys):
    logger = make_logger(tmp_path, Model(50))
    for step, judged, counted in ((50, 3, " of 3 images"), (60, 100, "")):
        scores = {"pseudo_label_right_percent": 100.0, "pseudo_label_judged": judged}
        logger.set_model(Model(step))
        logger.evaluate = lambda scores=scores: {"test_error": 1.0, "test_error_raw": 1.0} | scores
        logger.on_epoch_end(0)
        printed = capsys.readouterr().out
        assert f"pseudo_label_right_percent 100.00 %{counted}, waiting" in printed
        assert "judged" not in printed
    lines = metrics_log.history(tmp_path / "metrics.jsonl")
    assert [line["pseudo_label_judged"] for line in lines] == [3, 100]


def test_an_error_of_few_images_is_printed_with_their_number(tmp_path, capsys):
    for images, counted in ((1, " of 1 image"), (6, " of 6 images"), (100, "")):
        model = Model(50)
        model.task.held_out = images
        logger = make_logger(tmp_path, model, test_images=images)
        logger.evaluate = lambda: {"validation_error": 16.667, "test_error": 12.5}
        logger.on_epoch_end(0)
        assert (
            f": validation_error 16.67 %{counted}, test_error 12.50 %{counted}, waiting"
            in capsys.readouterr().out
        )


def test_a_bound_is_printed_and_plotted_in_its_unit(tmp_path, capsys):
    for step, images, counted in ((50, 6, " of 6 images"), (60, 100, "")):
        logger = make_logger(tmp_path, Model(step), test_images=images)
        logger.evaluate = lambda: {"test_error": 1.0, "test_error_raw": 1.0, "test_bound": -123.456}
        logger.on_epoch_end(0)
        printed = capsys.readouterr().out
        assert f", test_bound -123.46 nats per image{counted}, waiting_percent" in printed
    logger.evaluate = lambda: {"test_error": 1.0, "test_error_raw": 1.0, "test_bound": None}
    logger.set_model(Model(70))
    logger.on_epoch_end(0)
    assert "bound" not in capsys.readouterr().out
    lines = metrics_log.history(tmp_path / "metrics.jsonl")
    assert [line["test_bound"] for line in lines] == [-123.456, -123.456, None]
    events = event_accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    tag = "evaluation/test_bound"
    assert [event.step for event in events.Tensors(tag)] == [50, 60]
    described = events.SummaryMetadata(tag).summary_description
    assert described.startswith("nats per image")


def test_a_missing_line_is_written_once(tmp_path):
    for _ in range(2):
        model = Model(50)
        make_logger(tmp_path, model).write_missing_line(model)
        assert model.resets == 1
    assert [line["step"] for line in metrics_log.history(tmp_path / "metrics.jsonl")] == [50]


def test_a_checkpoint_is_saved_after_each_interval():
    saved = []
    callback = callbacks.SaveCheckpoint(saved.append)
    model = Model(50)
    callback.set_model(model)
    callback.on_epoch_end(0)
    assert saved == [model]
