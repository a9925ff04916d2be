"""Keras' optimizers with TensorFlow's one operation a variable in place of their many.

The weights are Keras' up to rounding, and checkpoints hold the same variables. A step of Adam by
Keras passes over each variable fourteen times; small networks spend as long in that as in their
convolutions.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.nn import distribution


class _FusedAdam:
    """The step of Adam and AdamW: Kingma and Ba (2015), section 2, with Keras' epsilon.

    `beta_1` and `beta_2` may be tensors.
    """

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Moves a variable and its two moments.

        Args:
            gradient: Its gradient.
            variable: The copy of the variable on one replica.
            learning_rate: float32 scalar.
        """
        place = self._get_variable_index(variable)
        beta_1, beta_2 = (tf.cast(b, variable.dtype) for b in (self.beta_1, self.beta_2))
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        # The second moments are larger than Keras' by this factor, so their root and epsilon are.
        larger = math.sqrt(_larger_by(self.beta_2))
        arguments = dict(
            var=variable.handle,
            m=_beside(variable, self._momentums[place]),
            v=_beside(variable, self._velocities[place]),
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, variable.dtype) * (larger / _larger_by(self.beta_1)),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon * larger, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )
        if self.amsgrad:
            largest = _beside(variable, self._velocity_hats[place])
            tf.raw_ops.ResourceApplyAdamWithAmsgrad(**arguments, vhat=largest)
        else:
            tf.raw_ops.ResourceApplyAdam(**arguments)


class Adam(_FusedAdam, keras.optimizers.Adam):
    """Adam."""


class AdamW(_FusedAdam, keras.optimizers.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""


class SGD(keras.optimizers.SGD):
    """Stochastic gradient descent with momentum, perhaps Nesterov's."""

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Moves a variable and its velocity.

        Args:
            gradient: Its gradient.
            variable: The copy of the variable on one replica.
            learning_rate: float32 scalar.
        """
        if not self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=_beside(variable, self.momentums[self._get_variable_index(variable)]),
            lr=tf.cast(learning_rate, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )


def _larger_by(beta: float | tf.Tensor) -> float:
    """1 - beta as the operation computes it, in float32, divided by Keras' value.

    For .999 it is 1.00005: among numbers near 1, float32 has four digits less than near .001.
    """
    if tf.is_tensor(beta):
        return 1.0  # Keras subtracts in float32 too
    return float(np.float32(1) - np.float32(beta)) / float(np.float32(1 - beta))


def _beside(variable: tf.Variable, state: keras.Variable) -> tf.Tensor:
    """The handle of an optimizer's variable, of its copy on the device of another's."""
    return distribution.copy_beside(variable, state.value).handle
