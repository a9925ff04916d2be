"""A dense layer of several inputs: it is that of their concatenation, with fewer products."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.nn import layers, precision, weights


def numbers(*shape, seed=0):
    return tf.random.stateless_normal(shape, [seed, 5])


def test_it_is_a_dense_layer_of_the_concatenation():
    one, two, three = numbers(4, 3), numbers(4, 2, seed=1), numbers(4, 1, seed=2)
    layer = layers.JoinedDense(5, 0.3)
    layer.build([(None, 3), (None, 2), (None, 1)])
    layer.bias.assign(numbers(5, seed=3))
    expected = np.concatenate([one, two, three], 1) @ layer.kernel.numpy() + layer.bias.numpy()
    np.testing.assert_allclose(layer([one, two, three]), expected, atol=1e-5)


def test_inputs_are_broadcast():
    """An image beside three samples gives what its three copies beside them give."""
    image, samples = numbers(4, 1, 6), numbers(4, 3, 2, seed=1)
    layer = layers.JoinedDense(5, 0.3)
    copies = layer([tf.repeat(image, 3, axis=1), samples])
    assert copies.shape == (4, 3, 5)
    np.testing.assert_allclose(layer([image, samples]), copies, atol=1e-5)
    # Of one image for the whole batch, too.
    alone = layer([image[:1], samples])
    np.testing.assert_allclose(alone[0], copies[0], atol=1e-5)


def test_the_gradient_is_that_of_the_concatenation():
    image, samples = numbers(4, 1, 3), numbers(4, 2, 2, seed=1)
    layer, factors = layers.JoinedDense(5, 0.3), numbers(4, 2, 5, seed=2)
    layer([image, samples])
    joined = tf.concat([tf.repeat(image, 2, axis=1), samples], -1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(factors * layer([image, samples]))
    kernel, bias = tape.gradient(loss, [layer.kernel.value, layer.bias.value])
    expected = np.einsum("bni,bnu->iu", joined, factors)
    np.testing.assert_allclose(kernel, expected, atol=1e-4)
    np.testing.assert_allclose(bias, np.sum(factors, axis=(0, 1)), atol=1e-5)


def test_kernels_start_with_the_deviation_and_biases_at_zero():
    keras.utils.set_random_seed(0)
    layer = layers.JoinedDense(50, 0.02)
    layer.build([(None, 30), (None, 70)])
    kernel = layer.kernel.numpy()
    assert kernel.shape == (100, 50)
    assert kernel.std() == pytest.approx(0.02, rel=0.05)
    assert abs(kernel.mean()) < 4 * 0.02 / np.sqrt(5000)
    # Each input has other numbers.
    assert abs(np.corrcoef(kernel[:30].ravel(), kernel[30:60].ravel())[0, 1]) < 0.1
    np.testing.assert_array_equal(layer.bias, np.zeros(50))


@pytest.mark.parametrize("bias", [True, False])
def test_its_weights_and_that_copies_agree(bias):
    def build():
        one, two = keras.Input((None, 3)), keras.Input((None, 2))
        outputs = layers.JoinedDense(5, 0.3, bias)([one, two])
        assert outputs.shape == (None, None, 5)
        return keras.Model([one, two], outputs)

    assert weights.parameter_count(build()) == 25 + 5 * bias
    assert [tuple(k.shape) for k in weights.kernels(build())] == [(5, 5)]
    network_copies.assert_agree(build, [numbers(4, 1, 3), numbers(4, 3, 2)])


def test_labels_of_any_shape_are_encoded():
    layer = layers.OneHot(3)
    np.testing.assert_array_equal(layer(tf.constant([2, 0])), [[0, 0, 1], [1, 0, 0]])
    both = layer(tf.constant([[2, 1]], tf.int64))
    np.testing.assert_array_equal(both, [[[0, 0, 1], [0, 1, 0]]])


def test_they_compute_in_the_type_of_their_policy():
    with precision.policy("mixed_bfloat16"):
        dense, one_hot = layers.JoinedDense(2, 0.3), layers.OneHot(3)
    vectors = one_hot(tf.constant([1]))
    assert vectors.dtype == dense([vectors, numbers(1, 4)]).dtype == tf.bfloat16
    assert dense.kernel.dtype == "float32"
