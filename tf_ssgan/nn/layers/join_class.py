"""The class of an image as further channels."""

import keras
import tensorflow as tf


class JoinClass(keras.layers.Layer):
    """Appends the class as a one-hot vector, at every position (Li et al. 2017, public code)."""

    def __init__(self, classes: int, **kwargs):
        """Describes the layer.

        Args:
            classes: Number of classes K.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, inputs: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """Maps [batch, ..., channels] and int64 [batch] to [batch, ..., channels + classes]."""
        vectors = tf.one_hot(label, self.classes, dtype=inputs.dtype)
        inner = inputs.shape[1:-1]
        vectors = tf.reshape(vectors, [-1, *[1] * len(inner), self.classes])
        rows = tf.shape(inputs)[0]
        spread = tf.broadcast_to(vectors, tf.stack([rows, *inner, self.classes]))
        return tf.concat([inputs, tf.ensure_shape(spread, [None, *inner, self.classes])], -1)
