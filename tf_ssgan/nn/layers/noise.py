"""Dropout and Gaussian noise from the random numbers of the step."""

import keras
import tensorflow as tf

from tf_ssgan.nn import step_random


class Dropout(keras.layers.Layer):
    """Dropout that compares a random byte per value with a threshold.

    The rate is rounded to 1/256, and the values that remain are scaled by the rounded rate, so the
    expectation is exact. Keras' layer needs a random float per value and costs as much as a
    convolution.
    """

    def __init__(self, rate: float, whole_maps: bool = False, **kwargs):
        """Describes the layer.

        Args:
            rate: Fraction of values set to 0, in [0, 1).
            whole_maps: Whether whole channels of an image are set to 0 (Tompson et al. 2015).
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.threshold = round(256 * rate)
        self.whole_maps = whole_maps

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ...] to the same shape; outside of training, the identity."""
        if not training or self.threshold == 0:
            return inputs
        shape = inputs.shape
        if self.whole_maps:
            shape = [shape[0], *[1] * (shape.rank - 2), shape[-1]]
        bits = step_random.current().bytes(*shape)
        scale = tf.constant(256.0 / (256 - self.threshold), inputs.dtype)
        return inputs * (tf.cast(bits >= self.threshold, inputs.dtype) * scale)


class GaussianNoise(keras.layers.Layer):
    """Adds N(0, stddev^2) to every value in training; outside of training, the identity."""

    def __init__(self, stddev: float, **kwargs):
        """Describes the layer.

        Args:
            stddev: Standard deviation, in the unit of the inputs.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.stddev = stddev

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ...] to the same shape."""
        if not training or self.stddev == 0:
            return inputs
        noise = self.stddev * step_random.current().normal(*inputs.shape)
        return inputs + tf.cast(noise, inputs.dtype)
