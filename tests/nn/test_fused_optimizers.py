"""Optimizers of one operation a variable: Keras' numbers and state."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, fused_optimizers

OPTIMIZERS = {
    "adam": ("Adam", {"beta_1": 0.5, "epsilon": 1e-8}),
    "amsgrad": ("AdamW", {"amsgrad": True, "weight_decay": 0.1}),
    "adamw": ("AdamW", {"weight_decay": 0.1}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "sgd": ("SGD", {}),
}
SHAPES = ((3, 4), (5,))


def variables():
    chance = np.random.default_rng(0)
    return [keras.Variable(chance.normal(size=shape).astype(np.float32)) for shape in SHAPES]


def gradients(step):
    chance = np.random.default_rng(1 + step)
    return [tf.constant(chance.normal(size=shape), tf.float32) for shape in SHAPES]


def train(library, name, strategy=None, **changes):
    """The copies of each weight and of each variable of the optimizer after six steps."""
    kind, options = OPTIMIZERS[name]
    strategy = strategy or distribution.strategy(1)
    replicas = strategy.num_replicas_in_sync
    with strategy.scope():
        weights = variables()
        optimizer = getattr(library, kind)(0.01, **options)
        for key, value in changes.items():
            setattr(optimizer, key, value)
        optimizer.build(weights)

    @tf.function
    def step(given):
        # Keras sums over replicas.
        strategy.run(lambda: optimizer.apply([g / replicas for g in given], weights))

    for number in range(6):
        optimizer.learning_rate.assign(0.01 / (1 + number))
        step(gradients(number))
    both = weights, optimizer.variables
    return [[strategy.experimental_local_results(v.value) for v in some] for some in both]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_are_those_of_keras(name):
    for own, theirs in zip(
        train(fused_optimizers, name)[0], train(keras.optimizers, name)[0], strict=True
    ):
        np.testing.assert_allclose(own[0], theirs[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_is_that_of_keras(name):
    """Second moments have the 1 - .999 of float32, which is smaller by 1.3e-5."""
    for own, theirs in zip(
        train(fused_optimizers, name)[1], train(keras.optimizers, name)[1], strict=True
    ):
        np.testing.assert_allclose(own[0], theirs[0], rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_of_two_replicas_moves_its_own_copy(name):
    alone = train(fused_optimizers, name)
    together = train(fused_optimizers, name, distribution.strategy(2))
    for ones, copies in zip(sum(alone, []), sum(together, []), strict=True):
        for copy in copies:
            np.testing.assert_allclose(copy, ones[0], rtol=1e-6, atol=1e-7)


def test_beta_1_may_be_a_tensor():
    changes = {"beta_1": tf.constant(0.25)}
    own, theirs = (
        train(library, "adam", **changes) for library in (fused_optimizers, keras.optimizers)
    )
    for one, other in zip(own[0], theirs[0], strict=True):
        np.testing.assert_allclose(one[0], other[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["adam", "adamw", "momentum", "nesterov"])
def test_a_variable_is_one_operation(name):
    kind, options = OPTIMIZERS[name]
    weights = variables()
    optimizer = getattr(fused_optimizers, kind)(0.1, **options)
    optimizer.build(weights)
    step = tf.function(lambda given: optimizer.apply(given, weights))
    graph = step.get_concrete_function(gradients(0)).graph
    moving = [op for op in graph.get_operations() if op.type.startswith("ResourceApply")]
    assert len(moving) == len(SHAPES)
