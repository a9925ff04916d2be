"""Losses along a manifold of images: how a classifier, or a generator, changes along tangents.

A tangent of images x = G(z) is the derivative J v of G along a direction v of z, an image itself.
"""

from collections.abc import Sequence

import tensorflow as tf

_SHORTEST = 1e-12  # squared length of a tangent that is scaled to 1: a constant image stays 0


def unit_tangents(tangents: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Scales the tangents of each image to length 1; those of length 0 stay 0.

    Args:
        tangents: float32 [batch, ...] each.
    """
    axes = list(range(1, tangents[0].shape.rank))
    return [tf.math.l2_normalize(tangent, axes, epsilon=_SHORTEST) for tangent in tangents]


def squared_steepness(derivatives: Sequence[tf.Tensor]) -> tf.Tensor:
    """Mean over the batch of sum_a ||J_f t_a||^2 (Kumar et al. 2017, section 3).

    Args:
        derivatives: float32 [batch, width], of the outputs of a network along each tangent.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.add_n([tf.reduce_mean(tf.reduce_sum(tf.square(d), axis=-1)) for d in derivatives])


def steepness(
    derivatives: Sequence[tf.Tensor],
    labels: tf.Tensor | None = None,
    weights: tf.Tensor | None = None,
) -> tf.Tensor:
    """Mean over batch, tangents and classes of |d log p_k| along the tangents.

    Qi et al. (2018), section 3.2, public code.

    Args:
        derivatives: float32 [batch, classes], of the logarithms of the class probabilities, along
            each tangent.
        labels: int [batch]; if given, only the class of each image counts.
        weights: float32 [batch], a factor of each image's derivatives; None for 1.

    Returns:
        A float32 scalar, at least 0.
    """
    stacked = tf.abs(tf.stack(derivatives))
    if weights is not None:
        stacked *= weights[:, tf.newaxis]
    if labels is not None:
        stacked = tf.reduce_sum(stacked * tf.one_hot(labels, stacked.shape[-1]), axis=-1)
    return tf.reduce_mean(stacked)


def orthonormality(tangents: Sequence[tf.Tensor]) -> tf.Tensor:
    """Mean over the batch of sum_ab |(J^T J - I)_ab| / n^2, for n tangents of each image.

    Qi et al. (2018), section 3.1, public code. It is 0 if they are orthogonal and of length 1.

    Args:
        tangents: float32 [batch, ...] each, the columns of J.

    Returns:
        A float32 scalar, at least 0.
    """
    columns = tf.stack([tf.reshape(t, [t.shape[0], -1]) for t in tangents], axis=1)
    products = tf.matmul(columns, columns, transpose_b=True)
    return tf.reduce_mean(tf.abs(products - tf.eye(len(tangents))))
