"""Squeeze-and-excitation."""

import keras
import tensorflow as tf


class SqueezeExcite(keras.layers.Layer):
    """Rescales each channel by a gate computed from the means of all channels.

    s = sigmoid(W2 relu(W1 z)), where z is the mean of each channel over the image; without biases
    (Hu et al. 2018, as in Jiang et al. 2019, section 2.1).
    """

    def __init__(self, reduction: int = 16, **kwargs):
        """Describes the layer.

        Args:
            reduction: The gate's hidden layer has channels / reduction units, at least one.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.reduction = reduction

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes W1 [channels, hidden] and W2 [hidden, channels], hidden = channels / reduction."""
        channels = input_shape[-1]
        hidden = max(1, channels // self.reduction)
        self.squeeze = self.add_weight(shape=(channels, hidden), name="squeeze")
        self.excite = self.add_weight(shape=(hidden, channels), name="excite")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, channels] to the same shape."""
        means = tf.reduce_mean(inputs, [1, 2])
        hidden = tf.nn.relu(tf.matmul(means, tf.convert_to_tensor(self.squeeze)))
        gate = tf.sigmoid(tf.matmul(hidden, tf.convert_to_tensor(self.excite)))
        return inputs * gate[:, tf.newaxis, tf.newaxis, :]
