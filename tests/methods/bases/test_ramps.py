"""Ramps at the epochs of Laine and Aila (2017)."""

import dataclasses

import keras
import pytest
from support import toy_methods

from tf_ssgan.methods.bases import ramps


@dataclasses.dataclass(frozen=True)
class HParams(ramps.RampHParams):
    pass


class Method(ramps.RampMethod):
    """One dense layer."""

    def setup(self):
        images = keras.Input((2, 2, 1))
        logits = keras.layers.Dense(3)(keras.layers.Flatten()(images))
        self.classifier = keras.Model(images, {"logits": logits})
        self.c = self.player("classifier", self.classifier, self.adam(), self.rate, self.beta_1)


def at(epoch, **hyperparameters):
    """A method of 300 epochs of one step, at the beginning of an epoch."""
    hp = HParams(average_decay=0.0, **hyperparameters)
    method = Method(hp, toy_methods.task(steps=300))
    method.step.assign(epoch)
    return method


@pytest.mark.parametrize(
    ("epoch", "factor"),
    [(0, 0.006738), (20, 0.060055), (40, 0.286505), (79, 0.999219), (80, 1.0), (300, 1.0)],
)
def test_the_rise_takes_80_epochs(epoch, factor):
    """exp(-5 (1 - e / 80)^2)."""
    assert float(at(epoch).rise()) == pytest.approx(factor, abs=1e-6)


@pytest.mark.parametrize(
    ("epoch", "factor", "beta_1"),
    [(0, 1.0, 0.9), (249, 1.0, 0.9), (250, 1.0, 0.9), (260, 0.606531, 0.742612),
     (280, 0.011109, 0.504444), (299, 0.000006, 0.500002), (300, 0.000004, 0.500001)],
)  # fmt: skip
def test_the_fall_takes_the_last_50_epochs(epoch, factor, beta_1):
    """exp(-(0.5 (e - 250))^2 / 50); beta_1 is .9 times this and .5 times the rest."""
    method = at(epoch)
    assert float(method.fall()) == pytest.approx(factor, abs=1e-6)
    assert float(method.beta_1()) == pytest.approx(beta_1, abs=1e-6)


@pytest.mark.parametrize(
    ("epoch", "rate"), [(40, 2 * 0.286505), (80, 2.0), (200, 2.0), (260, 2 * 0.606531)]
)
def test_the_learning_rate_rises_and_falls(epoch, rate):
    assert float(at(epoch, learning_rate=2.0).rate()) == pytest.approx(rate, rel=1e-5)


def test_ramps_that_overlap_are_multiplied():
    method = at(150, learning_rate=2.0, ramp_up=1.0, ramp_down=0.75)
    product = 0.286505 * 0.249352  # exp(-5 / 4) and exp(-12.5 / 9)
    assert float(method.rate()) == pytest.approx(2 * product, rel=1e-5)


@pytest.mark.parametrize("epoch", [0, 150, 300])
def test_without_ramps_all_stays_as_it_is(epoch):
    method = at(epoch, learning_rate=2.0, ramp_up=0.0, ramp_down=0.0)
    assert float(method.rise()) == float(method.fall()) == 1.0
    assert float(method.rate()) == 2.0 and float(method.beta_1()) == pytest.approx(0.9)


def test_adam_has_the_epsilon_and_the_beta_1_of_the_start():
    adam = at(0, learning_rate=2.0).c.optimizer
    assert isinstance(adam, keras.optimizers.Adam)
    assert (float(adam.learning_rate), adam.beta_1, adam.epsilon) == (2.0, 0.9, 1e-8)
