"""Functions of weights: their initial values, their number, the kernels among them, biases."""

import keras
import tensorflow as tf


def torch_uniform(inputs: int) -> keras.initializers.Initializer:
    """A new initializer U(-1 / sqrt(inputs), 1 / sqrt(inputs)), PyTorch's default.

    There, kernels and biases of dense layers and of convolutions have it. Layers must not share
    one, because it would give all of them the same values.

    Args:
        inputs: Values that each unit sums: for a convolution, those of all positions of its kernel.
    """
    bound = inputs**-0.5
    return keras.initializers.RandomUniform(-bound, bound)


def parameter_count(network: keras.Model, gains: bool = True) -> int:
    """Number of trainable weights; `gains=False` omits the gains of weight normalization."""
    return sum(
        int(tf.size(w.value)) for w in network.trainable_variables if gains or w.name != "gain"
    )


def kernels(network: keras.Model) -> list[tf.Tensor]:
    """The kernels of convolutions and dense layers, on which weight decay acts."""
    return [w.value for w in network.trainable_variables if w.name == "kernel"]


def add_bias(x: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """Adds bias [units] to x [batch, ..., units]; its gradient is taken in the faster form."""
    return tf.nn.bias_add(x, bias) if x.dtype == tf.float32 else _add_bias_of_few_bits(x, bias)


@tf.custom_gradient
def _add_bias_of_few_bits(x, bias):
    """The same in bfloat16, where sums are slow and lose digits; products keep float32 sums."""

    def gradients(upstream):
        rows = tf.reshape(upstream, [-1, bias.shape[0]])
        ones = tf.ones([1, tf.shape(rows)[0]], rows.dtype)
        return upstream, tf.reshape(tf.matmul(ones, rows), bias.shape)

    return tf.nn.bias_add(x, bias), gradients
