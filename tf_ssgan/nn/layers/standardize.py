"""Images with the mean and the standard deviation of their data set."""

import keras
import tensorflow as tf


class Standardize(keras.layers.Layer):
    """Images in [-1, 1] to mean 0 and deviation 1 a channel, with the data set's statistics."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], **kwargs):
        """Describes the layer.

        Args:
            mean: Mean of intensities in [0, 1], of each channel, or one for all.
            std: Their standard deviation.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.mean = tuple(mean)
        # Images of one color each have no deviation to divide by.
        self.std = tuple(max(value, 1 / 255) for value in std)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, channels] to the same shape."""
        mean, std = (tf.constant(value, inputs.dtype) for value in (self.mean, self.std))
        return (0.5 * inputs + (0.5 - mean)) / std
