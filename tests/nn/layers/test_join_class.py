"""The class as further channels: by hand, of every rank and type, in a functional model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers, weights


def test_the_class_joins_a_vector_by_hand():
    x = tf.constant([[5.0, 6.0], [7.0, 8.0]])
    joined = layers.JoinClass(3)(x, tf.constant([2, 0], tf.int64))
    np.testing.assert_array_equal(joined, [[5, 6, 0, 0, 1], [7, 8, 1, 0, 0]])


def test_the_class_joins_an_image_at_every_position():
    x = tf.random.stateless_normal([2, 3, 4, 2], [0, 1])
    joined = layers.JoinClass(3)(x, tf.constant([1, 2], tf.int64)).numpy()
    assert joined.shape == (2, 3, 4, 5)
    np.testing.assert_array_equal(joined[..., :2], x)
    np.testing.assert_array_equal(joined[0, ..., 2:], np.tile([0, 1, 0], [3, 4, 1]))
    np.testing.assert_array_equal(joined[1, ..., 2:], np.tile([0, 0, 1], [3, 4, 1]))


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_it_has_the_type_of_its_policy(dtype):
    x = tf.ones([2, 2, 2, 1], tf.bfloat16)
    joined = layers.JoinClass(2, dtype=dtype)(x, tf.constant([1, 0], tf.int64))
    assert joined.dtype == dtype
    np.testing.assert_array_equal(tf.cast(joined[0, 0, 0], tf.float32), [1, 0, 1])


def test_the_gradient_passes_to_the_inputs_alone():
    x, factors = tf.ones([2, 2]), tf.reshape(tf.range(10.0), [2, 5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(factors * layers.JoinClass(3)(x, tf.constant([0, 1], tf.int64)))
    np.testing.assert_array_equal(tape.gradient(y, x), [[0, 1], [5, 6]])


@pytest.mark.parametrize("shape", [(4,), (2, 2, 3)])
def test_a_functional_model_with_it_knows_its_channels_and_takes_any_batch(shape):
    image, label = keras.Input(shape), keras.Input((), dtype="int64")
    outputs = layers.JoinClass(10)(image, label)
    assert outputs.shape == (None, *shape[:-1], shape[-1] + 10)
    model = keras.Model([image, label], outputs)
    assert weights.parameter_count(model) == 0
    for rows in (1, 5):
        made = model([tf.ones([rows, *shape]), tf.fill([rows], tf.constant(9, tf.int64))])
        assert made.shape == (rows, *outputs.shape[1:])
        np.testing.assert_array_equal(made[..., -1], np.ones([rows, *shape[:-1]]))
