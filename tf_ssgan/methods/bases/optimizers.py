"""Optimizers and learning rates that several methods share, with their hyperparameters."""

import dataclasses

import keras
import tensorflow as tf

from tf_ssgan.common.options import option
from tf_ssgan.core import hparams, method
from tf_ssgan.nn import fused_optimizers, schedules


@dataclasses.dataclass(frozen=True)
class AdamHParams(hparams.HParams):
    """Hyperparameters of Adam as GANs use it."""

    beta_1: float = option(
        0.5,
        "Decay of Adam's first moment, 0 to 1 (public code of Salimans et al. 2016 and of Dravid "
        "et al. 2022).",
        low=0,
        high=1,
    )


class AdamMethod(method.Method):
    """A method that is trained by Adam with the decay `beta_1`."""

    def adam(
        self, rate: float | None = None, beta_1: float | None = None, beta_2: float = 0.999
    ) -> keras.optimizers.Optimizer:
        """Adam with the method's hyperparameters and epsilon 1e-8 (Salimans et al. 2016, code).

        Args:
            rate: Its learning rate; None takes `learning_rate`.
            beta_1: Decay of its first moment; None takes `beta_1`.
            beta_2: Decay of its second moment.
        """
        rate = self.hp.learning_rate if rate is None else rate
        beta_1 = self.hp.beta_1 if beta_1 is None else beta_1
        return fused_optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=1e-8)


class FastBiasAdam(fused_optimizers.Adam):
    """Adam that moves biases at a multiple of the learning rate of other weights.

    The factor is one of steps. A factor of gradients would cancel, because Adam divides them by
    their size.
    """

    def __init__(self, *args, bias_factor: float, **kwargs):
        """Describes the optimizer.

        Args:
            *args: Arguments of `keras.optimizers.Adam`.
            bias_factor: The multiple.
            **kwargs: Further ones.
        """
        super().__init__(*args, **kwargs)
        self.bias_factor = bias_factor

    def build(self, variables: list[keras.Variable]) -> None:
        """Notes which of the variables are biases."""
        super().build(variables)
        self.factors = tuple(self.bias_factor if v.name == "bias" else 1.0 for v in variables)

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Moves a variable."""
        # Within a step Keras passes variables of TensorFlow, whose names are those of replicas.
        factor = self.factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, factor * learning_rate)


@dataclasses.dataclass(frozen=True)
class LinearDecayHParams(hparams.HParams):
    """Hyperparameters of a learning rate that falls linearly to 0 at the end of the run."""

    decay_start: float = option(
        2 / 3,
        "Fraction of the run after which the learning rate falls linearly to 0 (public code of "
        "Salimans et al. 2016: 2/3); 1 keeps it constant.",
        low=0,
        high=1,
    )


class LinearDecayMethod(method.Method):
    """A method whose learning rate falls linearly to 0 at the end of the run."""

    def rate(self) -> tf.Tensor:
        """The learning rate at this step."""
        return self.hp.learning_rate * self.decay_factor()

    def decay_factor(self) -> tf.Tensor:
        """1 until decay_start, then linearly down to 0 at the end of the run."""
        if self.hp.decay_start == 1:
            return tf.constant(1.0)
        return schedules.hold_then_linear_decay(self.progress(), self.hp.decay_start)
