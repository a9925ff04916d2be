"""Cutout: a gray square over each image.

DeVries and Taylor (2017), Improved regularization of convolutional neural networks with cutout:
the square's center is uniform over the image, and the square is clipped at the border.
"""

import tensorflow as tf

from tf_ssgan.nn import step_random

GRAY = 127


def cutout(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Covers a square whose side is uniform from 1 pixel to half the image's shorter side.

    The side is drawn as in TorchSSL, datasets/augmentation/randaugment.py, which is not quite gray,
    (125, 123, 114), and pushes the square in at the left and the top.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    sides = draw.integers(images.shape[0], 1, low=1, high=max(_half(images), 1) + 1)
    return _covered(images, sides, draw)


def cutout_authors(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Covers a square of half the image's shorter side, 16 of 32 pixels.

    As in shrebox/Semi-supervised-Image-Classification, Task3/randaugment.py, whose square comes out
    one pixel wider, as its end is drawn too, and is pushed in at the left and the top.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return _covered(images, tf.constant(_half(images)), draw)


def _half(images: tf.Tensor) -> int:
    """Half the shorter side, in pixels."""
    return min(images.shape[1], images.shape[2]) // 2


def _covered(images: tf.Tensor, sides: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Covers a square of int32 [batch, 1] pixels a side about a uniform point."""
    centers = draw.uniform(images.shape[0], 2)
    lines = _within(centers[:, :1] * images.shape[1], sides, images.shape[1])
    columns = _within(centers[:, 1:] * images.shape[2], sides, images.shape[2])
    # With a line's channels side by side the mask broadcasts several times as fast.
    columns = tf.repeat(columns, images.shape[3], axis=1)
    hidden = tf.logical_and(lines[:, :, None], columns[:, None])
    flat = tf.reshape(images, hidden.shape)
    return tf.reshape(tf.where(hidden, tf.constant(GRAY, tf.uint8), flat), images.shape)


def _within(centers: tf.Tensor, sides: tf.Tensor, size: int) -> tf.Tensor:
    """Which of `size` pixels lie in the `sides` around the centers; bool [batch, size]."""
    start = tf.cast(tf.floor(centers - tf.cast(sides, tf.float32) / 2), tf.int32)
    place = tf.range(size)
    return tf.logical_and(place >= start, place < start + sides)
