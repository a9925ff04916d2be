"""The effect of a training step on another loss, by hand and by finite differences."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.methods.bases import hypergradient


def test_the_change_by_hand():
    """M = sum w^2 has the gradient (2, 4), L = h w_1 + w_2 the gradient (h, 1)."""
    w, alone, h = tf.Variable([1.0, 2.0]), tf.Variable(5.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(h)
        change = hypergradient.change_by_step(
            lambda: tf.reduce_sum(w**2), lambda: h * w[0] + w[1] + alone, [w, alone]
        )
    assert float(change) == -(2 * 3 + 4 * 1)
    assert float(tape.gradient(change, h)) == -2.0


def test_the_gradient_of_the_outer_loss_is_a_constant():
    """A hyperparameter in the outer loss has no effect by itself."""
    w, h = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        change = hypergradient.change_by_step(lambda: h * w, lambda: w**2, [w])
    assert float(change) == -12.0 and tape.gradient(change, h) is None


def test_it_is_what_a_small_step_does():
    x = tf.random.stateless_normal([6, 4], [1, 2])
    w = tf.Variable(tf.random.stateless_normal([4], [3, 4]))

    def inner():
        return tf.reduce_mean(tf.nn.softplus(tf.linalg.matvec(x, w)))

    def outer():
        return tf.reduce_sum(tf.sin(w))

    change, before, rate = hypergradient.change_by_step(outer, inner, [w]), outer(), 1e-3
    with tf.GradientTape() as tape:
        loss = inner()
    w.assign_sub(rate * tape.gradient(loss, w))
    assert float(outer() - before) / rate == pytest.approx(float(change), rel=5e-3)
    assert np.abs(change) > 0.01
