"""The denoising cost: a number by hand, its limits."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import losses

ESTIMATE = tf.constant([[3.0, 0.0], [1.0, 4.0]])
CLEAN = tf.constant([[2.0, -1.0], [-1.0, 1.0]])
MEAN, DEVIATION = tf.constant([1.0, 2.0]), tf.constant([2.0, 0.5])


def test_it_by_hand():
    """The normalized estimates are (1, -4) and (0, 4): squares 1, 9, 1 and 9 of four values."""
    assert float(losses.denoising(ESTIMATE, CLEAN, MEAN, DEVIATION)) == pytest.approx(5.0)


def test_values_that_are_not_normalized_are_compared_as_they_are():
    """1, 1, 4 and 9."""
    assert float(losses.denoising(ESTIMATE, CLEAN)) == pytest.approx(15 / 4)


def test_the_right_estimate_costs_nothing():
    values = CLEAN * DEVIATION + MEAN
    assert float(losses.denoising(values, CLEAN, MEAN, DEVIATION)) == pytest.approx(0, abs=1e-12)


def test_the_mean_of_normalized_values_costs_1():
    """What the decoder would estimate if it knew nothing."""
    values = tf.random.stateless_normal([1000, 3], [1, 2]) * 4 + 2
    mean, deviation = np.mean(values, 0), np.std(values, 0)
    clean = (values - mean) / deviation
    cost = losses.denoising(tf.zeros_like(values) + mean, clean, mean, deviation)
    assert float(cost) == pytest.approx(1.0, rel=1e-4)


def test_gradients_flow_into_all_of_it():
    """Also into the clean values and what they are normalized by, as in the public code."""
    parts = [tf.Variable(x) for x in (ESTIMATE + 1.0, CLEAN, MEAN, DEVIATION)]
    with tf.GradientTape() as tape:
        cost = losses.denoising(*parts)
    assert all(np.any(gradient) for gradient in tape.gradient(cost, parts))
