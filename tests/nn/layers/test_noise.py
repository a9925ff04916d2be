"""Dropout and noise: their rates, and that they act in training alone."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers, step_random


def test_dropout_has_its_rate_and_keeps_the_expectation():
    layer, x = layers.Dropout(0.2), tf.ones([64, 32, 32])
    with step_random.at(0, 1):
        dropped = layer(x, training=True).numpy()
        again = layer(x, training=True).numpy()
    assert set(np.unique(dropped)) == {0.0, np.float32(256 / 205)}
    assert np.mean(dropped == 0) == pytest.approx(51 / 256, abs=0.005)
    assert not np.array_equal(dropped, again)
    np.testing.assert_array_equal(layer(x), x)
    assert layers.Dropout(0.0)(x, training=True) is x


def test_the_gradient_of_dropout_is_its_mask():
    x = tf.ones([8, 16])
    with step_random.at(0, 1), tf.GradientTape() as tape:
        tape.watch(x)
        y = layers.Dropout(0.5)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x), y)


def test_noise_has_its_standard_deviation_and_acts_in_training_alone():
    layer, x = layers.GaussianNoise(0.15), tf.zeros([64, 32, 32, 1])
    with step_random.at(0, 1):
        assert float(tf.math.reduce_std(layer(x, training=True))) == pytest.approx(0.15, rel=0.02)
    np.testing.assert_array_equal(layer(x), x)


def test_noise_of_standard_deviation_zero_needs_no_random_numbers():
    x = tf.ones([2, 3])
    assert layers.GaussianNoise(0.0)(x, training=True) is x
