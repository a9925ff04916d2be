"""A step of a player: over replicas, with schedules, and without gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core import player
from tf_ssgan.nn import distribution


def linear(units=2):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, use_bias=False)])


def test_a_step_takes_the_mean_over_replicas():
    """With gradient 1 on each of two replicas and learning rate 1, weights move by 1, not by 2."""
    strategy = distribution.strategy(2)
    with strategy.scope():
        network = linear(1)
        network.layers[0].kernel.assign(tf.zeros([3, 1]))
        critic = player.Player("p", [network], keras.optimizers.SGD(1.0), None)

    @tf.function
    def step():
        def one():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(network.layers[0].kernel.value)
            critic.minimize(loss, tape)

        strategy.run(one)

    step()
    np.testing.assert_allclose(network.layers[0].kernel, -np.ones([3, 1]))


def test_weights_without_a_gradient_are_named():
    network = linear()
    critic = player.Player("critic", [network], keras.optimizers.SGD(1.0), None)
    with tf.GradientTape() as tape:
        loss = tf.constant(1.0)
    with pytest.raises(ValueError, match="player critic: no gradient reaches .*kernel"):
        critic.minimize(loss, tape)


def test_the_learning_rate_and_beta_1_are_those_of_the_schedules():
    network, step = linear(1), tf.Variable(0.0)
    kernel = network.layers[0].kernel
    adam = keras.optimizers.Adam(1.0)
    critic = player.Player(
        "p", [network], adam, rate=lambda: 0.5 + step, beta_1=lambda: 0.25 * step
    )
    for value in (0.0, 2.0):
        step.assign(value)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(kernel.value)
        critic.minimize(loss, tape)
        assert float(adam.learning_rate) == 0.5 + value and float(adam.beta_1) == 0.25 * value


def test_adam_moves_with_the_beta_2_of_each_step():
    """Traced once; its mean of squares and the correction of its first steps take that beta_2."""
    network, step = linear(1), tf.Variable(0.0)
    kernel = network.layers[0].kernel
    kernel.assign(tf.zeros([3, 1]))
    adam = keras.optimizers.Adam(0.1, beta_1=0.9, epsilon=1e-8)
    critic = player.Player("p", [network], adam, None, beta_2=lambda: 0.5 + 0.2 * step)

    @tf.function
    def move(gradient):
        with tf.GradientTape() as tape:
            loss = gradient * tf.reduce_sum(kernel.value)
        critic.minimize(loss, tape)

    mean = square = expected = 0.0
    for t, gradient in enumerate([1.0, -3.0, 0.5], 1):
        step.assign(t - 1)
        move(tf.constant(gradient))
        beta_2 = 0.5 + 0.2 * (t - 1)
        mean = 0.9 * mean + 0.1 * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        corrected = mean / (1 - 0.9**t) / np.sqrt(square / (1 - beta_2**t))
        expected -= 0.1 * corrected
        np.testing.assert_allclose(kernel, np.full([3, 1], expected), rtol=1e-4)


def test_a_player_trains_all_its_networks_and_no_other_weights():
    one, two, other = linear(), linear(), linear()
    two.layers[0].trainable = False
    pair = player.Player("pair", [one, two], keras.optimizers.SGD(1.0), None)
    assert [v is one.layers[0].kernel for v in pair.variables] == [True]
    before = [network.layers[0].kernel.numpy() for network in (two, other)]
    with tf.GradientTape() as tape:
        loss = sum(tf.reduce_sum(network(tf.ones([1, 3]))) for network in (one, two, other))
    start = one.layers[0].kernel.numpy()
    pair.minimize(loss, tape)
    np.testing.assert_allclose(one.layers[0].kernel, start - 1.0, rtol=1e-5)
    for network, value in zip((two, other), before, strict=True):
        np.testing.assert_array_equal(network.layers[0].kernel, value)


def test_the_directions_are_those_of_adams_steps():
    """Without momentum, a step moves each weight by the learning rate times its direction."""
    network = linear()
    kernel = network.layers[0].kernel
    adam = keras.optimizers.Adam(0.1, beta_1=0.0, beta_2=0.9, epsilon=0.01)
    critic = player.Player("p", [network], adam, None)
    for scale in (1.0, 5.0, -0.3):
        with tf.GradientTape(persistent=True) as tape:
            loss = scale * tf.reduce_sum(kernel.value**2)
        (direction,) = critic.adam_directions(critic.gradients(loss, tape))
        before = kernel.numpy()
        critic.minimize(loss, tape)
        np.testing.assert_allclose(before - kernel.numpy(), 0.1 * direction, rtol=1e-4)


def test_gradients_are_means_over_replicas_and_zero_for_other_weights():
    strategy = distribution.strategy(2)
    with strategy.scope():
        network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        critic = player.Player("p", [network], keras.optimizers.SGD(1.0), None)

    @tf.function
    def gradients():
        def one():
            own = tf.cast(distribution.replica_rank(), tf.float32)
            with tf.GradientTape() as tape:
                loss = own * tf.reduce_sum(network.layers[0].kernel.value)
            return critic.gradients(loss, tape)

        return strategy.run(one)

    kernel, bias = (strategy.experimental_local_results(g) for g in gradients())
    for replica in range(2):
        np.testing.assert_array_equal(kernel[replica], np.full([3, 1], 0.5))
        np.testing.assert_array_equal(bias[replica], [0.0])
