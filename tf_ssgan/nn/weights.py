"""Counting weights, selecting kernels, adding biases."""

import keras
import tensorflow as tf


def parameter_count(network: keras.Model, gains: bool = True) -> int:
    """Number of trainable weights; `gains=False` leaves weight normalization's gains out."""
    return sum(
        int(tf.size(w.value)) for w in network.trainable_variables if gains or w.name != "gain"
    )


def kernels(network: keras.Model) -> list[tf.Tensor]:
    """The kernels of convolutions and dense layers: what weight decay acts on."""
    return [w.value for w in network.trainable_variables if w.name == "kernel"]


def add_bias(x: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """X [batch, ..., units] + bias [units]; in the form whose gradient is the fast one.

    For 26 million values on 2 cores, `bias_add`'s took 2 ms in float32 against 7 by a sum, and 18
    in bfloat16 against 6.
    """
    return tf.nn.bias_add(x, bias) if x.dtype == tf.float32 else x + bias
