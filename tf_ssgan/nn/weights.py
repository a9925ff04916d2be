"""Functions of weights: their number, the kernels among them, adding biases."""

import keras
import tensorflow as tf


def parameter_count(network: keras.Model, gains: bool = True) -> int:
    """Number of trainable weights; `gains=False` omits the gains of weight normalization."""
    return sum(
        int(tf.size(w.value)) for w in network.trainable_variables if gains or w.name != "gain"
    )


def kernels(network: keras.Model) -> list[tf.Tensor]:
    """The kernels of convolutions and dense layers, on which weight decay acts."""
    return [w.value for w in network.trainable_variables if w.name == "kernel"]


def add_bias(x: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """Adds bias [units] to x [batch, ..., units], by the operation whose gradient is faster.

    For 26 million values on 2 cores, the gradient of `bias_add` took 2 ms in float32, that of a sum
    7 ms; in bfloat16 they took 18 ms and 6 ms.
    """
    return tf.nn.bias_add(x, bias) if x.dtype == tf.float32 else x + bias
