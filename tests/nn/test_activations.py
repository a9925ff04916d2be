"""Leaky ReLU: its values, and a gradient that reads the output alone."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import activations

from_output = functools.partial(activations.leaky_relu, training=True)
X = [[-2.0, -0.0, 0.0, 1e-30, 3.0]]


@pytest.mark.parametrize("form", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize("slope", [0.0, 0.01, 0.2, 1.0])
def test_values_and_gradients_are_tensorflows(slope, form):
    x, weights = tf.constant(X, form), tf.constant([[1.0, 2.0, 3.0, 4.0, 5.0]], form)
    found = []
    for function in (from_output, tf.nn.leaky_relu):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x, slope)
        found.append((y, tape.gradient(y, x, weights)))
    for own, theirs in zip(*found, strict=True):
        assert own.dtype == form
        np.testing.assert_array_equal(own, theirs)


def test_it_can_be_differentiated_twice():
    """As gradient penalties do: |d sum(w leaky(x)) / dx|^2 has the gradient 2 w s^2 in w."""
    x, w = tf.constant([[-1.0, 2.0]]), tf.constant([[3.0, 5.0]])
    with tf.GradientTape() as outer:
        outer.watch(w)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(w * from_output(x, 0.2))
        penalty = tf.reduce_sum(inner.gradient(y, x) ** 2)
    np.testing.assert_allclose(outer.gradient(penalty, w), [[2 * 3 * 0.04, 10.0]], rtol=1e-6)


def test_it_can_be_differentiated_forward():
    x = tf.constant([[-1.0, 2.0]])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([[10.0, 100.0]])) as accumulator:
        y = from_output(x, 0.2)
    np.testing.assert_allclose(accumulator.jvp(y), [[2.0, 100.0]], rtol=1e-6)


def test_no_gradient_reads_the_input():
    """So a convolution and its bias need no output of their own."""

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = from_output(tf.nn.bias_add(x, tf.zeros([3])), 0.2)
        return tape.gradient(y, x)

    graph = gradient.get_concrete_function(tf.TensorSpec([2, 3])).graph
    (biased,) = (op for op in graph.get_operations() if op.type == "BiasAdd")
    readers = {op.type for op in biased.outputs[0].consumers()}
    # The identity is a mark without an effect: `tf.custom_gradient` finds its inputs by it.
    assert readers - {"IdentityN", "Identity"} == {"LeakyRelu"}


def test_outside_of_training_it_is_tensorflows_operation_alone():
    function = tf.function(lambda x: activations.leaky_relu(x, 0.2, training=False))
    graph = function.get_concrete_function(tf.TensorSpec([2, 3])).graph
    assert not [op for op in graph.get_operations() if op.type == "IdentityN"]
