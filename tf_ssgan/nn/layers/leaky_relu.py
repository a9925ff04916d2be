"""Leaky ReLU as a layer."""

import keras
import tensorflow as tf

from tf_ssgan.nn import activations


class LeakyReLU(keras.layers.Layer):
    """The value where it is positive, a slope times the value elsewhere.

    Keras' layer keeps its input for the gradient, see `activations.leaky_relu`.
    """

    def __init__(self, slope: float, **kwargs):
        """Describes the layer.

        Args:
            slope: Slope of the negative part, in [0, 1].
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.slope = slope

    def get_config(self) -> dict:
        """The arguments that make the same layer again."""
        return super().get_config() | {"slope": self.slope}

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, ...] to the same shape."""
        return activations.leaky_relu(inputs, self.slope, training)
