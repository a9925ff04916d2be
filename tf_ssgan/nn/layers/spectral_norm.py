"""Spectral normalization: convolutions by kernels whose largest singular value is 1.

Miyato, Kataoka, Koyama and Yoshida: Spectral Normalization for Generative Adversarial Networks
(2018), algorithm 1. Keras' wrapper of this name overwrites the kernel with the normalized one in
each training pass, which changes the optimizer's variable. Here a pass changes only the estimate of
a singular vector.
"""

import keras
import tensorflow as tf

from tf_ssgan.nn import activations, weights
from tf_ssgan.nn.layers import pass_modes


class SpectralConv(keras.layers.Layer):
    """A convolution by W / sigma(W), a bias, and a leaky ReLU; PyTorch's initial values.

    sigma is the largest singular value of W as a [size * size * in, units] matrix. It is estimated
    by one power iteration per pass, starting from the estimate of the last training pass. Gradients
    flow through sigma but not through the singular vectors.
    """

    def __init__(
        self,
        units: int,
        size: int,
        stride: int = 1,
        padding: str = "VALID",
        slope: float | None = 0.01,
        bias: bool = True,
        **kwargs,
    ):
        """Describes the layer.

        Args:
            units: Output channels.
            size: Height and width of the kernel.
            stride: Stride in both directions.
            padding: "SAME" or "VALID".
            slope: Negative slope of the leaky ReLU; None for none.
            bias: Whether there is a bias; a normalization layer that follows has its own.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.units = units
        self.size = size
        self.stride = stride
        self.padding = padding
        self.slope = slope
        self.with_bias = bias

    def get_config(self) -> dict:
        """The arguments that make the same layer again."""
        own = ("units", "size", "stride", "padding", "slope")
        return super().get_config() | {k: getattr(self, k) for k in own} | {"bias": self.with_bias}

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Makes kernel [size, size, in, units], bias [units] and the estimate [units]."""
        shape = (self.size, self.size, input_shape[-1], self.units)
        summed = self.size**2 * input_shape[-1]
        self.kernel = self.add_weight(
            shape=shape, initializer=weights.torch_uniform(summed), name="kernel", autocast=False
        )
        if self.with_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                initializer=weights.torch_uniform(summed),
                name="bias",
                autocast=False,
            )
        self.direction = self.add_weight(
            shape=(self.units,),
            initializer=keras.initializers.RandomNormal(0.0, 1.0),
            trainable=False,
            name="direction",
            # Every replica computes the same estimate from the same kernel.
            aggregation="only_first_replica",
            autocast=False,
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Maps [batch, h, w, in] to [batch, h', w', units]."""
        kernel = self.normalized(training and not pass_modes.statistics_are_frozen())
        outputs = tf.nn.conv2d(inputs, tf.cast(kernel, inputs.dtype), self.stride, self.padding)
        if self.with_bias:
            outputs = weights.add_bias(outputs, tf.cast(self.bias.value, outputs.dtype))
        if self.slope is None:
            return outputs
        return activations.leaky_relu(outputs, self.slope, training)

    def normalized(self, record: bool = False) -> tf.Tensor:
        """W / sigma(W), float32.

        Args:
            record: Whether the next power iteration starts from this estimate.
        """
        matrix = tf.reshape(self.kernel.value, [-1, self.units])
        fixed = tf.stop_gradient(matrix)
        left = tf.math.l2_normalize(tf.linalg.matvec(fixed, self.direction.value), epsilon=1e-12)
        right = tf.linalg.matvec(fixed, left, transpose_a=True)
        right = tf.math.l2_normalize(right, epsilon=1e-12)
        if record:
            self.direction.assign(right)
        sigma = tf.reduce_sum(left * tf.linalg.matvec(matrix, right))
        return self.kernel.value / sigma
