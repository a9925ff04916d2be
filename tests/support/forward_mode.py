"""Derivatives of a function by forward mode, which is exact on one replica."""

from collections.abc import Callable

import tensorflow as tf


def derivative(
    function: Callable[[tf.Tensor], tf.Tensor], at: tf.Tensor, direction: tf.Tensor
) -> tf.Tensor:
    """J v; differences of piecewise linear networks would see their kinks.

    Args:
        function: [batch, ...] -> [batch, ...].
        at: float32 [batch, ...].
        direction: The same shape, v.
    """
    with tf.autodiff.ForwardAccumulator(at, direction) as accumulator:
        value = function(at)
    along = accumulator.jvp(value)
    return tf.zeros_like(value) if along is None else along
