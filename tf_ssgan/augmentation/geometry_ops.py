"""Operations that move the pixels of images, with one amount per image.

Every operation takes images uint8 [batch, height, width, channels] and amounts float32 [batch] and
returns images of the same shape and type; the batch may be of any size, or empty.
Pixels are interpolated by nearest neighbor, and pixels from outside the image are black (0). This
is what Pillow's Image.transform and Image.rotate do by default, down to the fixed-point arithmetic
of its Geometry.c.
"""

import math

import numpy as np
import tensorflow as tf

_FIXED = 16  # fractional bits


def rotate(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Rotates counterclockwise about the center by `amount` degrees."""
    angle = _per_image(amounts) * (-math.pi / 180)
    y, x = images.shape[1] / 2, images.shape[2] / 2
    along = tf.cos(angle) * np.array([[1, 0, -x], [0, 1, -y]])
    across = tf.sin(angle) * np.array([[0, 1, -y], [-1, 0, x]])
    return _affine(images, along + across + np.array([[0, 0, x], [0, 0, y]]))


def shear_x(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shifts row y, counted from the top, to the left by `amount` * y pixels."""
    return _affine(images, np.eye(2, 3) + _per_image(amounts) * np.array([[0, 1, 0], [0, 0, 0]]))


def shear_y(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shifts column x, counted from the left, up by `amount` * x pixels."""
    return _affine(images, np.eye(2, 3) + _per_image(amounts) * np.array([[0, 0, 0], [1, 0, 0]]))


def translate_x(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shifts to the left by `amount` of the width, to the nearest pixel."""
    shift = tf.floor(_per_image(amounts) * images.shape[2] + 0.5)
    return _affine(images, np.eye(2, 3) + shift * np.array([[0, 0, 1], [0, 0, 0]]))


def translate_y(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shifts up by `amount` of the height, to the nearest pixel."""
    shift = tf.floor(_per_image(amounts) * images.shape[1] + 0.5)
    return _affine(images, np.eye(2, 3) + shift * np.array([[0, 0, 0], [0, 0, 1]]))


def _per_image(amounts: tf.Tensor) -> tf.Tensor:
    """Reshapes float32 [batch] to float64 [batch, 1, 1]."""
    return tf.cast(amounts, tf.float64)[:, None, None]


def _affine(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Takes pixel (x, y) from position matrix @ (x, y, 1); positions outside are black.

    Args:
        images: uint8 [batch, height, width, channels].
        matrices: float64 [batch, 2, 3], in coordinates in which integers are the corners of pixels.
    """
    height, width, channels = images.shape[1:]
    centers = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    scaled = tf.reshape(matrices, [-1, 3]) @ (centers * 2**_FIXED)
    fixed = tf.cast(tf.floor(scaled + 0.5), tf.int32)
    y, x = np.indices([height, width], np.int32).reshape([2, -1])
    source = tf.bitwise.right_shift(fixed @ np.stack([x, y, np.ones_like(x)]), _FIXED)
    source = tf.reshape(source, [-1, 2, height * width])
    # Pixels from outside are taken from a black frame, one pixel wide.
    source = tf.clip_by_value(source, -1, np.array([[width], [height]], np.int32)) + 1
    framed = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    framed = tf.reshape(framed, [-1, (height + 2) * (width + 2), channels])
    moved = tf.gather(framed, source[:, 1] * (width + 2) + source[:, 0], axis=1, batch_dims=1)
    return tf.reshape(moved, tf.shape(images))
