"""A dense layer of several inputs, and labels as one of them."""

import keras
import tensorflow as tf

from tf_ssgan.nn import weights


class JoinedDense(keras.layers.Layer):
    """A dense layer of the concatenation of its inputs, which is not made: a sum of products.

    The inputs may differ in other axes than the last one if their products can be broadcast. So
    what an image gives is computed once, however many samples and classes go with it.
    """

    def __init__(self, units: int, stddev: float, bias: bool = True, **kwargs):
        """Describes the layer.

        Args:
            units: Output values.
            stddev: Standard deviation of the initial kernel.
            bias: Whether there is a bias, initially 0.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.units = units
        self.stddev = stddev
        self.with_bias = bias

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes kernel [sum of the widths, units] and bias [units]."""
        self.widths = [shape[-1] for shape in input_shape]
        # Without a seed, because Method sets the global seed before it builds its networks.
        self.kernel = self.add_weight(
            shape=(sum(self.widths), self.units),
            initializer=keras.initializers.RandomNormal(stddev=self.stddev),
            name="kernel",
            autocast=False,
        )
        if self.with_bias:
            self.bias = self.add_weight(
                shape=(self.units,), initializer="zeros", name="bias", autocast=False
            )

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Maps tensors [batch, ..., width] to [batch, ..., units]."""
        dtype = self.compute_dtype  # Keras leaves the inputs of a network in a network as they are
        parts = tf.split(tf.cast(self.kernel.value, dtype), self.widths)
        products = [
            tf.tensordot(tf.cast(x, dtype), part, 1) for x, part in zip(inputs, parts, strict=True)
        ]
        total = sum(products[1:], products[0])
        if not self.with_bias:
            return total
        return weights.add_bias(total, tf.cast(self.bias.value, total.dtype))


class OneHot(keras.layers.Layer):
    """Labels as one-hot vectors: int64 [batch, ...] -> [batch, ..., classes]."""

    def __init__(self, classes: int, **kwargs):
        """Describes the layer.

        Args:
            classes: Number of classes K.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, label: tf.Tensor) -> tf.Tensor:
        """Encodes them."""
        return tf.one_hot(label, self.classes, dtype=self.compute_dtype)
