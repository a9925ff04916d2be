"""The Pi model: its loss, its two passes, its weight and its recipes."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.methods import pi_model
from tf_ssgan.nn import layers, step_random
from tf_ssgan.training import config

EPOCH = 5  # steps of the toy task
ONE = [[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]]
TWO = [[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]]
DIFFERENCE = 0.006774  # the mean of the squared differences of their probabilities
CROSS_ENTROPY = 0.241311  # of the first row of ONE and label 0


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("pi_model")


@pytest.fixture
def method(toy, monkeypatch):
    monkeypatch.setattr(toy.method, "classifier", toy.method.classifier)
    monkeypatch.setattr(toy.method, "task", toy.method.task)
    return scripted_outputs.reset(toy, monkeypatch)


def long(method, steps=300 * EPOCH, **hparams):
    """The method with a run of 300 epochs and the ramps of the paper."""
    method.task = dataclasses.replace(method.task, steps=steps)
    return scripted_outputs.with_hparams(method, ramp_up=80 / 300, ramp_down=50 / 300, **hparams)


def scripted_step(method, labels, step):
    """A step whose two passes give the logits ONE and TWO.

    Returns:
        What it reports, its loss, and the gradients of the loss in the two logits.
    """
    logits, captured = [tf.Variable(rows) for rows in (ONE, TWO)], {}
    passes = iter(logits)
    method.classifier = lambda images, training: {"logits": next(passes).value()}

    def minimize(loss, tape):
        captured["loss"], captured["gradients"] = float(loss), tape.gradient(loss, logits)

    method.c.minimize = minimize
    method.step.assign(step)
    batch = {"mixed": {"one": None, "two": None, "label": tf.constant(labels, tf.int64)}}
    logs = method.one_step(batch)
    return {k: float(v) for k, v in logs.items()}, captured["loss"], captured["gradients"]


@pytest.mark.parametrize(
    ("step", "weight"),
    [(0, 0.0), (EPOCH - 1, 0.0), (EPOCH, 0.228874), (40 * EPOCH, 8.595150), (80 * EPOCH, 30.0),
     (299 * EPOCH, 30.0)],
)  # fmt: skip
def test_the_weight_rises_over_80_epochs_to_100_times_the_share_of_labels(method, step, weight):
    """12 of 40 images have a label; in the first epoch the weight is 0."""
    method.step.assign(step)
    assert float(long(method).weight()) == pytest.approx(weight, rel=1e-4)


@pytest.mark.parametrize(("steps", "quiet"), [(1500, 5), (50, 5), (49, 4), (20, 2), (9, 0)])
def test_the_time_without_consistency_is_at_most_a_tenth_of_a_short_run(method, steps, quiet):
    long(method, steps)
    weights = []
    for step in range(7):
        method.step.assign(step)
        weights.append(float(method.weight()))
    assert weights[:quiet] == [0.0] * quiet and min(weights[quiet:]) > 0


def test_the_loss_is_worked_by_hand(method):
    """Cross-entropy over the whole batch, half of which has a label, and 30 times the difference."""
    logs, loss, _ = scripted_step(long(method), [0, -1], 100 * EPOCH)
    assert logs["supervised"] == pytest.approx(CROSS_ENTROPY / 2, abs=1e-5)
    assert logs["consistency"] == pytest.approx(DIFFERENCE, abs=1e-6)
    assert loss == pytest.approx(CROSS_ENTROPY / 2 + 30 * DIFFERENCE, abs=1e-4)


def test_without_a_label_in_the_batch_the_consistency_remains(method):
    logs, loss, _ = scripted_step(long(method), [-1, -1], 100 * EPOCH)
    assert logs["supervised"] == 0.0 and loss == pytest.approx(30 * DIFFERENCE, abs=1e-4)


def test_in_the_first_epoch_the_loss_is_that_of_the_labels(method):
    _, loss, (one, two) = scripted_step(long(method), [0, -1], EPOCH - 1)
    assert loss == pytest.approx(CROSS_ENTROPY / 2, abs=1e-5)
    assert np.any(one[0]) and not np.any(one[1]) and not np.any(two)


def test_the_gradient_goes_into_both_passes(method):
    """Through a softmax p, the gradient of the mean of (p - q)^2 is p (d - p d), d = 2 (p - q) / 6."""
    _, _, gradients = scripted_step(long(method), [-1, -1], 100 * EPOCH)
    one, two = (tf.nn.softmax(tf.constant(rows)).numpy() for rows in (ONE, TWO))
    for p, q, gradient in ((one, two, gradients[0]), (two, one, gradients[1])):
        d = 30 * 2 * (p - q) / 6
        expected = p * (d - (p * d).sum(1, keepdims=True))
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_equal_views_differ_by_noise_and_dropout_alone(toy, method):
    batch = next(toy.batches())
    batch["mixed"]["two"] = batch["mixed"]["one"]
    assert float(method.one_step(batch)["consistency"]) > 1e-6
    still = toy_methods.Eager("pi_model", dropout=0.0, image_noise=0.0).method
    assert float(still.one_step(batch)["consistency"]) == 0.0


def test_the_first_pass_records_the_moving_means(toy, method):
    batch = next(toy.batches())
    moving = [v for v in method.classifier.variables if v.name == "moving_mean"]
    with step_random.at(method.task.seed, 0):
        method.classifier(batch["mixed"]["one"], training=True)
    expected = [v.numpy() for v in moving]
    toy.load(toy.start)
    method.one_step(batch)
    assert len(moving) > 1
    for recorded, value in zip(moving, expected, strict=True):
        np.testing.assert_array_equal(recorded, value)


def test_the_second_pass_is_in_training_mode(toy, method):
    """In it, noise and dropout go on, and means are those of the batch."""
    batch = next(toy.batches())
    expected = float(method.one_step(batch)["consistency"])
    toy.load(toy.start)
    with step_random.at(method.task.seed, 0), layers.frozen_statistics():
        one, two = (
            tf.nn.softmax(method.classifier(batch["mixed"][view], training=True)["logits"])
            for view in ("one", "two")
        )
    assert expected == pytest.approx(float(tf.reduce_mean((one - two) ** 2)), rel=1e-5)


def test_the_optimizer_takes_the_rate_and_the_beta_1_of_the_step(toy, method):
    long(method, learning_rate=0.003)
    for epoch, rate, beta_1 in ((40, 0.000859515, 0.9), (150, 0.003, 0.9),
                                (260, 0.001819593, 0.742612)):  # fmt: skip
        method.step.assign(epoch * EPOCH)
        method.one_step(next(toy.batches()))
        assert float(method.c.optimizer.learning_rate) == pytest.approx(rate, rel=1e-4)
        assert float(method.c.optimizer.beta_1) == pytest.approx(beta_1, abs=1e-5)


@pytest.mark.parametrize(
    ("flip", "flips", "shared"),
    [("auto", True, "flip"), ("auto", False, ""), ("yes", False, "flip"), ("no", True, "")],
)
def test_one_flip_serves_both_views(method, flip, flips, shared):
    method.task = dataclasses.replace(method.task, flip=flips)
    (stream,) = scripted_outputs.with_hparams(method, flip=flip).streams().values()
    assert (stream.pool, stream.examples, stream.shared) == ("mixed", 8, shared)
    assert stream.views == {"one": "translated", "two": "translated"} and not stream.distinct


def test_defaults_and_recipes():
    hp = pi_model.HParams()
    assert (hp.batch_size, hp.learning_rate, hp.consistency_weight) == (100, 0.003, 100.0)
    assert (hp.network, hp.width, hp.dropout, hp.image_noise) == ("cnn13", 128, 0.5, 0.15)
    assert (hp.average_decay, hp.moving_decay) == (0.0, 0.0)
    for dataset, labels, normalization in (
        ("svhn", 1000, "per_image"), ("cifar10", 4000, "zca"), ("cifar100", 10_000, "zca"),
    ):  # fmt: skip
        run = config.configure("pi_model", dataset)
        assert (run.labels, run.epochs, run.hparams.moving_decay) == (labels, 300, 0.0)
        assert run.hparams.normalization == normalization
    assert config.configure("pi_model", "svhn", max_steps=5000).hparams.moving_decay == 0.99
    small = config.configure("pi_model", "digits")
    assert (small.labels, small.hparams.moving_decay) == (50, 0.95)
