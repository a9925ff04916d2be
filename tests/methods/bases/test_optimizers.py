"""Adam and the learning rate that falls linearly to 0."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.methods.bases import optimizers
from tf_ssgan.nn import distribution, fused_optimizers


@dataclasses.dataclass(frozen=True)
class HParams(optimizers.AdamHParams, optimizers.LinearDecayHParams):
    pass


class Method(optimizers.AdamMethod, optimizers.LinearDecayMethod):
    """One dense layer."""

    def setup(self):
        images = keras.Input((2, 2, 1))
        logits = keras.layers.Dense(3)(keras.layers.Flatten()(images))
        self.classifier = keras.Model(images, {"logits": logits})
        self.d = self.player("classifier", self.classifier, self.adam(), self.rate)


def build(**hyperparameters):
    return Method(HParams(average_decay=0.0, **hyperparameters), toy_methods.task(steps=300))


@pytest.mark.parametrize(("step", "factor"), [(0, 1), (200, 1), (250, 0.5), (300, 0)])
def test_the_learning_rate_falls_linearly_in_the_last_third(step, factor):
    method = build(learning_rate=2e-3)
    method.step.assign(step)
    assert float(method.rate()) == pytest.approx(2e-3 * factor, abs=1e-9)


@pytest.mark.parametrize("step", [0, 299, 300])
def test_a_decay_that_starts_at_the_end_keeps_the_learning_rate(step):
    method = build(learning_rate=2e-3, decay_start=1.0)
    method.step.assign(step)
    assert float(method.rate()) == pytest.approx(2e-3)


def test_adam_has_the_hyperparameters_of_the_method():
    adam = build(learning_rate=2e-3, beta_1=0.3).d.optimizer
    assert isinstance(adam, keras.optimizers.Adam)
    assert float(adam.learning_rate) == pytest.approx(2e-3)
    assert (adam.beta_1, adam.epsilon) == (0.3, 1e-8)


def test_adam_takes_another_learning_rate():
    adam = build(learning_rate=2e-3, beta_1=0.3).adam(0.01)
    assert float(adam.learning_rate) == pytest.approx(0.01)
    assert adam.beta_1 == 0.3


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_biases_move_at_a_multiple_of_the_learning_rate(size, devices):
    """Whatever the size of their gradients, on which Adam's steps do not depend."""
    strategy = distribution.strategy(devices)
    with strategy.scope():
        layer = keras.layers.Dense(1, use_bias=True, kernel_initializer="zeros")
        layer.build((None, 2))
        fast = optimizers.FastBiasAdam(1e-3, 0.9, epsilon=1e-12, bias_factor=2.0)
        fast.build(layer.trainable_variables)

    def apply():
        gradients = [size * tf.constant([[1.0], [-1.0]]), size * tf.constant([3.0])]
        fast.apply(gradients, layer.trainable_variables)

    @tf.function
    def step():
        strategy.run(apply)

    for _ in range(3):
        step()
    np.testing.assert_allclose(layer.kernel, [[-3e-3], [3e-3]], rtol=1e-4)
    np.testing.assert_allclose(layer.bias, [-6e-3], rtol=1e-4)


def test_a_factor_of_one_is_adam():
    moved = []
    adams = (fused_optimizers.Adam, {}), (optimizers.FastBiasAdam, {"bias_factor": 1})
    for kind, more in adams:
        layer = keras.layers.Dense(2, kernel_initializer="ones")
        layer.build((None, 2))
        optimizer = kind(0.01, **more)
        optimizer.build(layer.trainable_variables)
        for number in (1.0, -0.3):
            gradients = [number * tf.ones(v.shape) for v in layer.trainable_variables]
            optimizer.apply(gradients, layer.trainable_variables)
        moved.append([v.numpy() for v in layer.trainable_variables])
    for one, two in zip(*moved, strict=True):
        np.testing.assert_array_equal(one, two)
