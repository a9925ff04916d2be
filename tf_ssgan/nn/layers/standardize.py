"""Standardization of images by the mean and the standard deviation of their dataset."""

import keras
import tensorflow as tf


class Standardize(keras.layers.Layer):
    """Scales images in [-1, 1] to mean 0 and standard deviation 1 per channel over the dataset."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], **kwargs):
        """Describes the layer.

        Args:
            mean: Mean of the intensities in [0, 1], of each channel, or a single one for all.
            std: Their standard deviation, likewise.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.mean = tuple(mean)
        # The standard deviation of a constant channel is 0, by which nothing can be divided.
        self.std = tuple(max(value, 1 / 255) for value in std)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, channels] to the same shape."""
        mean, std = (tf.constant(value, inputs.dtype) for value in (self.mean, self.std))
        return (0.5 * inputs + (0.5 - mean)) / std
