"""SDGM: what is generated from what, its exact bound, its settings."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import linear_latents, toy_methods

from tf_ssgan.methods import adgm, sdgm
from tf_ssgan.nn import layers
from tf_ssgan.training import config


@pytest.fixture(scope="module")
def method():
    toy = toy_methods.Eager("sdgm")
    toy.run(3)
    return toy.method


def inputs(seed=0):
    """x, a, z and y of two images with three samples each."""
    numbers = np.random.default_rng(seed)
    x, a, z = (numbers.normal(size=(2, 3, n)).astype(np.float32) for n in (64, 8, 8))
    return x, a, z, np.tile(np.arange(3), [2, 1])


def differs(one, two):
    return any(np.any(one[name] != two[name]) for name in one)


def test_the_image_is_generated_from_a_and_a_not_from_the_image(method):
    x, a, z, y = inputs()
    other_x, other_a, *_ = inputs(1)
    assert differs(method.of_x(a, z, y), method.of_x(other_a, z, y))
    assert not differs(method.of_a(x, z, y), method.of_a(other_x, z, y))
    of_images = toy_methods.Eager("adgm").method
    assert not differs(of_images.of_x(a, z, y), of_images.of_x(other_a, z, y))
    assert differs(of_images.of_a(x, z, y), of_images.of_a(other_x, z, y))


def test_batch_statistics_are_used_and_recorded_in_training_alone(method):
    x, a, z, y = inputs()
    for function, given in ((method.of_a, x), (method.of_x, a)):
        with layers.frozen_statistics():
            assert differs(function(given, z, y, True), function(given, z, y))


def test_images_are_generated_from_the_mean_of_a(method):
    z, y = tf.constant([[0.5] * 8, [-1.0] * 8]), tf.constant([2, 0], tf.int64)
    a = method.of_a(None, z[:, None], y[:, None])["mean"]
    logits = method.of_x(a, z[:, None], y[:, None])["logits"][:, 0]
    expected = tf.reshape(2 * tf.sigmoid(logits) - 1, [2, 8, 8, 1])
    np.testing.assert_allclose(method.generator([z, y]), expected, atol=1e-5)


def test_the_bounds_are_below_the_log_likelihood_and_reach_it(monkeypatch):
    linear_latents.assert_bounds_meet("sdgm", linear_latents.OfLatents, monkeypatch)


def test_its_settings_are_those_of_adgm():
    assert dataclasses.asdict(sdgm.HParams()) == dataclasses.asdict(adgm.HParams())
    svhn = config.configure("sdgm", "svhn")
    assert (svhn.labels, svhn.epochs, svhn.hparams.likelihood) == (1000, 1000, "gaussian")
