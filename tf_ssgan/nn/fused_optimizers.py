"""Keras' optimizers with TensorFlow's one operation a variable in place of their many.

Checkpoints hold the same variables. A step of Adam differs from Keras' by 7e-6 of its length or
less: the operation computes 1 - beta_2 in float32, which for .999 is smaller by 1.3e-5.
"""

import keras
import tensorflow as tf

from tf_ssgan.nn import distribution


class _FusedAdam:
    """The step of Adam and AdamW: Kingma and Ba (2015), section 2, with Keras' epsilon.

    `beta_1` and `beta_2` may be tensors.
    """

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Moves the copy of a variable on one replica, and its two moments."""
        if self.amsgrad:  # XLA lacks the operation of this form
            super().update_step(gradient, variable, learning_rate)
            return
        place = self._get_variable_index(variable)
        beta_1, beta_2 = (tf.cast(b, variable.dtype) for b in (self.beta_1, self.beta_2))
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=_beside(variable, self._momentums[place]),
            v=_beside(variable, self._velocities[place]),
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


class Adam(_FusedAdam, keras.optimizers.Adam):
    """Adam."""


class AdamW(_FusedAdam, keras.optimizers.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""


class SGD(keras.optimizers.SGD):
    """Stochastic gradient descent with momentum, perhaps Nesterov's."""

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Moves the copy of a variable on one replica, and its velocity."""
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


def _beside(variable: tf.Variable, state: keras.Variable) -> tf.Tensor:
    """The handle of an optimizer's variable, of its copy on the device of another's."""
    return distribution.copy_beside(variable, state.value).handle
