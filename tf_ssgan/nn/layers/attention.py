"""Self-attention of images: over their positions, and over their channels.

Of a map of n = h w positions, X [n, c]: Q, K and V are maps of X by weights of their own (1 x 1
convolutions). After the public code of rajas582/weakly-supervised-gan, where the result over
channels is put back into an image in another order than it was taken out; here in the same.
"""

import keras
import tensorflow as tf


class _Attention(keras.layers.Layer):
    """What both have: the weights of Q, K and V."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes kernel [c, 3 c] and bias [3 c], for Q, K and V side by side."""
        channels = input_shape[-1]
        # torch's, of convolutions of 1 x 1: fan-in c, whichever of the three.
        initial = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.kernel = self.add_weight(
            shape=(channels, 3 * channels), initializer=initial, name="kernel"
        )
        self.bias = self.add_weight(shape=(3 * channels,), initializer="zeros", name="bias")

    def _mapped(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        """Q, K and V, [batch, n, c] each, and Q divided by the root of n."""
        _, height, width, channels = inputs.shape
        flat = tf.reshape(inputs, [-1, height * width, channels])
        mapped = tf.einsum("bnc,cd->bnd", flat, tf.convert_to_tensor(self.kernel))
        q, k, v = tf.split(mapped + tf.convert_to_tensor(self.bias), 3, axis=-1)
        return [q * (height * width) ** -0.5, k, v]


class PositionAttention(_Attention):
    """softmax(Q K^T / sqrt(n)) V, the softmax over the positions, and a dense layer."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes the weights of Q, K and V, and the last layer's: [c, c] and [c]."""
        super().build(input_shape)
        channels = input_shape[-1]
        initial = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.last_kernel = self.add_weight(
            shape=(channels, channels), initializer=initial, name="last_kernel"
        )
        self.last_bias = self.add_weight(shape=(channels,), initializer="zeros", name="last_bias")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, c] to the same shape."""
        q, k, v = self._mapped(inputs)
        weights = _shares(tf.matmul(q, k, transpose_b=True))
        seen = tf.reshape(tf.matmul(weights, v), [-1, *inputs.shape[1:]])
        last = tf.einsum("bhwc,cd->bhwd", seen, tf.convert_to_tensor(self.last_kernel))
        return last + tf.convert_to_tensor(self.last_bias)


class ChannelAttention(_Attention):
    """V softmax(Q^T K / sqrt(n))^T, the softmax over the channels."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, c] to the same shape."""
        q, k, v = self._mapped(inputs)
        weights = _shares(tf.matmul(q, k, transpose_a=True))
        return tf.reshape(tf.matmul(v, weights, transpose_b=True), [-1, *inputs.shape[1:]])


def _shares(similar: tf.Tensor) -> tf.Tensor:
    """Softmax over the last axis, in float32 whatever comes in."""
    return tf.cast(tf.nn.softmax(tf.cast(similar, tf.float32)), similar.dtype)
