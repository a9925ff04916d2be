"""Self-attention of images: over their positions, and over their channels.

For a feature map of n = h w positions, X [n, c]: Q, K and V are linear maps of X (1 x 1
convolutions). After the public code of rajas582/weakly-supervised-gan. Departure: there the result
of channel attention is reshaped to an image in another order than its input; here in the same.
"""

import keras
import tensorflow as tf


class _Attention(keras.layers.Layer):
    """The weights of Q, K and V, which both kinds of attention have."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes kernel [c, 3 c] and bias [3 c], for Q, K and V side by side."""
        channels = input_shape[-1]
        # As in torch for 1 x 1 convolutions; the fan-in of each of the three is c.
        initial = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.kernel = self.add_weight(
            shape=(channels, 3 * channels), initializer=initial, name="kernel"
        )
        self.bias = self.add_weight(shape=(3 * channels,), initializer="zeros", name="bias")

    def _projections(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        """Q / sqrt(n), K and V, [batch, n, c] each."""
        _, height, width, channels = inputs.shape
        flat = tf.reshape(inputs, [-1, height * width, channels])
        projected = tf.einsum("bnc,cd->bnd", flat, tf.convert_to_tensor(self.kernel))
        q, k, v = tf.split(projected + tf.convert_to_tensor(self.bias), 3, axis=-1)
        return [q * (height * width) ** -0.5, k, v]


class PositionAttention(_Attention):
    """softmax(Q K^T / sqrt(n)) V, with the softmax over the positions, then a dense layer."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes the weights of Q, K and V, and those of the last layer, [c, c] and [c]."""
        super().build(input_shape)
        channels = input_shape[-1]
        initial = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.last_kernel = self.add_weight(
            shape=(channels, channels), initializer=initial, name="last_kernel"
        )
        self.last_bias = self.add_weight(shape=(channels,), initializer="zeros", name="last_bias")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, c] to the same shape."""
        q, k, v = self._projections(inputs)
        weights = _softmax(tf.matmul(q, k, transpose_b=True))
        attended = tf.reshape(tf.matmul(weights, v), [-1, *inputs.shape[1:]])
        last = tf.einsum("bhwc,cd->bhwd", attended, tf.convert_to_tensor(self.last_kernel))
        return last + tf.convert_to_tensor(self.last_bias)


class ChannelAttention(_Attention):
    """V softmax(Q^T K / sqrt(n))^T, with the softmax over the channels."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, c] to the same shape."""
        q, k, v = self._projections(inputs)
        weights = _softmax(tf.matmul(q, k, transpose_a=True))
        return tf.reshape(tf.matmul(v, weights, transpose_b=True), [-1, *inputs.shape[1:]])


def _softmax(scores: tf.Tensor) -> tf.Tensor:
    """Softmax over the last axis, computed in float32."""
    return tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), scores.dtype)
