"""Adam and the learning rate that falls linearly to 0."""

import dataclasses

import keras
import pytest
from support import toy_methods

from tf_ssgan.methods.bases import optimizers


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
