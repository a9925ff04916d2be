"""Pixels: between bytes and the range [-1, 1] that networks read, and as values of a distribution.

Intensities, binary values and dequantized ones are vectors [batch, values], made of float32 images
in [-1, 1] [batch, h, w, c].
"""

import math

import numpy as np
import tensorflow as tf

from tf_ssgan.nn import step_random

LEVELS = 256  # of a pixel


def to_float32(pixels: tf.Tensor | np.ndarray) -> tf.Tensor:
    """Scales uint8 images to float32 in [-1, 1]: (x - 127.5) / 127.5.

    Args:
        pixels: uint8 [...].

    Returns:
        float32, the same shape.
    """
    return (tf.cast(pixels, tf.float32) - 127.5) / 127.5


def cast_to_bytes(numbers: tf.Tensor) -> tf.Tensor:
    """Casts numbers to bytes as NumPy does (-1.3 becomes 255), and scales these as `to_float32`.

    It is what a program does to standardized images that it takes for images of bytes.

    Args:
        numbers: float32 [...].

    Returns:
        float32, the same shape.
    """
    return to_float32(tf.math.floormod(tf.cast(numbers, tf.int32), 256))


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Scales images in [-1, 1] to bytes: 127.5 x + 127.5, rounded to the nearest byte.

    Args:
        images: float [...]; values beyond [-1, 1] are clipped.

    Returns:
        uint8, the same shape.
    """
    return np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8)


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
