"""Temporal ensembling: the average predictions, their correction, and the loss."""

import math

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.methods import temporal_ensembling
from tf_ssgan.training import build, config

PREDICTIONS = ([0.7, 0.3], [0.9, 0.1], [0.2, 0.8])
AVERAGES = ([0.28, 0.12], [0.528, 0.112], [0.3968, 0.3872])  # with a decay of .6
TARGETS = ([0.7, 0.3], [0.825, 0.175], [0.506122, 0.493878])


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("temporal_ensembling")


@pytest.fixture
def method(toy, monkeypatch):
    monkeypatch.setattr(toy.method, "classifier", toy.method.classifier)
    return scripted_outputs.reset(toy, monkeypatch)


def scripted_step(method, index, probabilities, step=0, labels=None):
    """A step at which the network gives these probabilities of the first classes.

    Returns:
        What it reports, its loss, and the gradient of the loss in the logits.
    """
    rows = [[math.log(p) for p in row] + [-1e9] for row in probabilities]
    logits, captured = tf.Variable(rows), {}
    method.classifier = lambda images, training: {"logits": logits.value()}

    def minimize(loss, tape):
        captured["loss"], captured["gradient"] = float(loss), tape.gradient(loss, logits)

    method.c.minimize = minimize
    method.step.assign(step)
    labels = tf.constant([-1] * len(index) if labels is None else labels, tf.int64)
    batch = {"mixed": {"image": None, "index": tf.constant(index, tf.int64), "label": labels}}
    logs = method.one_step(batch)
    return {k: float(v) for k, v in logs.items()}, captured["loss"], captured["gradient"]


def test_an_average_and_its_target_by_hand(method):
    """After each visit of image 7; image 30, between, is another one."""
    for visits, (z, average, target) in enumerate(
        zip(PREDICTIONS, AVERAGES, TARGETS, strict=True), start=1
    ):
        scripted_step(method, [7, 30], [z, [0.5, 0.5]])
        np.testing.assert_allclose(method.ensemble[7], [*average, 0.0], atol=1e-6)
        assert int(method.visits[7]) == visits
        found, known = temporal_ensembling.corrected(
            method.ensemble[7:8], method.visits[7:8], method.hp.prediction_decay
        )
        np.testing.assert_allclose(found, [[*target, 0.0]], atol=1e-6)
        assert known.numpy().tolist() == [1.0]


def test_the_target_is_that_of_earlier_visits(method):
    """At the first visit there is none; at the third it is the average of the first two."""
    last = method.task.steps - 1  # after the ramp
    weight = 30 * 12 / 40
    expected = [0.0, (0.04 + 0.04) / 3, 2 * 0.625**2 / 3]
    for z, difference in zip(PREDICTIONS, expected, strict=True):
        logs, loss, _ = scripted_step(method, [7], [z], last)
        assert logs["consistency"] == pytest.approx(difference, abs=1e-6)
        assert loss == pytest.approx(weight * difference, abs=1e-4)


def test_images_that_were_never_visited_count_in_the_mean_as_nothing(method):
    scripted_step(method, [7], PREDICTIONS[:1])
    logs, _, gradient = scripted_step(method, [7, 8], [PREDICTIONS[1]] * 2, method.task.steps - 1)
    assert logs["consistency"] == pytest.approx(0.08 / 6, abs=1e-6)
    assert np.any(gradient[0]) and not np.any(gradient[1])


def test_the_target_has_no_gradient(method):
    """The gradient is that of a constant: p (d - p d), d = 2 w (p - target) / 3."""
    scripted_step(method, [7], PREDICTIONS[:1])
    _, _, gradient = scripted_step(method, [7], PREDICTIONS[1:2], method.task.steps - 1)
    p, target = np.array([0.9, 0.1, 0.0]), np.array([0.7, 0.3, 0.0])
    d = 2 * 9.0 * (p - target) / 3
    np.testing.assert_allclose(gradient, [p * (d - (p * d).sum())], atol=1e-5)


def test_cross_entropy_is_divided_by_the_whole_batch(method):
    logs, loss, _ = scripted_step(method, [7, 8], PREDICTIONS[:2], labels=[0, -1])
    assert logs["supervised"] == pytest.approx(-math.log(0.7) / 2, abs=1e-6)
    assert loss == pytest.approx(logs["supervised"])


def test_images_that_are_not_in_the_batch_keep_their_averages(method):
    scripted_step(method, [7, 8], PREDICTIONS[:2])
    before = method.ensemble.numpy(), method.visits.numpy()
    scripted_step(method, [8, 20], PREDICTIONS[1:])
    rest = np.setdiff1d(np.arange(40), [8, 20])
    np.testing.assert_array_equal(method.ensemble.numpy()[rest], before[0][rest])
    np.testing.assert_array_equal(method.visits.numpy()[rest], before[1][rest])
    assert method.visits.numpy()[[7, 8, 20]].tolist() == [1, 2, 1]


