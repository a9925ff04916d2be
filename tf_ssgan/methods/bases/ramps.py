"""Ramps of learning rate, consistency weight and beta_1 (Laine and Aila 2017, appendix A).

Learning rate and consistency weight rise over the first 80 of 300 epochs; learning rate and Adam's
beta_1 fall over the last 50. A ramp is a fraction of the run, and t the part of it that is done:

    rise = exp(-5 (1 - t)^2), then 1        fall = 1, then exp(-12.5 t^2)
    rate = learning_rate rise fall          beta_1 = .5 + .4 fall

The fall is that of the public code for a ramp of 50 epochs, of whatever length the ramp is.
"""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common.options import inherited, option
from tf_ssgan.core import hparams, method
from tf_ssgan.nn import fused_optimizers, schedules

BETA_1, LAST_BETA_1 = 0.9, 0.5  # Adam's, at first and at the end of the run


@dataclasses.dataclass(frozen=True)
class RampHParams(hparams.HParams):
    """Hyperparameters of the ramps."""

    learning_rate: float = inherited(
        hparams.HParams, "learning_rate", 0.003, "Laine and Aila 2017, appendix A",
        note="It is the largest one: the rate rises over ramp_up and falls over ramp_down.",
    )  # fmt: skip
    ramp_up: float = option(
        80 / 300,
        "Fraction of the run over which the learning rate rises, and with it the weight of the "
        "consistency where there is one.",
        low=0,
        high=1,
    )
    ramp_down: float = option(
        50 / 300,
        "Fraction of the run, its end, over which the learning rate falls to 0.",
        low=0,
        high=1,
    )


def risen(progress: tf.Tensor, ramp: float) -> tf.Tensor:
    """The factor exp(-5 (1 - t)^2), t from 0 to 1 over the ramp, then 1.

    Args:
        progress: Fraction of the run that is done.
        ramp: Fraction of the run that the ramp takes; 0 for none.
    """
    return schedules.sigmoid_ramp(progress / ramp if ramp else 1.0)


class RampMethod(method.Method):
    """A method with these ramps."""

    def rise(self) -> tf.Tensor:
        """The factor of learning rate and consistency weight, exp(-5 (1 - t)^2), then 1."""
        return risen(self.progress(), self.hp.ramp_up)

    def fall(self) -> tf.Tensor:
        """The factor of the learning rate at the end of the run, exp(-12.5 t^2)."""
        ramp = self.hp.ramp_down
        since = self.progress() - (1.0 - ramp)
        return schedules.sigmoid_ramp_down(since / ramp if ramp else 0.0)

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        return self.hp.learning_rate * self.rise() * self.fall()

    def beta_1(self) -> tf.Tensor:
        """Adam's beta_1 at this step, .9 until it falls to .5 at the end."""
        return LAST_BETA_1 + (BETA_1 - LAST_BETA_1) * self.fall()

    def adam(self) -> keras.optimizers.Optimizer:
        """Adam, for a player with `rate` and `beta_1`."""
        return fused_optimizers.Adam(self.hp.learning_rate, beta_1=BETA_1, epsilon=1e-8)
