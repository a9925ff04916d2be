"""RandAugment as FixMatch uses it: two operations an image, out of fourteen.

Cubuk, Zoph, Shlens and Le (2020); the operations and their ranges are those of Sohn et al. (2020),
FixMatch, list of data transformations.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import color_ops, geometry_ops, per_image
from tf_ssgan.nn import step_random

ROUNDS = 2
LEVELS = 10  # magnitudes of the authors' variant are n / 10 of the range

# Name -> (operation, lower end, upper end of the amount).
OPERATIONS: dict[str, tuple[Callable[[tf.Tensor, tf.Tensor], tf.Tensor], float, float]] = {
    "autocontrast": (color_ops.autocontrast, 0.0, 1.0),
    "brightness": (color_ops.brightness, 0.05, 0.95),
    "color": (color_ops.color, 0.05, 0.95),
    "contrast": (color_ops.contrast, 0.05, 0.95),
    "equalize": (color_ops.equalize, 0.0, 1.0),
    "identity": (color_ops.identity, 0.0, 1.0),
    "posterize": (color_ops.posterize, 4.0, 8.0),
    "rotate": (geometry_ops.rotate, -30.0, 30.0),
    "sharpness": (color_ops.sharpness, 0.05, 0.95),
    "shear_x": (geometry_ops.shear_x, -0.3, 0.3),
    "shear_y": (geometry_ops.shear_y, -0.3, 0.3),
    "solarize": (color_ops.solarize, 0.0, 256.0),
    "translate_x": (geometry_ops.translate_x, -0.3, 0.3),
    "translate_y": (geometry_ops.translate_y, -0.3, 0.3),
}
NAMES = tuple(OPERATIONS)
LOW = np.array([low for _, low, _ in OPERATIONS.values()], np.float32)
HIGH = np.array([high for _, _, high in OPERATIONS.values()], np.float32)


def randaugment(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Two operations an image, drawn with replacement, amounts uniform in their ranges.

    As in TorchSSL, datasets/augmentation/randaugment.py: always applied; posterize drops the
    fraction of its amount and so keeps 4 to 7 bits.

    Args:
        images: uint8 [batch, height, width, channels], the batch known.
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    batch = images.shape[0]
    for _ in range(ROUNDS):
        kinds = draw.integers(batch, low=0, high=len(NAMES))
        low = tf.gather(LOW, kinds)
        amounts = low + draw.uniform(batch) * (tf.gather(HIGH, kinds) - low)
        images = applied(images, kinds, amounts)
    return images


def randaugment_authors(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Two operations an image, drawn with replacement, each applied with probability 0.5.

    As in shrebox/Semi-supervised-Image-Classification, Task3/randaugment.py: the magnitude is an
    integer n from 1 to 9 and the amount n / 10 of the range; for the geometry n / 10 of its upper
    end, with either sign; solarize counts from 256 down; translations are of whole pixels.

    Args:
        images: uint8 [batch, height, width, channels], the batch known.
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    batch = images.shape[0]
    table = tf.constant(authors_amounts(images.shape[1], images.shape[2]))
    signed = tf.constant(LOW < 0)
    for _ in range(ROUNDS):
        kinds = draw.integers(batch, low=0, high=len(NAMES))
        levels = draw.integers(batch, low=1, high=LEVELS)
        negative = tf.logical_and(draw.uniform(batch) < 0.5, tf.gather(signed, kinds))
        amounts = tf.gather_nd(table, tf.stack([kinds, levels - 1], 1))
        skipped = draw.uniform(batch) < 0.5
        kinds = tf.where(skipped, NAMES.index("identity"), kinds)
        images = applied(images, kinds, tf.where(negative, -amounts, amounts))
    return images


def authors_amounts(height: int, width: int) -> np.ndarray:
    """The amounts of magnitudes 1 to 9 before a sign; float32 [operations, 9].

    Args:
        height: Of the images, in pixels.
        width: Of the images, in pixels.
    """
    table = np.empty([len(NAMES), LEVELS - 1], np.float32)
    for kind, (name, (_, low, high)) in enumerate(OPERATIONS.items()):
        for level in range(1, LEVELS):
            start = max(low, 0.0)
            amount = level * (high - start) / LEVELS + start
            if name == "solarize":
                amount = high - amount
            if name.startswith("translate"):
                side = width if name == "translate_x" else height
                amount = int(amount * side) / side
            table[kind, level - 1] = amount
    return table


def applied(images: tf.Tensor, kinds: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Applies to each image its own operation.

    Args:
        images: uint8 [batch, height, width, channels].
        kinds: int32 [batch], places in `NAMES`.
        amounts: float32 [batch], what the operation is told.

    Returns:
        The same shape and type as `images`.
    """
    functions = [function for function, _, _ in OPERATIONS.values()]
    return tf.ensure_shape(per_image.dispatch(functions, kinds, images, amounts), images.shape)
