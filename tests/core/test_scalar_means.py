"""Means over steps of reported scalars."""

import keras
import tensorflow as tf

from tf_ssgan.core import scalar_means


def test_means_are_over_the_steps_since_the_last_reset():
    means = scalar_means.ScalarMeans(keras.Variable([0.0] * 4))
    assert means.means(("one", "two")) == {"one": 0.0, "two": 0.0}
    means.add(tf.constant([1.0, 4.0]))
    means.add(tf.constant([2.0, 8.0]))
    assert means.means(("one", "two")) == {"one": 1.5, "two": 6.0}
    assert means.sums.numpy().tolist() == [3.0, 12.0, 0.0, 2.0]  # the last is the number of steps
    means.reset()
    means.add(tf.constant([7.0, 8.0, 9.0]))
    assert means.means(("a", "b", "c")) == {"a": 7.0, "b": 8.0, "c": 9.0}
