"""A step of a player: over replicas, with schedules, and without gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core import player
from tf_ssgan.nn import distribution, fused_optimizers


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
    adam = fused_optimizers.Adam(1.0)
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
    adam = fused_optimizers.Adam(0.1, beta_1=0.9, epsilon=1e-8)
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
    adam = fused_optimizers.Adam(0.1, beta_1=0.0, beta_2=0.9, epsilon=0.01)
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


def clipped(clip, *gradients):
    return [g.numpy() for g in clip.clipped([tf.constant(g) for g in gradients])]


def test_gradients_are_scaled_by_their_common_norm_and_cut_afterwards():
    """(3, -4) and 12 are 13 long. To a norm of 6.5 they are halved, and then only 6 is above 2."""
    gradients = [3.0, -4.0], [[12.0]]
    for clip, expected in (
        (player.Clip(), ([3, -4], [[12]])),
        (player.Clip(norm=6.5), ([1.5, -2], [[6]])),
        (player.Clip(value=3.5), ([3, -3.5], [[3.5]])),
        (player.Clip(norm=6.5, value=2.0), ([1.5, -2], [[2]])),
        (player.Clip(norm=13.5, value=12.0), ([3, -4], [[12]])),
    ):
        for given, wanted in zip(clipped(clip, *gradients), expected, strict=True):
            np.testing.assert_allclose(given, wanted, rtol=1e-6)


def test_gradients_of_zero_stay_zero():
    (given,) = clipped(player.Clip(5.0, 1.0), [0.0, 0.0])
    np.testing.assert_array_equal(given, [0.0, 0.0])


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_gradients_that_are_not_finite_are_not_hidden(number):
    """Cut to a limit they would look like any other, and the run would go on."""
    for given in clipped(player.Clip(5.0, 1.0), [1.0, number], [2.0]):
        assert np.isnan(given).all()
    assert np.isnan(clipped(player.Clip(value=1.0), [np.nan])[0]).all()


def step_of(strategy, clip, gradient):
    """What a step of learning rate 1 adds to three weights, each replica having its own gradient.

    Args:
        strategy: The strategy.
        clip: The limits.
        gradient: [replicas, 3], one of each replica.
    """
    with strategy.scope():
        network = linear(1)
        kernel = network.layers[0].kernel
        kernel.assign(tf.zeros([3, 1]))
        critic = player.Player("p", [network], keras.optimizers.SGD(1.0), None, clip=clip)

    @tf.function
    def step():
        def one():
            own = tf.constant(gradient)[distribution.replica_rank()]
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(kernel.value[:, 0] * own)
            critic.minimize(loss, tape)

        strategy.run(one)

    step()
    return kernel.numpy()[:, 0]


@pytest.mark.parametrize(
    ("clip", "expected"),
    [
        (None, [3.0, 0.0, 4.0]),
        (player.Clip(norm=2.5), [1.5, 0.0, 2.0]),
        (player.Clip(value=3.5), [3.0, 0.0, 3.5]),
        (player.Clip(norm=2.5, value=1.75), [1.5, 0.0, 1.75]),
    ],
)
def test_the_mean_over_replicas_is_clipped(clip, expected):
    """Of (3, 8, 0) and (3, -8, 8) it is (3, 0, 4), 5 long; each of them is longer than 8."""
    two = step_of(distribution.strategy(2), clip, [[3.0, 8.0, 0.0], [3.0, -8.0, 8.0]])
    one = step_of(distribution.one_device(), clip, [[3.0, 0.0, 4.0]])
    np.testing.assert_allclose(two, -np.array(expected), rtol=1e-6)
    np.testing.assert_allclose(one, two, rtol=1e-6)


def test_a_shared_gradient_moves_players_as_their_own_gradients_do():
    networks = [linear(), linear()]
    first, second = (
        player.Player(f"p{k}", [network], keras.optimizers.SGD(0.5), None)
        for k, network in enumerate(networks)
    )
    kernels = [network.layers[0].kernel for network in networks]
    start = [kernel.numpy() for kernel in kernels]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(kernels[0].value ** 2 * kernels[1].value)
    shared = player.SharedGradient(loss, tape, first, second)
    second.minimize(loss, shared)
    first.minimize(loss, shared)
    np.testing.assert_allclose(kernels[0], start[0] - start[0] * start[1], rtol=1e-6)
    np.testing.assert_allclose(kernels[1], start[1] - 0.5 * start[0] ** 2, rtol=1e-6)


def test_a_shared_gradient_is_that_of_one_loss_and_names_weights_without_one():
    networks = [linear(), linear()]
    first, second = (
        player.Player(name, [network], keras.optimizers.SGD(1.0), None)
        for name, network in zip(("one", "two"), networks, strict=True)
    )
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(networks[0].layers[0].kernel.value)
    shared = player.SharedGradient(loss, tape, first, second)
    with pytest.raises(ValueError, match="of another loss"):
        first.minimize(2.0 * loss, shared)
    with pytest.raises(ValueError, match="player two: no gradient reaches .*kernel"):
        second.minimize(loss, shared)
