"""The denoising cost of ladder networks."""

import tensorflow as tf


def denoising(
    estimate: tf.Tensor,
    clean: tf.Tensor,
    mean: tf.Tensor | float = 0.0,
    deviation: tf.Tensor | float = 1.0,
) -> tf.Tensor:
    """Mean over batch and units of ((estimate - mean) / deviation - clean)^2.

    Rasmus et al. (2015), equation 3, for one layer and without its weight.

    Args:
        estimate: [batch, ..., units], what the decoder makes of the corrupted values.
        clean: The same shape, the values of the clean encoder, normalized.
        mean: [units], by which these are normalized; 0 where they are not.
        deviation: [units], the standard deviation, likewise; 1 where they are not.

    Returns:
        A float32 scalar, at least 0; gradients flow into everything.
    """
    return tf.reduce_mean(tf.square((estimate - mean) / deviation - clean))
