"""Losses of classifiers on labeled images, and measures of their predictions."""

import math

import tensorflow as tf


def cross_entropy(
    labels: tf.Tensor,
    logits: tf.Tensor,
    weights: tf.Tensor | None = None,
    of_batch: bool = False,
) -> tf.Tensor:
    """Mean of w_i (logsumexp(l_i) - l_i[y_i]) over the examples that have a label.

    Args:
        labels: int [batch]; negative means unknown, and the example is left out.
        logits: [batch, classes].
        weights: float32 [batch], w; None for 1. The sum is divided by the number of examples, not
            by the sum of their weights.
        of_batch: Divide the sum by the size of the batch instead, where labels are missing at
            random (Laine and Aila 2017, algorithm 1). Replicas may then have different numbers.

    Returns:
        A float32 scalar; 0 if no example has a label.
    """
    known = tf.cast(labels >= 0, tf.float32)
    per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.maximum(labels, 0), tf.cast(logits, tf.float32)
    )
    per_example = _weighted(per_example, weights)
    if of_batch:
        return tf.reduce_mean(per_example * known)
    return tf.math.divide_no_nan(tf.reduce_sum(per_example * known), tf.reduce_sum(known))


def mixed_cross_entropy(
    labels: tf.Tensor,
    others: tf.Tensor,
    share: tf.Tensor | float,
    logits: tf.Tensor,
    weights: tf.Tensor | None = None,
    other_weights: tf.Tensor | None = None,
) -> tf.Tensor:
    """Cross-entropy of mixtures of two images: share CE(labels) + (1 - share) CE(others).

    Zhang et al. (2018), section 2. Without weights it is that of the mixed one-hot labels.

    Args:
        labels: int [batch], the labels of one image of each mixture; negative means unknown.
        others: int [batch], the labels of the other.
        share: Lambda, the share of the one, in [0, 1].
        logits: [batch, classes], for the mixtures.
        weights: float32 [batch], weights of `labels`; None for 1.
        other_weights: float32 [batch], weights of `others`; None for 1.

    Returns:
        A float32 scalar, at least 0.
    """
    one = cross_entropy(labels, logits, weights)
    return share * one + (1.0 - share) * cross_entropy(others, logits, other_weights)


def soft_cross_entropy(
    targets: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean of -w_i sum_k q_ik log p_ik, q the targets and p of the logits.

    Gradients flow into both; a caller stops them where it needs a fixed target.

    Args:
        targets: [batch, classes], probabilities.
        logits: [batch, classes].
        weights: float32 [batch], w; None for 1. The sum is divided by the size of the batch.

    Returns:
        A float32 scalar, at least 0.
    """
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    per_example = -tf.reduce_sum(tf.cast(targets, tf.float32) * log_p, axis=-1)
    return tf.reduce_mean(_weighted(per_example, weights))


def one_vs_rest(
    labels: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """Binary cross-entropy of each class's sigmoid, summed over the classes, mean over the batch.

    -sum_k [ v_k log g_k + (1 - v_k) log(1 - g_k) ], g = sigmoid(l), v the one-hot label (Hu et al.
    2019, equations 5 and 6, which leave out the sum over the classes).

    Args:
        labels: int [batch], each in 0..classes-1.
        logits: [batch, classes].
        weights: float32 [batch], a factor of each example's loss; None for 1.

    Returns:
        A float32 scalar, at least 0.
    """
    logits = tf.cast(logits, tf.float32)
    per_class = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.one_hot(labels, logits.shape[-1]), logits
    )
    return tf.reduce_mean(_weighted(tf.reduce_sum(per_class, axis=-1), weights))


def exchanged_cross_entropy(
    labels: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean of log(e + K - 1) - p_y: a softmax cross-entropy whose arguments are exchanged.

    It takes the one-hot labels as logits and p = softmax(l) as the target (public code of
    rajas582/weakly-supervised-gan). Up to a constant, this is the mean absolute error of p_y.

    Args:
        labels: int [batch], each in 0..classes-1.
        logits: [batch, classes].
        weights: float32 [batch], a factor of each example's loss; None for 1.

    Returns:
        A float32 scalar; without weights in [log(e + K - 1) - 1, log(e + K - 1)].
    """
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    likelihood = tf.reduce_sum(tf.one_hot(labels, logits.shape[-1]) * probabilities, axis=-1)
    largest = math.log(math.e + logits.shape[-1] - 1)
    if weights is not None:
        largest *= tf.reduce_mean(weights)
    return largest - tf.reduce_mean(_weighted(likelihood, weights))


def mean_confidence(logits: tf.Tensor) -> tf.Tensor:
    """Mean over the batch of the largest class probability.

    Args:
        logits: [batch, classes].

    Returns:
        A float32 scalar in [1 / classes, 1].
    """
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    return tf.reduce_mean(tf.reduce_max(probabilities, axis=-1))


def entropy(logits: tf.Tensor) -> tf.Tensor:
    """Mean of -sum_k p_k log p_k (Grandvalet and Bengio 2005), in [0, log classes].

    Args:
        logits: [batch, classes].

    Returns:
        A float32 scalar.
    """
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    return -tf.reduce_mean(tf.reduce_sum(tf.exp(log_p) * log_p, axis=-1))


def l2_loss(weights: list[tf.Tensor]) -> tf.Tensor:
    """Half the sum of squares of all weights; its gradient is weight decay.

    Args:
        weights: Kernels of any shape.

    Returns:
        A float32 scalar.
    """
    return tf.add_n([tf.nn.l2_loss(tf.cast(weight, tf.float32)) for weight in weights])


def _weighted(per_example: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
    """The loss of each example times its weight."""
    return per_example if weights is None else per_example * weights
