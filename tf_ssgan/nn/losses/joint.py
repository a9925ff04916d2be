"""Losses of GANs with more than two players, and of generators that shall cover their data."""

import math

import tensorflow as tf

from tf_ssgan.nn import distribution


def pair_discriminator_loss(
    labeled: tf.Tensor,
    pseudo_labeled: tf.Tensor,
    pseudo_share: float,
    generated: tf.Tensor,
    classified: tf.Tensor,
    weights: tf.Tensor | None = None,
) -> tf.Tensor:
    """Loss of a discriminator of pairs of image and label (Li et al. 2017, equation 3).

    E softplus(-d(x, y)) + 1/2 E softplus(d(G(y, z), y)) + 1/2 E softplus(d(x, C(x))). The public
    code adds images with the labels of the classifier to the real pairs, too.

    Args:
        labeled: Scores d of labeled images with their labels, [batch, 1].
        pseudo_labeled: Scores of other real images with the labels that the classifier gives them,
            which count as real too.
        pseudo_share: Their share of the real pairs, in [0, 1].
        generated: Scores of generated images with their labels.
        classified: Scores of real images with the labels that the classifier gives them.
        weights: float32 [batch], weights of the labeled images; None for 1.

    Returns:
        A float32 scalar, at least 0.
    """
    doubts = [tf.nn.softplus(-tf.cast(score, tf.float32)) for score in (labeled, pseudo_labeled)]
    if weights is not None:
        doubts[0] *= weights[:, tf.newaxis]
    real = [tf.reduce_mean(doubt) for doubt in doubts]
    fake = [_mean_softplus(tf.cast(score, tf.float32)) for score in (generated, classified)]
    return (1.0 - pseudo_share) * real[0] + pseudo_share * real[1] + 0.5 * tf.add_n(fake)


def pair_classifier_loss(logits: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """1/2 E p_max softplus(-d(x, argmax p)), which teaches a classifier to convince D.

    Li et al. (2017), equation 4 and public code: no gradient passes through the label that the
    classifier gives, and none into D; it learns by the probability of that label alone.

    Args:
        logits: [batch, classes], of the classifier.
        scores: [batch, 1], D's of each image with the most probable class.

    Returns:
        A float32 scalar, at least 0.
    """
    likeliest = tf.reduce_max(tf.nn.softmax(tf.cast(logits, tf.float32)), axis=-1)
    doubt = tf.nn.softplus(-tf.cast(tf.stop_gradient(scores), tf.float32))
    return 0.5 * tf.reduce_mean(likeliest * tf.reshape(doubt, [-1]))


def marginal_entropy(logits: tf.Tensor) -> tf.Tensor:
    """H(E p): the entropy of the mean prediction (Springenberg 2016, equation 4).

    The mean is that over all replicas.

    Args:
        logits: [batch, classes].

    Returns:
        A float32 scalar in [0, log classes].
    """
    mean, log_mean = _mean_prediction(logits)
    return -tf.reduce_sum(mean * log_mean)


def uniform_cross_entropy(logits: tf.Tensor) -> tf.Tensor:
    """-1/K sum_k log E p_k: smallest if all classes are predicted equally often.

    Li et al. (2017), public code. The mean is that over all replicas.

    Args:
        logits: [batch, classes].

    Returns:
        A float32 scalar, at least log classes.
    """
    return -tf.reduce_mean(_mean_prediction(logits)[1])


def uniform_divergence(logits: tf.Tensor) -> tf.Tensor:
    """KL(uniform || E p) = sum_k 1/K log(1/K / E p_k) (Li, Socher and Hoi 2020, equation 11).

    That is `uniform_cross_entropy` less log K, so it is 0 where all classes are predicted equally
    often; their gradients are the same. The mean is that over all replicas.

    Args:
        logits: [batch, classes].

    Returns:
        A float32 scalar, at least 0 up to rounding.
    """
    return uniform_cross_entropy(logits) - math.log(logits.shape[-1])


def pull_away(features: tf.Tensor) -> tf.Tensor:
    """Mean squared cosine of all pairs of different rows (Zhao et al. 2017; Dai et al. 2017).

    sum_{i != j} cos^2(f_i, f_j) / (n (n - 1)), over the rows of all replicas.

    Args:
        features: [batch, width].

    Returns:
        A float32 scalar in [0, 1]; 0 for a single row.
    """
    features = distribution.gather_over_replicas(tf.cast(features, tf.float32))
    unit = tf.math.l2_normalize(features, axis=-1)
    cosines = tf.matmul(unit, unit, transpose_b=True)
    rows = features.shape[0]
    others = 1.0 - tf.eye(rows)
    return tf.reduce_sum(tf.square(cosines) * others) / max(1, rows * (rows - 1))


def code_loss(mean: tf.Tensor, log_scale: tf.Tensor, latents: tf.Tensor) -> tf.Tensor:
    """Negative log-likelihood of latents, up to a constant (Dai et al. 2017, section 4.2).

    E sum_j [ log sigma_j + 1/2 ((z_j - mu_j) / sigma_j)^2 ]: minus a lower bound of the entropy of
    the generator's images, up to that of z.

    Args:
        mean: [batch, width], mu of an encoder.
        log_scale: [batch, width], log sigma.
        latents: [batch, width], z.

    Returns:
        A float32 scalar.
    """
    mean, log_scale = (tf.cast(value, tf.float32) for value in (mean, log_scale))
    standardized = (latents - mean) * tf.exp(-log_scale)
    return tf.reduce_mean(tf.reduce_sum(log_scale + 0.5 * tf.square(standardized), axis=-1))


def _mean_prediction(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The mean of the class probabilities over all replicas and its logarithm, [classes] each."""
    mean = tf.reduce_mean(tf.nn.softmax(tf.cast(logits, tf.float32)), axis=0)
    mean = distribution.mean_over_replicas(mean)
    return mean, tf.math.log(tf.maximum(mean, math.exp(-80)))


def _mean_softplus(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.softplus(values))
