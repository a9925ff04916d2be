"""Self-attention of images: over their positions, and over their channels.

For a feature map of n = h w positions, X [n, c]: Q, K and V are linear maps of X (1 x 1
convolutions). After the public code of rajas582/weakly-supervised-gan, with PyTorch's initial
values. Departure: there the result of channel attention is reshaped to an image in another order
than its input; here in the same.
"""

import keras
import tensorflow as tf

from tf_ssgan.nn import weights


class _Attention(keras.layers.Layer):
    """The weights of Q, K and V, which both kinds of attention have."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes kernel [c, 3 c] and bias [3 c], for Q, K and V side by side."""
        channels = input_shape[-1]
        self.kernel = self._add("kernel", channels, channels, 3 * channels)
        self.bias = self._add("bias", channels, 3 * channels)

    def _add(self, name: str, summed: int, *shape: int) -> keras.Variable:
        """A kernel or bias of units that sum so many values each."""
        return self.add_weight(shape=shape, initializer=weights.torch_uniform(summed), name=name)

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
        self.last_kernel = self._add("last_kernel", channels, channels, channels)
        self.last_bias = self._add("last_bias", channels, channels)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, c] to the same shape."""
        q, k, v = self._projections(inputs)
        shares = _softmax(tf.matmul(q, k, transpose_b=True))
        attended = tf.reshape(tf.matmul(shares, v), [-1, *inputs.shape[1:]])
        last = tf.einsum("bhwc,cd->bhwd", attended, tf.convert_to_tensor(self.last_kernel))
        return last + tf.convert_to_tensor(self.last_bias)


class ChannelAttention(_Attention):
    """V softmax(Q^T K / sqrt(n))^T, with the softmax over the channels."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps [batch, h, w, c] to the same shape."""
        q, k, v = self._projections(inputs)
        shares = _softmax(tf.matmul(q, k, transpose_a=True))
        return tf.reshape(tf.matmul(v, shares, transpose_b=True), [-1, *inputs.shape[1:]])


def _softmax(scores: tf.Tensor) -> tf.Tensor:
    """Softmax over the last axis, computed in float32."""
    return tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), scores.dtype)
