"""Cutout: covers a square of each image with gray.

DeVries and Taylor (2017), Improved regularization of convolutional neural networks with cutout:
the center of the square is uniform over the image, and the square is clipped at the border.
"""

import tensorflow as tf

from tf_ssgan.nn.step_random import StepRandom

GRAY = 127


def cutout(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Covers a square whose side is uniform from 1 pixel to half the image's shorter side.

    The side is drawn as in TorchSSL, datasets/augmentation/randaugment.py. There, the color is
    (125, 123, 114), not quite gray, and the square is moved in at the left and top border.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    sides = random.integers(images.shape[0], 1, low=1, high=max(_half_side(images), 1) + 1)
    return _cover_square(images, sides, random)


def cutout_authors(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Covers a square of half the image's shorter side, 16 of 32 pixels.

    As in shrebox/Semi-supervised-Image-Classification, Task3/randaugment.py. There, the square is
    one pixel wider, because its end is included, and is moved in at the left and top border.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return _cover_square(images, tf.constant(_half_side(images)), random)


def _half_side(images: tf.Tensor) -> int:
    """Returns half the shorter side, in pixels, rounded down."""
    return min(images.shape[1], images.shape[2]) // 2


def _cover_square(images: tf.Tensor, sides: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Covers squares with sides of int32 [batch, 1] pixels around uniformly random centers."""
    centers = random.uniform(images.shape[0], 2)
    rows = _within(centers[:, :1] * images.shape[1], sides, images.shape[1])
    columns = _within(centers[:, 1:] * images.shape[2], sides, images.shape[2])
    # With the channels of a row side by side, the mask broadcasts several times as fast.
    columns = tf.repeat(columns, images.shape[3], axis=1)
    mask = tf.logical_and(rows[:, :, None], columns[:, None])
    flat = tf.reshape(images, mask.shape)
    return tf.reshape(tf.where(mask, tf.constant(GRAY, tf.uint8), flat), images.shape)


def _within(centers: tf.Tensor, sides: tf.Tensor, size: int) -> tf.Tensor:
    """Returns bool [batch, size]: which pixels are in the `sides` pixels around each center."""
    start = tf.cast(tf.floor(centers - tf.cast(sides, tf.float32) / 2), tf.int32)
    index = tf.range(size)
    return tf.logical_and(index >= start, index < start + sides)
