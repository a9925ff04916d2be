"""Values of pixels and images of them, by hand, and the unit of their densities."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from support import network_copies

from tf_ssgan.nn import layers, losses, pixels, step_random

STD = (0.2, 0.5)
KINDS = pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])


def images(count=2):
    """Random images of 3x2 pixels and two channels."""
    return pixels.to_float32(
        np.random.default_rng(0).integers(0, 256, (count, 3, 2, 2), dtype=np.uint8)
    )


def test_values_by_hand():
    x = pixels.to_float32(np.array([51, 102], np.uint8).reshape(1, 1, 1, 2))
    np.testing.assert_allclose(layers.PixelValues("bernoulli", STD)(x), [[0.2, 0.4]], rtol=1e-6)
    expected = [[51.5 / 256 / 0.2, 102.5 / 256 / 0.5]]
    np.testing.assert_allclose(layers.PixelValues("gaussian", STD)(x), expected, rtol=1e-6)


@KINDS
def test_images_come_back(likelihood):
    values = layers.PixelValues(likelihood, STD)(images())
    back = layers.PixelImages(likelihood, STD, (3, 2, 2))(values)
    np.testing.assert_allclose(back, images(), atol=1e-5)
    beyond = layers.PixelImages(likelihood, STD, (3, 2, 2))(100 * values - 50)
    assert np.min(beyond) == -1 and np.max(beyond) == 1


@KINDS
def test_values_are_the_means_of_those_that_training_draws(likelihood):
    layer, one = layers.PixelValues(likelihood, STD), images(1)
    many = tf.repeat(one, 4000, axis=0)
    with step_random.at(0, 0):
        drawn, others = layer.drawn(many), layer.drawn(many)
    assert np.any(drawn != others)
    np.testing.assert_allclose(tf.reduce_mean(drawn, 0), layer(one)[0], atol=0.03)


def test_binary_values_are_drawn_and_intensities_are_judged():
    layer = layers.PixelValues("bernoulli", STD)
    with step_random.at(0, 0):
        assert set(np.unique(layer.drawn(images()))) == {0.0, 1.0}
        np.testing.assert_array_equal(layer.judged(images()), pixels.intensities(images()))
    assert layer.log_levels(12) == 0.0


def test_the_judged_density_is_below_the_probability_of_gray_levels():
    """Of a normal pixel the probability of each level is known; Jensen's inequality is tight."""
    layer = layers.PixelValues("gaussian", (0.1,))
    levels = np.array([100, 128, 150], np.uint8)
    x = tf.repeat(pixels.to_float32(levels.reshape(3, 1, 1, 1)), 2000, axis=0)
    mean, deviation = 0.5, 0.1  # of v in [0, 1), which has the levels [256 v]
    with step_random.at(0, 0):
        log_p = losses.gaussian_log_density(layer.judged(x), [[mean / 0.1]], [[0.0]])
    bounds = tf.reduce_mean(tf.reshape(log_p, [3, 2000]), 1) - layer.log_levels(1)
    edges = scipy.stats.norm.cdf([levels / 256, (levels + 1.0) / 256], mean, deviation)
    np.testing.assert_allclose(bounds, np.log(edges[1] - edges[0]), atol=2e-3)


@KINDS
def test_copies_agree(likelihood):
    """The exported network and averages too."""

    def build():
        inputs = keras.Input((3, 2, 2))
        values = layers.PixelValues(likelihood, STD)(inputs)
        values = layers.JoinedDense(12, 1.0)([values])
        return keras.Model(inputs, layers.PixelImages(likelihood, STD, (3, 2, 2))(values))

    network_copies.assert_agree(build, images())
