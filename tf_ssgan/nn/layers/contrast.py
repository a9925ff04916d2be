"""Normalization of each image by its own mean and contrast."""

import keras
import tensorflow as tf

# A tenth of the norm of an image in [-1, 1] with one value one level of 255 above the others.
# What is left of a constant image is rounding, which must not be scaled up.
LEAST_NORM = 1e-3


class Contrast(keras.layers.Layer):
    """Subtracts the mean of each image over all its values, and sets its norm: float32.

        y = scale (x - mean(x)) / ||x - mean(x)||

    With scale sqrt(values) the root mean square of an image becomes 1, as in the public code of
    Laine and Aila (2017) for SVHN. With 55 it is the contrast normalization of the public code of
    Tarvainen and Valpola (2017) for CIFAR-10, where sqrt(3072) = 55.4. Constant images become 0.
    """

    def __init__(self, scale: float | None = None, **kwargs):
        """Describes the layer.

        Args:
            scale: Norm of an image afterwards; None for the root of its number of values.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.scale = scale

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, c] to the same shape."""
        axes = list(range(1, inputs.shape.rank))
        centered = inputs - tf.reduce_mean(inputs, axes, keepdims=True)
        norm = tf.sqrt(tf.reduce_sum(tf.square(centered), axes, keepdims=True))
        scale = self.scale or tf.TensorShape(inputs.shape[1:]).num_elements() ** 0.5
        return centered * (scale / tf.maximum(norm, LEAST_NORM))
