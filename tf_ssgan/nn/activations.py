"""Leaky ReLU whose gradient is taken from its output."""

import tensorflow as tf


def leaky_relu(x: tf.Tensor, slope: float, training: bool) -> tf.Tensor:
    """The value where it is positive, slope times the value elsewhere.

    TensorFlow takes the gradient from the sign of the input. The output has the same sign, and if
    no gradient reads the input, a CPU computes a convolution, its bias and this in one operation,
    and the input takes no memory. ReLU's gradient reads the output in TensorFlow itself.

    Args:
        x: Of any shape and float format.
        slope: Slope of the negative part, in [0, 1].
        training: Whether the gradient is taken from the output. Exported networks have no use for
            it, and TensorFlow keeps every graph with such a gradient until the process ends.

    Returns:
        A tensor like x.
    """
    if slope == 0:
        return tf.nn.relu(x)
    if not training:
        return tf.nn.leaky_relu(x, slope)

    @tf.custom_gradient
    def from_output(x):
        outputs = tf.nn.leaky_relu(x, slope)

        def gradient(upstream):
            return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=outputs, alpha=slope)

        return outputs, gradient

    return from_output(x)
