"""The effect of a player's next step on another loss, by hand and by taking the step."""

import keras
import pytest
import tensorflow as tf

from tf_ssgan.core import player
from tf_ssgan.methods.bases import hypergradient
from tf_ssgan.nn import fused_optimizers

IMAGES = tf.random.stateless_normal([6, 3], [1, 2])


def mover(rate=1e-3):
    """A player with two weights and no momentum, which has taken a step."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    made = player.Player("p", [network], fused_optimizers.Adam(rate, beta_1=0.0), None)
    step(made, lambda: tf.reduce_mean(network(IMAGES) ** 2))
    return network, made


def step(made, loss):
    with tf.GradientTape() as tape:
        value = loss()
    made.minimize(value, tape)


def test_the_changes_are_what_short_steps_do():
    network, made = mover(rate=1e-4)

    def held_out():
        return tf.reduce_sum(tf.sin(network(3.0 * IMAGES)))

    losses = [lambda s=s: tf.reduce_mean(tf.nn.softplus(s * network(IMAGES))) for s in (1.0, -2.0)]
    changes = hypergradient.changes_by_step(made, held_out, losses)
    variables = [*network.variables, *made.optimizer.variables]
    start, before = [tf.identity(v) for v in variables], held_out()
    for loss, change in zip(losses, changes, strict=True):
        for v, value in zip(variables, start, strict=True):
            v.assign(value)
        step(made, loss)
        assert float(held_out() - before) / 1e-4 == pytest.approx(float(change), rel=0.02)
        assert abs(float(change)) > 1.0


def test_weights_of_one_loss_alone_do_not_count():
    network, made = mover()
    kernel, bias = network.layers[0].kernel, network.layers[0].bias
    change, other = hypergradient.changes_by_step(
        made,
        lambda: tf.reduce_sum(kernel.value),
        [lambda: tf.reduce_sum(bias.value), lambda: tf.reduce_sum(kernel.value)],
    )
    assert float(change) == 0.0 and float(other) < 0.0


def test_nothing_changes():
    network, made = mover()
    before = [v.numpy().tolist() for v in (*network.variables, *made.optimizer.variables)]
    loss = lambda: tf.reduce_mean(network(IMAGES) ** 2)  # noqa: E731
    hypergradient.changes_by_step(made, loss, [loss])
    after = [v.numpy().tolist() for v in (*network.variables, *made.optimizer.variables)]
    assert after == before
