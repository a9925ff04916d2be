"""SPCTN: its loss by hand, what has no gradient, its clusters, its networks and its recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.methods import spctn
from tf_ssgan.training import config

# The largest probabilities are .909443, .786986 and .858981; the classes are 0, 1 and 0.
LOGITS = [[3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [2.5, 0.0, 0.0]]
OWN = [0.094923, 0.239545, 0.152008]  # their cross-entropies
VECTORS = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
LABELED_VECTORS = [[0.0, 1.0], [0.8, 0.6]]  # of classes 1 and 2
CLOSENESS = [1.0, 1.0, 0.449329]  # exp(-.8), for means [1, 0] and [0, 1]


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("spctn", network="wrn_plain")


@pytest.fixture()
def method(toy, monkeypatch):
    """At its start; the embedding of features [a, b, ...] is [a, b, 0, ...] of length 1."""
    made = scripted_outputs.reset(toy, monkeypatch)
    kernel, bias = made.embedding.weights
    kernel.assign(np.eye(*kernel.shape) * ([1.0, 1.0] + [0.0] * (kernel.shape[1] - 2)))
    bias.assign(tf.zeros_like(bias))
    means = np.zeros((3, 64), np.float32)
    means[0, 0] = means[1, 1] = 1.0
    made.means.assign(means)
    return made


def script(method):
    """Replaces the network's outputs, and keeps the weights; what a step minimizes is captured."""
    padded = [np.pad(np.float32(v), ((0, 0), (0, 14))) for v in (LABELED_VECTORS, VECTORS)]
    rows = {"labeled": scripted_outputs.LABELED_LOGITS, "unlabeled": LOGITS}
    logits = {k: tf.Variable(v) for k, v in rows.items()}
    features = {k: tf.Variable(v) for k, v in zip(rows, padded, strict=True)}
    captured = {}

    def minimize(loss, tape):
        captured["loss"] = float(loss)
        sources = {"logits": logits["unlabeled"], "features": features["unlabeled"]}
        weights = [v.value for v in method.embedding.trainable_variables]
        captured["gradients"], captured["embedding"] = tape.gradient(loss, (sources, weights))

    method.forward_concat = lambda *_: [
        {"logits": logits[k].value(), "features": features[k].value()} for k in rows
    ]
    method.c.minimize = minimize
    return captured


BATCH = {
    "labeled": {"image": None, "label": scripted_outputs.LABELS},
    "unlabeled": {"image": None},
}


@pytest.mark.parametrize(
    ("share", "threshold", "unsupervised", "pairs", "admitted"),
    [
        (0.2, 0.8, OWN[0] / 3, 0.8, 1 / 3),  # the easiest of three; one pair, linked
        (1.0, 0.5, (OWN[0] + OWN[1] + 0.449329 * OWN[2]) / 3, 0.935089 / 3, 1.0),
        (0.7, 0.9, (OWN[0] + 0.449329 * OWN[2]) / 3, 0.0, 2 / 3),  # no pair
    ],
)
def test_the_whole_loss_by_hand(method, share, threshold, unsupervised, pairs, admitted):
    scripted_outputs.with_hparams(
        method, first_share=share, pair_threshold=threshold, pair_weight=0.5, unlabeled_weight=2.0
    )
    captured = script(method)
    logs = {k: float(v) for k, v in method.train_step(BATCH).items()}
    assert logs == pytest.approx(
        {
            "supervised": scripted_outputs.SUPERVISED,
            "unsupervised": unsupervised,
            "pairs": pairs,
            "admitted": admitted,
            "closeness": np.mean(CLOSENESS),
        },
        abs=1e-5,
    )
    expected = scripted_outputs.SUPERVISED + 2 * unsupervised + 0.5 * pairs
    assert captured["loss"] == pytest.approx(expected, abs=1e-5)


def test_only_admitted_images_teach_and_weights_have_no_gradient(method):
    """d/dl of w CE is w (p - y): what the image weighs is a constant; only pairs move features."""
    scripted_outputs.with_hparams(method, first_share=0.7, pair_weight=0.0)
    captured = script(method)
    method.train_step(BATCH)
    p = tf.nn.softmax(tf.constant(LOGITS)).numpy() - np.eye(3)[[0, 1, 0]]
    expected = p * np.array([1.0, 0.0, CLOSENESS[2]])[:, None] / 3
    np.testing.assert_allclose(captured["gradients"]["logits"], expected, atol=1e-5)
    assert not any(np.any(gradient) for gradient in captured["embedding"])
    assert not np.any(captured["gradients"]["features"])


