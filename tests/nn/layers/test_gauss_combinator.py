"""The combinator of ladder networks: a number by hand, how it starts, two replicas."""

import math

import numpy as np
import tensorflow as tf

from tf_ssgan.nn import distribution, layers

Z = tf.constant([[4.0], [2.0]])
U = tf.constant([[1.0], [3.0]])  # normalized: -1 and 1


def made(factors=None, units=1):
    layer = layers.GaussCombinator()
    layer.build([(None, units)] * 2)
    for weight, value in zip(layer.factors, factors or [], strict=False):
        weight.assign([value] * units)
    return layer


def test_an_estimate_by_hand():
    """mu is 0 and 1, v is .25 and 1.25: sigmoid(ln 3) is .75."""
    layer = made([2.0, 0.0, 0.0, 0.5, -0.5, 1.0, math.log(3), 0.0, 0.25, 0.25])
    np.testing.assert_allclose(layer([Z, U]), [[1.0], [2.25]], rtol=1e-5)


def test_both_inner_shifts_count():
    """With u = -1 and 1, sigmoid(u ln 3 + ln 3) is .5 and .9."""
    turn = math.log(3)
    of_mean = made([1.0, turn, turn, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(of_mean([Z, U]), [[0.5], [0.9]], rtol=1e-5)
    of_factor = made([0.0, 1.0, 0.0, 0.0, 0.0, 1.0, turn, turn, 0.0, 0.0])
    np.testing.assert_allclose(of_factor([Z, U]), [[0.5 * 4], [0.9 * 2]], rtol=1e-5)


def test_it_estimates_0_at_first():
    layer = made(units=3)
    z, u = tf.random.stateless_normal([2, 8, 3], [1, 2])
    np.testing.assert_array_equal(layer([z, u]), np.zeros([8, 3]))
    assert [w.numpy().tolist() for w in layer.factors] == [
        [float(number in (2, 7))] * 3 for number in range(1, 11)
    ]
    assert [w.shape for w in layer.trainable_weights] == [(3,)] * 10


def test_which_weights_have_no_gradient_at_first():
    """Nor has u, or what gives it."""
    layer = made(units=3)
    z, u, wanted = tf.random.stateless_normal([3, 8, 3], [1, 2])
    with tf.GradientTape() as tape:
        tape.watch(u)
        loss = tf.reduce_sum(tf.square(layer([z, u]) - wanted))
    *of_weights, of_u = tape.gradient(loss, [*(w.value for w in layer.factors), u])
    still = [n for n, gradient in enumerate(of_weights, 1) if not np.any(gradient)]
    assert still == [2, 3, 7, 8] and not np.any(of_u)


def test_a_signal_from_above_that_does_not_vary_is_0():
    layer = made([0.0, 1.0, 0.0, 1.0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0])  # mu = u + .5, v = 0
    np.testing.assert_array_equal(layer([Z, tf.fill([2, 1], 7.0)]), [[0.5], [0.5]])


def test_the_scale_of_the_signal_from_above_does_not_matter():
    factors = [1.0, 1.0, 0.3, -0.4, 0.2, 0.7, 1.0, -0.1, 0.6, 0.1]
    np.testing.assert_allclose(
        made(factors)([Z, 100.0 * U - 7.0]), made(factors)([Z, U]), rtol=1e-5
    )


def test_on_two_replicas_the_signal_is_normalized_over_the_whole_batch():
    z, u = tf.random.stateless_normal([2, 8, 3], [1, 2])
    factors = [1.0, 1.0, 0.3, -0.4, 0.2, 0.7, 1.0, -0.1, 0.6, 0.1]
    expected = made(factors, 3)([z, u])
    strategy = distribution.strategy(2)
    with strategy.scope():
        layer = made(factors, 3)
    outputs = tf.function(
        lambda: strategy.run(lambda: layer([distribution.replica_share(x) for x in (z, u)]))
    )()
    pieces = strategy.experimental_local_results(outputs)
    np.testing.assert_allclose(tf.concat(pieces, 0), expected, atol=1e-5)
