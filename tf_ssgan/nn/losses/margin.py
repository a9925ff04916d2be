"""Losses of max-margin classifiers, which want one class ahead of the others by a margin."""

import tensorflow as tf

MARGIN = 10.0


def hinge_loss(
    labels: tf.Tensor,
    logits: tf.Tensor,
    margin: float = MARGIN,
    weights: tf.Tensor | None = None,
) -> tf.Tensor:
    """Mean of w_i max_y (margin [y != y_i] + f_y - f_{y_i}) (Crammer and Singer 2001).

    The public code of Li et al. (2015), zhenxuan00/mmdgm, has a margin of 10 on SVHN.

    Args:
        labels: int [batch], each in 0..classes-1.
        logits: f, [batch, classes].
        margin: By how much the label shall lead.
        weights: float32 [batch], w; None for 1.

    Returns:
        A float32 scalar, at least 0.
    """
    logits = tf.cast(logits, tf.float32)
    right = tf.one_hot(labels, logits.shape[-1])
    score = tf.reduce_sum(right * logits, axis=-1, keepdims=True)
    per_example = tf.reduce_max(margin * (1.0 - right) + logits - score, axis=-1)
    return tf.reduce_mean(per_example if weights is None else per_example * weights)


def hat_loss(logits: tf.Tensor, margin: float = MARGIN) -> tf.Tensor:
    """The hinge loss with the predicted class: by how much the lead falls short of the margin.

    Mean of max(0, margin + f_2 - f_1), f_1 and f_2 the two largest logits of an image. It keeps the
    boundaries away from unlabeled images, as that of transductive support vector machines does.

    Args:
        logits: f, [batch, classes], at least two classes.
        margin: By how much the predicted class shall lead.

    Returns:
        A float32 scalar in [0, margin].
    """
    return hinge_loss(tf.argmax(logits, axis=-1), logits, margin)
