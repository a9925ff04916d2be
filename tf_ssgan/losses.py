"""Losses: pure functions of tensors, each with its formula and its source.

Logits come in, float32 scalars go out; means are over the batch unless a sum is written. `lse` is
log-sum-exp over the classes. In the K+1-class losses the fake class has the fixed logit 0, so
D(x) = P(real | x) = Z / (Z + 1) with Z = exp(lse) (Salimans et al. 2016, section 5).
"""

import tensorflow as tf

from tf_ssgan import replicas


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean of lse(l_i) - l_i[y_i] over the examples that have a label.

    Args:
        labels: int [batch]; a negative label means unknown and counts for nothing.
        logits: [batch, classes].

    Returns:
        A float32 scalar; 0 if no example has a label.
    """
    known = tf.cast(labels >= 0, tf.float32)
    per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.maximum(labels, 0), tf.cast(logits, tf.float32)
    )
    return tf.math.divide_no_nan(tf.reduce_sum(per_example * known), tf.reduce_sum(known))


def real_or_fake(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Unsupervised half of the K+1 discriminator loss, in full form.

    -E log D(real) - E log(1 - D(fake)) = E softplus(-lse(real)) + E softplus(lse(fake)).
    The public code of Salimans et al. (2016) takes half of it (weight 0.5).

    Args:
        real_logits: [batch, classes], images from the data.
        fake_logits: [batch, classes], generated images.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-_lse(real_logits))) + tf.reduce_mean(
        tf.nn.softplus(_lse(fake_logits))
    )


def fool(fake_logits: tf.Tensor) -> tf.Tensor:
    """Generator loss -E log D(G(z)) = E softplus(-lse) (Jiang et al. 2019, algorithm 1).

    Args:
        fake_logits: [batch, classes], generated images.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-_lse(fake_logits)))


def feature_matching(real_features: tf.Tensor, fake_features: tf.Tensor) -> tf.Tensor:
    """Mean over features of |E f(x) - E f(G(z))| (Salimans et al. 2016, section 3.1, public code).

    The two batches may differ in size. Their means are taken over all replicas.

    Args:
        real_features: [batch, features].
        fake_features: [other batch, features].

    Returns:
        A float32 scalar, at least 0.
    """
    real = replicas.mean(tf.reduce_mean(tf.cast(real_features, tf.float32), axis=0))
    fake = replicas.mean(tf.reduce_mean(tf.cast(fake_features, tf.float32), axis=0))
    return tf.reduce_mean(tf.abs(real - fake))


def squared_distance(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
    """Mean over the batch of ||one_i - two_i||^2, summed over the last axis.

    Jiang et al. (2019), section 2.1, with the weight w(t) left to the caller. Laine and Aila (2017)
    take the mean over the K classes instead: their weight 100 is 10 here at K = 10.

    Args:
        one: [batch, width], one branch.
        two: [batch, width], the other branch.

    Returns:
        A float32 scalar, at least 0; gradients flow into both.
    """
    difference = tf.cast(one, tf.float32) - tf.cast(two, tf.float32)
    return tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=-1))


def _lse(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(tf.cast(logits, tf.float32), axis=-1)
