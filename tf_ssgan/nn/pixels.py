"""The scaling between bytes in files and the range [-1, 1] that networks read and generate."""

import numpy as np
import tensorflow as tf


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
