"""Dropout and noise: their rates, and that they act in training alone."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, layers, step_random


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


def test_dropout_of_whole_maps_drops_channels_of_an_image():
    """Its rate is that of the channels, and another image and another call has other ones."""
    layer, x = (
        layers.Dropout(0.2, whole_maps=True),
        1.0 + tf.random.stateless_uniform([64, 3, 2, 256], [0, 1]),
    )
    with step_random.at(0, 1):
        factors = (layer(x, training=True) / x).numpy()
        again = (layer(x, training=True) / x).numpy()
    kept = factors[:, 0, 0]
    np.testing.assert_allclose(factors, np.broadcast_to(kept[:, None, None], x.shape), rtol=1e-6)
    np.testing.assert_allclose(kept[kept > 0], 256 / 205, rtol=1e-6)
    assert np.mean(kept == 0) == pytest.approx(51 / 256, abs=0.01)
    assert kept.mean() == pytest.approx(1.0, abs=0.0125)  # the rate's .01 by 256 / 205
    assert len(np.unique(kept > 0, axis=0)) == 64
    assert not np.array_equal(factors, again)
    np.testing.assert_array_equal(layer(x), x)


def test_of_vectors_the_whole_maps_are_the_values():
    x = tf.ones([8, 16])
    made = []
    for whole_maps in (False, True):
        with step_random.at(0, 1):
            made.append(layers.Dropout(0.5, whole_maps)(x, training=True))
    np.testing.assert_array_equal(*made)


def test_two_replicas_drop_the_maps_of_one():
    layer, x = layers.Dropout(0.5, whole_maps=True), tf.ones([8, 2, 2, 16])

    def dropped():
        with step_random.at(0, 1):
            return layer(distribution.replica_share(x), training=True)

    strategy = distribution.strategy(2)
    both = strategy.experimental_local_results(tf.function(strategy.run)(dropped))
    np.testing.assert_array_equal(tf.concat(both, 0), dropped())


def test_noise_has_its_standard_deviation_and_acts_in_training_alone():
    layer, x = layers.GaussianNoise(0.15), tf.zeros([64, 32, 32, 1])
    with step_random.at(0, 1):
        assert float(tf.math.reduce_std(layer(x, training=True))) == pytest.approx(0.15, rel=0.02)
    np.testing.assert_array_equal(layer(x), x)


def test_noise_of_standard_deviation_zero_needs_no_random_numbers():
    x = tf.ones([2, 3])
    assert layers.GaussianNoise(0.0)(x, training=True) is x
