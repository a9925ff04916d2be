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


def middles(images: tf.Tensor) -> tf.Tensor:
    """The mean of `dequantized` images over their noise, (v + 1/2) / 256 with v in 0..255.

    Args:
        images: [batch, h, w, c] in [-1, 1].

    Returns:
        float32 [batch, h w c] in (0, 1).
    """
    return (intensities(images) * (LEVELS - 1) + 0.5) / LEVELS


def in_deviations(values: tf.Tensor, std: tuple[float, ...]) -> tf.Tensor:
    """Values divided by the standard deviation of their channel; no mean is subtracted.

    Args:
        values: [..., h w c].
        std: Standard deviation of the intensities in [0, 1], of each channel or one for all; less
            than a gray level counts as one, as the channel may be constant.

    Returns:
        float32, the same shape.
    """
    return tf.cast(values, tf.float32) / _of_each_value(values, std)


def from_deviations(values: tf.Tensor, std: tuple[float, ...]) -> tf.Tensor:
    """The inverse of `in_deviations`: values multiplied by the standard deviation."""
    return tf.cast(values, tf.float32) * _of_each_value(values, std)


def log_deviations(std: tuple[float, ...], values: int) -> float:
    """What `in_deviations` adds to the log-density of an image: the sum of log std, in nats.

    Args:
        std: As of `in_deviations`.
        values: h w c.
    """
    return float(np.sum(np.log(_deviations(std, values))))


def to_images(intensities: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    """Images of intensities, the inverse of `intensities`.

    Args:
        intensities: [batch, h w c]; values beyond [0, 1] are clipped.
        shape: h, w, c.

    Returns:
        float32 [batch, h, w, c] in [-1, 1].
    """
    scaled = tf.clip_by_value(2.0 * tf.cast(intensities, tf.float32) - 1.0, -1.0, 1.0)
    return tf.reshape(scaled, [-1, *shape])


def to_images_of_levels(values: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    """Images of dequantized values, the inverse of `middles`.

    Args:
        values: [batch, h w c]; what is no gray level is clipped.
        shape: h, w, c.

    Returns:
        float32 [batch, h, w, c] in [-1, 1].
    """
    return to_images((tf.cast(values, tf.float32) * LEVELS - 0.5) / (LEVELS - 1), shape)


def _of_each_value(values: tf.Tensor, std: tuple[float, ...]) -> tf.Tensor:
    return tf.constant(_deviations(std, values.shape[-1]), tf.float32)


def _deviations(std: tuple[float, ...], values: int) -> np.ndarray:
    """The standard deviation of each value of an image, channels last: float64 [values]."""
    return np.tile(np.maximum(std, 1 / (LEVELS - 1)), values // len(std))