def test_each_epoch_visits_each_image_once(toy, method):
    toy.run(5)
    assert method.visits.numpy().tolist() == [1] * 40
    toy.run(2, first=5)
    assert int(tf.reduce_sum(method.visits.value)) == 40 + 2 * 8
    ones = method.ensemble.numpy().sum(1) / (1 - 0.6 ** method.visits.numpy())
    np.testing.assert_allclose(ones, np.ones(40), atol=1e-5)  # corrected, they are probabilities


def test_each_epoch_leaves_out_other_images():
    """Of 40, three batches of 12 leave 4."""
    toy = toy_methods.Eager("temporal_ensembling", batch_size=12)
    visits = []
    for epoch in range(2):
        toy.run(3, first=3 * epoch)
        visits.append(toy.method.visits.numpy())
    first, second = visits[0], visits[1] - visits[0]
    assert first.sum() == second.sum() == 36 and max(first.max(), second.max()) == 1
    assert (first == 0).tolist() != (second == 0).tolist()
    unseen = visits[1] == 0
    assert not toy.method.ensemble.numpy()[unseen].any()
    assert toy.method.ensemble.numpy()[~unseen].any(1).all()


def test_an_average_that_forgets_all_is_the_last_prediction():
    z, visits = tf.constant([[0.2, 0.8], [0.0, 0.0]]), tf.constant([4, 0], tf.int64)
    target, known = temporal_ensembling.corrected(z, visits, 0.0)
    np.testing.assert_array_equal(target, z)
    assert known.numpy().tolist() == [1.0, 0.0]


def test_the_averages_are_saved_with_the_state(method):
    ensemble, visits = method.state()["buffers"]
    assert (ensemble.shape, ensemble.dtype) == ((40, 3), tf.float32)
    assert (visits.shape, visits.dtype) == ((40,), tf.int64)
    assert not ensemble.numpy().any() and not visits.numpy().any()


def test_it_reads_all_images_each_at_most_once_a_step_in_one_view(method):
    (stream,) = method.streams().values()
    assert (stream.pool, stream.distinct, stream.views) == ("mixed", True, {"image": "translated"})
    flipped = scripted_outputs.with_hparams(method, flip="yes").streams()["mixed"]
    assert flipped.views == {"image": "flip translated"}


@pytest.mark.parametrize(
    ("dataset", "rate", "weight"),
    [("svhn", 0.001, 30.0), ("cifar10", 0.003, 30.0), ("cifar100", 0.003, 100.0)],
)
def test_recipes(dataset, rate, weight):
    run = config.configure("temporal_ensembling", dataset)
    assert (run.hparams.learning_rate, run.hparams.consistency_weight) == (rate, weight)
    assert (run.epochs, run.hparams.prediction_decay) == (300, 0.6)
    digits = config.configure("temporal_ensembling", "digits")
    assert (digits.max_steps, digits.hparams.width, digits.hparams.moving_decay) == (1500, 32, 0.95)


@pytest.mark.parametrize(
    ("given", "rate", "weight"),
    [
        (dict(noise="uniform", noise_rate=0.2), 0.001, 300.0),
        (dict(noise="uniform", noise_rate=0.49), 0.001, 300.0),
        (dict(noise="uniform", noise_rate=0.5), 0.001, 3000.0),
        (dict(noise="permute"), 0.001, 3000.0),
        (dict(noise="none"), 0.001, 30.0),
        (dict(noise="uniform", noise_rate=0.5, labels=1000), 0.001, 30.0),
        (dict(noise="pair", noise_rate=0.3, consistency_weight=7.0), 0.001, 7.0),
    ],
)
def test_with_all_labels_and_wrong_ones_among_them_the_weight_is_larger(given, rate, weight):
    hp = config.configure("temporal_ensembling", "svhn", **({"labels": -1} | given)).hparams
    assert (hp.learning_rate, hp.consistency_weight) == (rate, weight)


def test_it_learns_from_wrong_labels():
    run = build.build(
        config.configure(
            "temporal_ensembling", "digits", labels=-1, noise="uniform", noise_rate=0.5,
            width=4, max_steps=2, batch_size=50,
        )
    )  # fmt: skip
    logs = run.method.one_step(next(iter(build.batches(run, 0))))
    assert math.isfinite(logs["supervised"]) and run.protocol.wrong > 400
    assert int(tf.reduce_sum(run.method.visits.value)) == 50
