"""FlexMatch: its thresholds and its loss by hand, its memory, its networks and its recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import flexmatch
from tf_ssgan.training import config

INDEX = tf.constant([7, 3, 30], tf.int64)  # the places of the three images in the pool of 40
# .95 / 3 for class 0, which 10 images have, 0 for class 1, .95 for class 2, which 20 have.
LATEST = np.repeat([0, 2, -1], [10, 20, 10])
THRESHOLDS = [0.95 / 3, 0.0, 0.95]


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("flexmatch", threshold=0.95)


@pytest.fixture()
def method(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


def scripted_batch():
    """The batch of scripted outputs, with the places of its unlabeled images."""
    unlabeled = scripted_outputs.BATCH["unlabeled"] | {"index": INDEX}
    return scripted_outputs.BATCH | {"unlabeled": unlabeled}


def scalars(logs):
    return {name: float(value) for name, value in logs.items()}


def test_the_whole_loss_by_hand(method):
    """Weak views: class 0 with .964663, class 0 with .506480, class 2 with .943045."""
    scripted_outputs.with_hparams(method, unlabeled_weight=2.0, weight_decay=0.01)
    captured = scripted_outputs.script_outputs(method)
    method.latest.assign(LATEST)
    np.testing.assert_allclose(method.thresholds(), THRESHOLDS, rtol=1e-6)
    unsupervised = (0.407606 + 1.001943) / 3  # the strong views of the first two images
    assert scalars(method.train_step(scripted_batch())) == pytest.approx(
        {
            "supervised": scripted_outputs.SUPERVISED,
            "unsupervised": unsupervised,
            "selected": 2 / 3,
            "threshold": 0.95 * 4 / 9,
        },
        abs=1e-5,
    )
    kernels = [v for v in method.classifier.trainable_variables if len(v.shape) > 1]
    half = sum(np.square(v.numpy()).sum() for v in kernels) / 2
    expected = scripted_outputs.SUPERVISED + 2 * unsupervised + 0.01 * half
    assert captured["loss"] == pytest.approx(expected, rel=1e-5)
    assert captured["gradients"]["weak"] is None
    strong = captured["gradients"]["strong"].numpy()
    assert np.all(np.any(strong[:2], axis=1)) and not np.any(strong[2])


def test_the_fixed_threshold_decides_what_is_remembered(method):
    """Only the first image is above .95; the second was learned from and is not remembered."""
    scripted_outputs.script_outputs(method)
    method.latest.assign(np.where(LATEST == 0, 2, LATEST))
    method.train_step(scripted_batch())
    expected = np.where(LATEST == 0, 2, LATEST)
    expected[7] = 0
    np.testing.assert_array_equal(method.latest, expected)


def test_the_first_step_has_the_thresholds_before_it_and_learns_from_all_images(method):
    scripted_outputs.script_outputs(method)
    first, second = (scalars(method.train_step(scripted_batch())) for _ in range(2))
    assert (first["selected"], first["threshold"]) == (1.0, 0.0)
    # One of 40 images is remembered: beta is 1 / 39, and the threshold .95 / 77.
    assert second["threshold"] == pytest.approx(0.95 / 77 / 3, rel=1e-5)


def test_predictions_are_aligned_before_they_are_compared_and_remembered():
    """Aligned with a mean of [.96, .02, .02], the first is unsure and the second surely class 1.

    All classes are learned alike, so every threshold is .6.
    """
    made = toy_methods.Eager("flexmatch", threshold=0.6, align_distribution=True)
    method = made.method
    means = method.mean_predictions
    means.assign(np.tile(np.float32([0.96, 0.02, 0.02]), (means.shape[0], 1)))
    captured = scripted_outputs.script_outputs(method)
    aligned = method.aligned(tf.constant(scripted_outputs.WEAK_LOGITS))
    largest = tf.reduce_max(tf.nn.softmax(aligned), axis=1).numpy()
    assert largest == pytest.approx([0.362541, 0.609429, 0.970095], abs=1e-4)
    method.latest.assign(np.repeat([2, 1, 0, -1], [10, 10, 10, 10]))
    logs = scalars(method.train_step(scripted_batch()))
    assert logs["selected"] == pytest.approx(2 / 3)  # as by the plain predictions, but other images
    taught = np.any(captured["gradients"]["strong"].numpy(), axis=1)
    np.testing.assert_array_equal(taught, [False, True, True])
    np.testing.assert_array_equal(tf.gather(method.latest, INDEX), [2, 1, 2])


def test_steps_remember_confident_predictions(toy, method):
    scripted_outputs.with_hparams(method, threshold=0.4)
    batch = next(toy.batches())
    method.one_step(batch)
    seen = np.zeros(toy_methods.UNLABELED, bool)
    seen[batch["unlabeled"]["index"].numpy()] = True
    latest = method.latest.numpy()
    assert np.all(latest[~seen] == -1) and np.any(latest[seen] >= 0) and latest.max() < 3


def test_no_image_is_in_a_step_twice(method):
    streams = method.streams()
    assert streams["unlabeled"].distinct and not streams["labeled"].distinct
    assert set(streams["unlabeled"].views) == {"weak", "strong"}


def test_the_monitor_has_the_thresholds_of_its_time(method):
    (declared,) = method.monitors()
    np.testing.assert_array_equal(declared.threshold(), [0.0, 0.0, 0.0])
    method.latest.assign(LATEST)
    np.testing.assert_allclose(declared.threshold(), THRESHOLDS, rtol=1e-6)
    assert (declared.strict, declared.aligned) == (False, method.aligned)


def test_there_is_no_profile_of_other_authors():
    with pytest.raises(errors.UserError, match="--profile=authors is not one of its values"):
        config.configure("flexmatch", profile="authors")


@pytest.mark.parametrize(
    ("network", "width", "weights"),
    [("cnn13_bn", 128, 3_121_802), ("wrn_leaky", 32, 1_469_642), ("wrn_plain", 32, 1_467_610)],
)
def test_networks(network, width, weights):
    hparams = flexmatch.HParams(network=network, width=width)
    task = toy_methods.task(classes=10, height=32, width=32, channels=3)
    method = flexmatch.Method(hparams, task)
    assert sum(int(np.prod(v.shape)) for v in method.classifier.trainable_variables) == weights


def test_a_step_with_the_other_network():
    made = toy_methods.Eager("flexmatch", network="cnn13_bn")
    (logs,) = made.run(1)
    assert logs["selected"] == 1.0 and logs["unsupervised"] > 0


def test_recipes():
    def settings(dataset, **options):
        return config.configure("flexmatch", dataset, **options)

    digits = settings("digits")
    assert (digits.labels, digits.max_steps, digits.hparams.depth) == (50, 1000, 10)
    assert (digits.hparams.unlabeled_examples, digits.hparams.network) == (200, "wrn_plain")
    cifar100 = settings("cifar100")
    assert (cifar100.labels, cifar100.hparams.weight_decay, cifar100.hparams.width) == (
        10000, 1e-3, 128,
    )  # fmt: skip
    cifar10 = settings("cifar10")
    assert (cifar10.labels, cifar10.hparams.unlabeled_examples) == (4000, 448)
    assert cifar10.hparams.network == "wrn_leaky" and cifar10.hparams.average_decay == 0.999
    assert settings("cifar10", max_steps=1000).hparams.network == "wrn_plain"
