"""Losses of discriminators, critics and generators."""

import math
from collections.abc import Callable

import tensorflow as tf

from tf_ssgan.nn import distribution


def real_or_fake(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Unsupervised part of the loss of a (K+1)-class discriminator.

    -E log D(real) - E log(1 - D(fake)) = E softplus(-lse(real)) + E softplus(lse(fake)), where lse
    is the logsumexp over the K logits. The public code of Salimans et al. (2016) takes half of it.

    Args:
        real_logits: [batch, classes], of real images.
        fake_logits: [batch, classes], of generated images.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-_lse(real_logits))) + tf.reduce_mean(
        tf.nn.softplus(_lse(fake_logits))
    )


def generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Generator loss -E log D(G(z)) = E softplus(-lse) (Jiang et al. 2019, algorithm 1).

    Args:
        fake_logits: [batch, classes], of generated images.

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
    real = distribution.mean_over_replicas(
        tf.reduce_mean(tf.cast(real_features, tf.float32), axis=0)
    )
    fake = distribution.mean_over_replicas(
        tf.reduce_mean(tf.cast(fake_features, tf.float32), axis=0)
    )
    return tf.reduce_mean(tf.abs(real - fake))


def pair_weights(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """How strongly `real_or_fake` acts on each pair of an image and a class (Park et al. 2020).

    It pulls real images toward class j with the weight omega_ij = softmax(l_i)_j (1 - D(x_i)), and
    pushes generated images away from it with softmax(l_i)_j D(G(z_i)). These are minus and plus the
    gradients of `real_or_fake` with respect to the logits, times the batch size.

    Args:
        real_logits: [batch, classes], of real images.
        fake_logits: [batch, classes], of generated images.

    Returns:
        float32 [batch, classes] each, in (0, 1).
    """
    real, fake = tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32)
    pull = tf.nn.softmax(real) * tf.sigmoid(-_lse(real))[:, tf.newaxis]
    push = tf.nn.softmax(fake) * tf.sigmoid(_lse(fake))[:, tf.newaxis]
    return pull, push


def mean_angle(features: tf.Tensor, vectors: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean angle of features to their predicted class's vector (Park et al. 2020, proposition 2).

    Args:
        features: [batch, width].
        vectors: [width, classes], one column for each class.
        logits: [batch, classes]; the largest is the prediction.

    Returns:
        A float32 scalar in degrees, in [0, 180].
    """
    unit_features = tf.math.l2_normalize(tf.cast(features, tf.float32), axis=1)
    unit_vectors = tf.math.l2_normalize(tf.cast(vectors, tf.float32), axis=0)
    predicted = tf.gather(tf.transpose(unit_vectors), tf.argmax(logits, axis=-1))
    # By rounding, a cosine may lie outside of [-1, 1], where acos is NaN.
    cosine = tf.clip_by_value(tf.reduce_sum(unit_features * predicted, axis=1), -1.0, 1.0)
    return tf.reduce_mean(tf.acos(cosine)) * (180.0 / math.pi)


def source_loss(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of a source head: E softplus(-s(real)) + E softplus(s(fake)).

    -E log P(S = real | x_r) - E log P(S = fake | x_f), the negative L_S of Odena et al. (2017),
    equation 2.

    Args:
        real: Source logits of real images, of any shape.
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-tf.cast(real, tf.float32))) + tf.reduce_mean(
        tf.nn.softplus(tf.cast(fake, tf.float32))
    )


def source_generator_loss(fake: tf.Tensor) -> tf.Tensor:
    """Generator loss against a source head: -E log P(S = real | G(z, c)) = E softplus(-s).

    The non-saturating form (Goodfellow et al. 2014, section 3).

    Args:
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar, at least 0.
    """
    return tf.reduce_mean(tf.nn.softplus(-tf.cast(fake, tf.float32)))


def wasserstein_critic_loss(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Critic loss E s(fake) - E s(real), the negative distance (Arjovsky et al. 2017, equation 2).

    Args:
        real: Scores of real images, of any shape.
        fake: Scores of generated images, of any shape.

    Returns:
        A float32 scalar.
    """
    return -wasserstein_generator_loss(fake) - tf.reduce_mean(tf.cast(real, tf.float32))


def wasserstein_generator_loss(fake: tf.Tensor) -> tf.Tensor:
    """Generator loss -E s(G(z)) against a critic (Arjovsky et al. 2017).

    Args:
        fake: Scores of generated images, of any shape.

    Returns:
        A float32 scalar.
    """
    return -tf.reduce_mean(tf.cast(fake, tf.float32))


def least_squares_critic_loss(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """E (sigmoid(s(real)) - 1)^2 + E sigmoid(s(fake))^2 (Mao et al. 2017, equation 2).

    With the targets 1 for real and 0 for generated images, of probabilities, and without the
    factors 1/2.

    Args:
        real: Source logits of real images, of any shape.
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar in [0, 2].
    """
    return least_squares_generator_loss(real) + tf.reduce_mean(
        tf.square(tf.sigmoid(tf.cast(fake, tf.float32)))
    )


def least_squares_generator_loss(fake: tf.Tensor) -> tf.Tensor:
    """Generator loss E (sigmoid(s(G(z))) - 1)^2 (Mao et al. 2017, equation 2).

    Args:
        fake: Source logits of generated images, of any shape.

    Returns:
        A float32 scalar in [0, 1].
    """
    return tf.reduce_mean(tf.square(tf.sigmoid(tf.cast(fake, tf.float32)) - 1.0))


def gradient_penalty(
    critic: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor, fake: tf.Tensor, mix: tf.Tensor
) -> tf.Tensor:
    """E (||grad s(x)||_2 - 1)^2 at x = mix real + (1 - mix) fake (Gulrajani et al. 2017).

    It is computed in float32; the critic should be built in float32 too. 1e-12 is added under the
    root of the norm, so that the penalty has a gradient where the critic has none.

    Args:
        critic: Images -> scores, one for each image; it is differentiated twice.
        real: [batch, ...], real images.
        fake: [batch, ...], generated images.
        mix: [batch, 1, ...], uniform in [0, 1].

    Returns:
        A float32 scalar, at least 0.
    """
    between = mix * tf.cast(real, tf.float32) + (1.0 - mix) * tf.cast(fake, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = tf.cast(critic(between), tf.float32)
    slope = tape.gradient(scores, between)
    norm = tf.sqrt(tf.reduce_sum(tf.square(slope), range(1, slope.shape.rank)) + 1e-12)
    return tf.reduce_mean(tf.square(norm - 1.0))


def _lse(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(tf.cast(logits, tf.float32), axis=-1)
