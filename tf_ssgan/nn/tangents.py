"""Directional derivatives of networks: tangents of what they compute."""

from collections.abc import Callable, Sequence

import tensorflow as tf


def tangents(
    function: Callable[[tf.Tensor], tf.Tensor], at: tf.Tensor, directions: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The value of a function and its derivatives along some directions, from one forward pass.

    The gradient of the function for output gradients u is J^T u, which is linear in u; the gradient
    of that in u, for the output gradients v, is J v (Townsend 2017, "A new trick for calculating
    Jacobian vector products"). TensorFlow's `ForwardAccumulator` would be simpler, but loses the
    tangent of values that are averaged over replicas, and gives another result on two of them.

    Everything is differentiable, in the weights of the function too. It is for functions of
    float32; noise of one pass is the same for value and derivatives.

    Args:
        function: [batch, ...] -> [batch, ...].
        at: float32 [batch, ...], where.
        directions: The same shape each, v.

    Returns:
        The value, and J v for each direction, of the shape of the value.
    """
    # At u = 0 nothing is lost: J^T u is linear in u.
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
        with tf.GradientTape(watch_accessed_variables=False) as inner:
            inner.watch(at)
            value = function(at)
        unit = tf.zeros_like(value)
        outer.watch(unit)
        pulled_back = inner.gradient(
            value, at, output_gradients=unit, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
    derivatives = [
        outer.gradient(
            pulled_back,
            unit,
            output_gradients=direction,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        for direction in directions
    ]
    return value, derivatives


def tangent(
    function: Callable[[tf.Tensor], tf.Tensor], at: tf.Tensor, direction: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The value of a function and its derivative J v along one direction, see `tangents`.

    Args:
        function: [batch, ...] -> [batch, ...].
        at: float32 [batch, ...], where.
        direction: The same shape, v.

    Returns:
        Both of the shape of the value.
    """
    value, (derivative,) = tangents(function, at, [direction])
    return value, derivative


def axis_directions(axes: tf.Tensor, rows: int, size: int) -> list[tf.Tensor]:
    """The unit vectors of some axes, the same for all rows.

    Args:
        axes: int32 [n], each in [0, size).
        rows: Rows of each result.
        size: Length of a vector.

    Returns:
        n tensors, float32 [rows, size].
    """
    return [tf.tile(tf.one_hot([axis], size), [rows, 1]) for axis in tf.unstack(axes)]
