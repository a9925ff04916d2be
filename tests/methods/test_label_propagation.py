"""Label propagation: both steps in NumPy, looks by hand, schedules, refusals and recipes."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from support import toy_looks, toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import label_propagation
from tf_ssgan.nn import layers
from tf_ssgan.training import config


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("label_propagation", dropout=0.0, width=4)


@pytest.fixture
def method(toy, monkeypatch):
    toy.load(toy.start)
    monkeypatch.setattr(toy.method, "hp", toy.method.hp)
    toy.method.set_stage(0)
    return toy.method


def recorded(method, batch, monkeypatch):
    """The scalars of a step that moves nothing, and its loss."""
    found = []
    monkeypatch.setattr(method.c, "minimize", lambda loss, tape: found.append(float(loss)))
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    return logs, *found


def cross_entropies(method, images, labels):
    with layers.frozen_statistics():
        logits = method.classifier(images, training=True)["logits"]
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float64)).numpy()
    return -log_p[np.arange(len(labels)), labels]


def half_squares(method):
    return 0.5 * sum(np.sum(v.numpy() ** 2.0) for v in method.classifier.trainable_variables)


def test_the_warm_up_is_the_cross_entropy_of_labels_alone(toy, method, monkeypatch):
    assert method.stages() == {"warm_up": 0, "train": 2}  # 12 labels, 8 a step
    batch = next(toy.batches())
    x, y = batch["labeled"]["image"], batch["labeled"]["label"].numpy()
    assert list(batch) == ["labeled"] and len(y) == 8
    logs, loss = recorded(method, batch, monkeypatch)
    expected = np.mean(cross_entropies(method, x, y))
    assert logs == {"labeled": pytest.approx(expected, rel=1e-5)}
    assert loss == pytest.approx(expected + 2e-4 * half_squares(method), rel=1e-5)


def test_the_whole_loss_is_that_of_the_paper(toy, method, monkeypatch):
    """1/B sum of certainty (class weight) CE over labeled images and those with pseudo-labels."""
    method.propagated.assign(np.arange(40) * 7 % 3)
    method.certainty.assign(np.linspace(0, 1, 40))
    method.class_weights.assign([0.5, 1.0, 2.0])
    method.set_stage(2)
    method.step.assign(2)
    batch = next(toy.batches(2))
    y, index = batch["labeled"]["label"].numpy(), batch["unlabeled"]["index"].numpy()
    assert len(y) == len(index) == 4
    labels = np.concatenate([y, index * 7 % 3])
    certainty = np.concatenate([np.ones(4), index / 39])
    images = tf.concat([batch[name]["image"] for name in ("labeled", "unlabeled")], 0)
    terms = certainty * np.array([0.5, 1, 2])[labels] * cross_entropies(method, images, labels)
    logs, loss = recorded(method, batch, monkeypatch)
    expected = {"labeled": terms[:4].mean(), "propagated": terms[4:].mean()}
    assert logs == pytest.approx(expected | {"certainty": np.mean(index / 39)}, rel=1e-5)
    assert loss == pytest.approx(terms.sum() / 8 + 2e-4 * half_squares(method), rel=1e-5)


def look(method, features):
    method.set_stage(2)
    method.look_at_pools(toy_looks.GivenLook(method, features=features))


def test_labels_spread_within_clusters(method):
    """Three directions of features, those of the classes; twelve images have labels."""
    truth = toy_methods.images()[1]
    noise = np.random.default_rng(0).normal(0, 0.05, (40, 3))
    look(method, np.eye(3)[truth] + noise)
    np.testing.assert_array_equal(method.propagated, truth)
    certainty = method.certainty.numpy()
    assert (certainty[: toy_methods.LABELED] == 1).all() and certainty.min() > 0.9
    counts = np.bincount(truth)
    np.testing.assert_allclose(method.class_weights, 40 / 3 / counts, rtol=1e-6)


def test_a_look_is_the_equations_of_the_paper(method):
    """A dense solve in float64, from the features that a random network would give."""
    features = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    a = np.zeros((40, 40))
    for row, near in enumerate(np.argsort(-cosines, axis=1)[:, :5]):
        a[row, near] = cosines[row, near] ** 3
    w = a + a.T
    scale = 1 / np.sqrt(w.sum(axis=1))
    matrix = np.eye(40) - 0.99 * scale[:, None] * w * scale
    y = np.zeros((40, 3))
    labels = np.arange(12) % 3
    y[np.arange(12), labels] = 1 / 4
    z = np.maximum(np.linalg.solve(matrix, y), 0)
    p = z / z.sum(axis=1, keepdims=True)
    entropy = -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1)
    certainty = 1 - entropy / math.log(3)
    certainty /= certainty.max()
    look(method, features)
    np.testing.assert_array_equal(method.propagated[12:], p.argmax(axis=1)[12:])
    np.testing.assert_array_equal(method.propagated[:12], labels)
    # Twenty steps of conjugate gradients are not the solution yet.
    np.testing.assert_allclose(method.certainty[12:], certainty[12:], atol=0.02)


def test_there_is_no_look_in_the_warm_up(method):
    nothing = lambda network: pytest.fail("nothing is predicted")  # noqa: E731
    method.look_at_pools(toy_looks.GivenLook(method, features=nothing))


def test_features_have_length_1(method):
    features = method.classifier(toy_methods.centered(toy_methods.images(5)[0]))["features"]
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)


def test_the_cosine_begins_anew_after_the_warm_up(method):
    method.hp = dataclasses.replace(method.hp, annealing=1.0)
    rates = []
    for step in (0, 1, 2, 7, 11):
        method.set_stage(step)
        method.step.assign(step)
        rates.append(float(method.rate()) / method.hp.learning_rate)
    expected = [1, 0.5, 1, 0.5, 0.5 * (1 + math.cos(math.pi * 0.9))]
    assert rates == pytest.approx(expected, rel=1e-5)


def test_steps_without_an_unlabeled_image_are_refused():
    with pytest.raises(
        errors.UserError, match="--labeled_per_batch=100: expected fewer than --batch_"
    ):
        label_propagation.HParams(labeled_per_batch=100)


def test_weights_of_classes_are_refused():
    with pytest.raises(errors.UserError, match="balances classes by a rule of its own"):
        config.configure("label_propagation", "digits", class_weight="balanced")


def test_the_recipes_are_those_of_the_public_code():
    ten, hundred = (
        config.configure("label_propagation", d).hparams for d in ("cifar10", "cifar100")
    )
    assert (ten.batch_size, ten.labeled_share, ten.learning_rate) == (100, 50, 0.05)
    assert (hundred.batch_size, hundred.labeled_per_batch, hundred.learning_rate) == (128, 31, 0.2)
    assert ten.unlabeled_examples == 50 and hundred.unlabeled_examples == 97
    for hp in (ten, hundred):
        assert (hp.weight_decay, hp.neighbors, hp.graph_weight) == (2e-4, 50, 0.99)
        assert hp.annealing == pytest.approx(180 / 210) and hp.warm_up_epochs == 180
    assert 180 * ten.labeled_pass(4000) == 7200  # steps of the warm-up, of 100 labels
