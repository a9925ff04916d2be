"""Terms of variational bounds: log-densities, divergences, and bounds with known and open class.

All are natural logarithms in float32, sums over the values of an example, not means, so that their
ratio to a cross-entropy is that of the papers. They are lower bounds, which a method raises; none
is a mean over the batch yet.
"""

import math

import tensorflow as tf

_LOG_2PI = math.log(2.0 * math.pi)


def bernoulli_log_density(x: tf.Tensor, logits: tf.Tensor, axes: int = 1) -> tf.Tensor:
    """sum_i [ x_i log g_i + (1 - x_i) log(1 - g_i) ] with g = sigmoid(l).

    Kingma and Welling (2014), equation 11.

    Args:
        x: [..., values], 0 or 1; or intensities between them, for the mean over binary images whose
            pixels are 1 that often.
        logits: l, of a shape that goes with it.
        axes: Number of the last axes that are summed: 1 of vectors, 3 of images.

    Returns:
        float32, the common shape without these axes.
    """
    x, logits = tf.cast(x, tf.float32), tf.cast(logits, tf.float32)
    # TensorFlow's cross-entropy would not broadcast.
    return _summed(x * logits - tf.nn.softplus(logits), axes)


def gaussian_log_density(
    x: tf.Tensor, mean: tf.Tensor, log_variance: tf.Tensor, axes: int = 1
) -> tf.Tensor:
    """-1/2 sum_i [ log 2 pi + s_i + (x_i - m_i)^2 e^-s_i ], which is log N(x; m, e^s).

    Kingma and Welling (2014), equation 12.

    Args:
        x: [..., values].
        mean: m, of a shape that goes with it.
        log_variance: s, likewise.
        axes: Number of the last axes that are summed: 1 of vectors, 3 of images.

    Returns:
        float32, the common shape without these axes.
    """
    x, mean, s = (tf.cast(value, tf.float32) for value in (x, mean, log_variance))
    return -0.5 * _summed(_LOG_2PI + s + tf.square(x - mean) * tf.exp(-s), axes)


def standard_log_density(x: tf.Tensor, axes: int = 1) -> tf.Tensor:
    """-1/2 sum_i [ log 2 pi + x_i^2 ], which is log N(x; 0, I).

    Args:
        x: [..., values].
        axes: Number of the last axes that are summed.

    Returns:
        float32, the shape without these axes.
    """
    return -0.5 * _summed(_LOG_2PI + tf.square(tf.cast(x, tf.float32)), axes)


def gaussian_divergence(
    mean: tf.Tensor,
    log_variance: tf.Tensor,
    other_mean: tf.Tensor | float = 0.0,
    other_log_variance: tf.Tensor | float = 0.0,
) -> tf.Tensor:
    """KL(N(mean, exp(log_variance)) || N(other_mean, exp(other_log_variance))).

    1/2 sum_i [ e^(s_i - t_i) + (m_i - n_i)^2 e^-t_i - 1 - s_i + t_i ]. Without the other one it is
    that to N(0, I): Kingma and Welling (2014), appendix B.

    Args:
        mean: m, [..., width].
        log_variance: s, likewise.
        other_mean: n, of a shape that goes with it.
        other_log_variance: t, likewise.

    Returns:
        float32 [...], at least 0 up to rounding.
    """
    m, s, n, t = (
        tf.cast(value, tf.float32) for value in (mean, log_variance, other_mean, other_log_variance)
    )
    # expm1(s - t) - (s - t) does not lose the digits of 1 + (s - t) - 1 - (s - t).
    terms = tf.math.expm1(s - t) - (s - t) + tf.square(m - n) * tf.exp(-t)
    return 0.5 * tf.reduce_sum(terms, axis=-1)


def class_bound(
    log_likelihood: tf.Tensor,
    divergence: tf.Tensor,
    classes: int,
    auxiliary: tf.Tensor | float = 0.0,
) -> tf.Tensor:
    """A lower bound of log p(x, y) of an image with its class, for one sample of the latents.

        L(x, y) = log p(x | y, z) + log p(y) - KL(q(z | x, y) || N(0, I))

    Kingma et al. (2014), equation 6. All classes are equally probable, p(y) = 1/K. A further latent
    a adds log p(a | .) - log q(a | x), both of a sample of q(a | x) (Maaloe et al. 2016).

    Args:
        log_likelihood: log p(x | y, z), or of SDGM log p(x | a, z, y), any shape.
        divergence: KL, of a shape that goes with it.
        classes: Number of classes K.
        auxiliary: log p(a | x, y, z), or of SDGM log p(a | z, y), less log q(a | x); likewise.

    Returns:
        float32, the common shape.
    """
    return log_likelihood + auxiliary - divergence - math.log(classes)


def open_class_bound(bounds: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """A lower bound of log p(x) of an image of unknown class.

        U(x) = sum_y q(y | x) (L(x, y) - log q(y | x))

    Kingma et al. (2014), equation 7: all classes are tried, none is drawn. If q(y | a, x) depends
    on a latent a, this is the term of one sample of a, and the bound is the mean of such terms.

    Args:
        bounds: L(x, y) of each class, [..., classes].
        logits: Those of q(y | x), likewise.

    Returns:
        float32 [...].
    """
    log_q = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    return tf.reduce_sum(tf.exp(log_q) * (tf.cast(bounds, tf.float32) - log_q), axis=-1)


def mean_log_probabilities(logits: tf.Tensor) -> tf.Tensor:
    """Logarithms of the mean over samples of the class probabilities.

    Args:
        logits: [..., samples, classes].

    Returns:
        float32 [..., classes]; the sum of their exponentials is 1.
    """
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    samples = tf.cast(tf.shape(log_p)[-2], tf.float32)
    return tf.reduce_logsumexp(log_p, axis=-2) - tf.math.log(samples)


def _summed(values: tf.Tensor, axes: int) -> tf.Tensor:
    """The sum over the last axes."""
    return tf.reduce_sum(values, axis=list(range(-axes, 0)))