def test_pairs_train_the_embedding(method):
    scripted_outputs.with_hparams(method, pair_threshold=0.5)
    captured = script(method)
    method.train_step(BATCH)
    assert np.any(captured["embedding"][0]) and np.any(captured["gradients"]["features"])


def test_clusters_move_toward_labeled_and_admitted_images(method):
    """A new mean is that of the batch, later .99 of it stays; one image is admitted at first."""
    script(method)
    method.train_step(BATCH)
    np.testing.assert_allclose(method.means[:, :2], [[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]], atol=1e-6)
    method.means.assign(-tf.ones_like(method.means))
    method.step.assign(5000)  # beyond the ramp: all images are admitted
    method.train_step(BATCH)
    expected = 0.01 * np.array([[0.8, 0.4], [0.0, 1.0], [0.8, 0.6]]) - 0.99
    np.testing.assert_allclose(method.means[:, :2], expected, atol=1e-6)
    np.testing.assert_allclose(method.means[:, 2:], -0.99, atol=1e-6)


def test_a_class_that_does_not_occur_keeps_its_mean(method):
    script(method)
    before = method.means.numpy()
    before[2, 5] = 0.5
    method.means.assign(before)
    labeled = {"image": None, "label": tf.constant([1, 1], tf.int64)}
    method.train_step(BATCH | {"labeled": labeled})
    np.testing.assert_array_equal(method.means[2], before[2])


@pytest.mark.parametrize(("step", "share"), [(0, 0.2), (3, 0.6), (6, 1.0), (9, 1.0)])
def test_the_share_rises_over_the_first_half_of_the_run(method, step, share):
    method.step.assign(step)  # of 12
    assert float(method.share()) == pytest.approx(share)


def test_without_a_ramp_all_are_admitted(method):
    assert float(scripted_outputs.with_hparams(method, share_ramp=0.0).share()) == 1.0


def test_equal_images_have_finite_steps(toy, method):
    batch = next(toy.batches())
    image = batch["unlabeled"]["image"]
    batch["unlabeled"]["image"] = tf.repeat(image[:1], len(image), axis=0)
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    assert np.all(np.isfinite(list(logs.values())))
    assert all(np.all(np.isfinite(v)) for v in (*method.c.variables, method.means))


def test_the_network_has_the_published_width_and_the_embedding_is_not_exported():
    task = toy_methods.task(classes=10, height=32, width=32, channels=3)
    method = spctn.Method(spctn.HParams(), task)
    count = lambda network: sum(int(np.prod(v.shape)) for v in network.trainable_variables)  # noqa: E731
    assert (count(method.classifier), count(method.embedding)) == (3_121_802, 8_256)
    assert len(method.c.variables) == len(method.classifier.trainable_variables) + 2
    assert method.exported_classifier is method.classifier
    assert set(method.classifier.output_names) == {"features", "logits"}


@pytest.mark.parametrize(("flip", "view"), [(True, "flip translated"), (False, "translated")])
def test_views(flip, view):
    hparams = toy_methods.hparams("spctn", network="wrn_plain", flip="yes" if flip else "no")
    streams = spctn.Method(hparams, toy_methods.task()).streams()
    assert {s.pool: s.views for s in streams.values()} == {
        "labeled": {"image": view}, "unlabeled": {"image": view},
    }  # fmt: skip


def test_adam_follows_the_ramps(method):
    """Of 12 steps, the rate rises over 3 and falls over the last 8."""
    method.step.assign(0)
    assert float(method.rate()) == pytest.approx(0.003 * np.exp(-5))
    method.step.assign(4)
    assert (float(method.rate()), float(method.beta_1())) == pytest.approx((0.003, 0.9))
    method.step.assign(8)
    assert float(method.rate()) == pytest.approx(0.003 * np.exp(-12.5 / 4), rel=1e-5)


def test_recipes():
    digits = config.configure("spctn", "digits")
    assert (digits.labels, digits.hparams.network, digits.hparams.width) == (50, "cnn13_bn", 32)
    for dataset, labels in (("svhn", 1000), ("cifar10", 4000), ("cifar100", 10000)):
        settings = config.configure("spctn", dataset)
        assert (settings.labels, settings.epochs, settings.hparams.width) == (labels, 300, 128)
