"""Dropout and Gaussian noise from the random numbers of the step."""

import keras
import tensorflow as tf

from tf_ssgan.nn import step_random


class Dropout(keras.layers.Layer):
    """Dropout that compares one random byte a value with a threshold.

    The rate is rounded to 1/256 and the survivors are scaled by the rounded rate, so the
    expectation is exact. Keras' layer draws a float a value and costs as much as a convolution.
    """

    def __init__(self, rate: float, **kwargs):
        """Describes the layer.

        Args:
            rate: Share of values set to 0, in [0, 1).
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.threshold = round(256 * rate)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ...] to the same shape; the identity outside of training."""
        if not training or self.threshold == 0:
            return inputs
        bits = step_random.current().bytes(*inputs.shape)
        scale = tf.constant(256.0 / (256 - self.threshold), inputs.dtype)
        return inputs * (tf.cast(bits >= self.threshold, inputs.dtype) * scale)


class GaussianNoise(keras.layers.Layer):
    """Adds N(0, deviation^2) to every value in training; the identity otherwise."""

    def __init__(self, deviation: float, **kwargs):
        """Describes the layer.

        Args:
            deviation: Standard deviation, in the unit of the inputs.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.deviation = deviation

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ...] to the same shape."""
        if not training or self.deviation == 0:
            return inputs
        noise = self.deviation * step_random.current().normal(*inputs.shape)
        return inputs + tf.cast(noise, inputs.dtype)
