"""Initial values, the number of weights, kernels, and biases."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers, weights


def test_pytorchs_initial_values_have_its_bound_and_differ_between_layers():
    keras.utils.set_random_seed(0)
    one, two = (np.array(weights.torch_uniform(25)((100, 100))) for _ in range(2))
    assert 0.1999 < np.abs(one).max() <= 0.2 and abs(one.mean()) < 0.005
    assert one.std() == pytest.approx(0.2 / 3**0.5, rel=0.02)
    assert not np.array_equal(one, two)


def test_kernels_are_the_weights_of_convolutions_and_dense_layers():
    network = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3), layers.BatchNorm(scaled=True),
         keras.layers.Flatten(), keras.layers.Dense(3)]
    )  # fmt: skip
    assert [tuple(k.shape) for k in weights.kernels(network)] == [(3, 3, 1, 2), (8, 3)]


def test_parameters_are_counted_with_and_without_the_gains_of_weight_normalization():
    network = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.BatchNorm()])
    assert weights.parameter_count(network) == 4 * 3 + 3 + 3 + 3  # kernel, gain, bias, shift
    assert weights.parameter_count(network, gains=False) == 4 * 3 + 3 + 3


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
def test_a_bias_is_added_to_the_last_axis_and_keeps_the_type(dtype):
    x, bias = tf.zeros([2, 3, 2], dtype), tf.constant([1.0, -2.0], dtype)
    y = weights.add_bias(x, bias)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.broadcast_to([1.0, -2.0], [2, 3, 2]))


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
def test_the_gradient_of_a_bias_is_the_sum_over_all_positions(dtype):
    """8 bits of bfloat16 would stop at 256 if each addition were rounded."""
    x, bias = tf.zeros([4, 32, 32, 2], dtype), tf.zeros([2], dtype)
    upstream = tf.cast(tf.broadcast_to([1.0, -0.5], x.shape), dtype)
    with tf.GradientTape() as tape:
        tape.watch([x, bias])
        y = weights.add_bias(x, bias)
    of_x, of_bias = tape.gradient(y, [x, bias], upstream)
    np.testing.assert_array_equal(of_x, upstream)
    np.testing.assert_array_equal(of_bias, [4096.0, -2048.0])
    assert of_bias.dtype == dtype
