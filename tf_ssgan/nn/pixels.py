"""Pixels as values of a distribution: intensities, binary ones, and continuous ones.

Images are float32 in [-1, 1], as everywhere; what is made of them are vectors [batch, values].
"""

import math

import tensorflow as tf

from tf_ssgan.nn import step_random

LEVELS = 256  # of a pixel


def intensities(images: tf.Tensor) -> tf.Tensor:
    """Pixels in [0, 1], one vector an image.

    Args:
        images: [batch, h, w, c] in [-1, 1].

    Returns:
        float32 [batch, h w c] in [0, 1].
    """
    flat = tf.reshape(images, [-1, math.prod(images.shape[1:])])
    return 0.5 * (tf.cast(flat, tf.float32) + 1.0)


def binarized(images: tf.Tensor) -> tf.Tensor:
    """Pixels that are 1 with the probability of their intensity, drawn anew in each step.

    Salakhutdinov and Murray (2008), section 4; for a Bernoulli likelihood.

    Args:
        images: [batch, h, w, c] in [-1, 1].

    Returns:
        float32 [batch, h w c], each 0 or 1.
    """
    p = intensities(images)
    return tf.cast(step_random.current().uniform(*p.shape) < p, tf.float32)


def dequantized(images: tf.Tensor) -> tf.Tensor:
    """Pixels with uniform noise of the width of a level, so that a density is bounded.

    Uria, Murray and Larochelle (2013), section 4: (v + u) / 256 with v in 0..255, u ~ U[0, 1).

    Args:
        images: [batch, h, w, c] in [-1, 1].

    Returns:
        float32 [batch, h w c] in [0, 1).
    """
    levels = intensities(images) * (LEVELS - 1)
    return (levels + step_random.current().uniform(*levels.shape)) / LEVELS
