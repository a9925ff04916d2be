"""Losses and weights of classification beside clustering: self-paced images, clusters, pairs.

The forms are ours, after the abstract of Wu, Ji, Wang, Wong, Yu and Xu (2018), whose text and code
we do not have.
"""

import tensorflow as tf

from tf_ssgan.nn import distribution
from tf_ssgan.nn.losses.consistency import masked_mean

_SMALLEST = 1e-12  # squared distance whose root is taken: that of 0 has an infinite gradient


def admitted(values: tf.Tensor, share: tf.Tensor | float) -> tf.Tensor:
    """Which examples are easy: v = 1[value < lambda], lambda such that a share of all is admitted.

    The share is that of the examples on all replicas, rounded to whole ones.

    Args:
        values: float32 [batch], the loss of each of this replica's examples.
        share: Share of the examples, in [0, 1].

    Returns:
        float32 [batch], 1 for easy examples and 0 for the others, without a gradient. Of examples
        whose loss is exactly lambda none is admitted.
    """
    values = tf.stop_gradient(values)
    ascending = tf.sort(distribution.gather_over_replicas(values))
    limits = tf.concat([ascending, [float("inf")]], 0)
    count = tf.cast(tf.round(share * tf.cast(tf.size(ascending), tf.float32)), tf.int32)
    return tf.cast(values < tf.gather(limits, count), tf.float32)


def cross_entropies(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The cross-entropy of each example: float32 [batch].

    Args:
        labels: int [batch], each in 0..classes-1.
        logits: [batch, classes].
    """
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32))


def cluster_weights(vectors: tf.Tensor, means: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """W = exp(-||e - mu||^2), mu the mean of the cluster of each example's class.

    Args:
        vectors: [batch, width], e.
        means: float32 [classes, width], of the clusters.
        labels: int [batch], the class of each example.

    Returns:
        float32 [batch], in (0, 1], without a gradient.
    """
    differences = tf.cast(vectors, tf.float32) - tf.gather(means, labels)
    return tf.stop_gradient(tf.exp(-tf.reduce_sum(tf.square(differences), axis=-1)))


def pair_terms(squared_distances: tf.Tensor, linked: tf.Tensor, margin: float) -> tf.Tensor:
    """Contrastive terms s d^2 + (1 - s) max(0, margin - d)^2 (Hadsell et al. 2006, without 1/2).

    The gradient at d = 0 is 0.

    Args:
        squared_distances: d^2 of each pair, at least 0 up to rounding.
        linked: s, the same shape, 1 for pairs of the same cluster and 0 for the others.
        margin: Distance from which pairs of two clusters have no loss.

    Returns:
        float32, the same shape.
    """
    squared = tf.maximum(tf.cast(squared_distances, tf.float32), _SMALLEST)
    apart = tf.square(tf.maximum(0.0, margin - tf.sqrt(squared)))
    return linked * squared + (1.0 - linked) * apart


def pair_loss(vectors: tf.Tensor, labels: tf.Tensor, sure: tf.Tensor, margin: float) -> tf.Tensor:
    """Mean of `pair_terms` over all pairs of two different sure examples, over all replicas.

    Args:
        vectors: [batch, width].
        labels: int [batch]; pairs of the same label are linked.
        sure: float32 [batch], 1 for examples whose label is sure, else 0.
        margin: See `pair_terms`.

    Returns:
        A float32 scalar; 0 without such pairs. Gradients flow into the vectors alone.
    """
    vectors = tf.cast(vectors, tf.float32)
    others, their_labels, their_sure = map(
        distribution.gather_over_replicas, (vectors, labels, sure)
    )
    squares = (tf.reduce_sum(tf.square(v), axis=-1) for v in (vectors, others))
    own, their = squares
    products = tf.matmul(vectors, others, transpose_b=True)
    distances = own[:, tf.newaxis] + their[tf.newaxis] - 2.0 * products
    rows = distribution.replica_rank() * vectors.shape[0] + tf.range(vectors.shape[0])
    counted = sure[:, tf.newaxis] * their_sure[tf.newaxis]
    counted *= 1.0 - tf.one_hot(rows, others.shape[0])  # an example is no pair with itself
    linked = tf.cast(labels[:, tf.newaxis] == their_labels[tf.newaxis], tf.float32)
    return masked_mean(pair_terms(distances, linked, margin), counted)


def class_sums(
    vectors: tf.Tensor, labels: tf.Tensor, counted: tf.Tensor, classes: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sum of the vectors of each class and their number, as means over the replicas.

    Args:
        vectors: [batch, width].
        labels: int [batch].
        counted: float32 [batch], 1 for vectors that count, else 0.
        classes: Number of classes.

    Returns:
        float32 [classes, width] and [classes], without a gradient; their quotient is the mean of
        each class over all replicas.
    """
    members = tf.one_hot(labels, classes) * counted[:, tf.newaxis]
    sums = tf.matmul(members, tf.cast(tf.stop_gradient(vectors), tf.float32), transpose_a=True)
    numbers = tf.reduce_sum(members, axis=0)
    return distribution.mean_over_replicas(sums), distribution.mean_over_replicas(numbers)
