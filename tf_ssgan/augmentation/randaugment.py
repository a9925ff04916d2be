"""RandAugment as FixMatch uses it: two of fourteen operations per image.

Cubuk, Zoph, Shlens and Le (2020). The operations and their ranges are those of Sohn et al. (2020),
FixMatch, list of data transformations.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import color_ops, geometry_ops, per_image
from tf_ssgan.nn.step_random import StepRandom

NUM_OPERATIONS = 2  # per image
LEVELS = 10  # magnitude n of the authors' variant is n / 10 of the range

# Name -> (operation, lowest amount, highest amount).
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


def randaugment(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Applies two operations to each image, drawn with replacement, with uniform amounts.

    As in TorchSSL, datasets/augmentation/randaugment.py: operations are always applied. Posterize
    drops the fraction of its amount, so it keeps 4 to 7 bits.

    Args:
        images: uint8 [batch, height, width, channels], of static shape.
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    batch = images.shape[0]
    for _ in range(NUM_OPERATIONS):
        operations = random.integers(batch, low=0, high=len(NAMES))
        low = tf.gather(LOW, operations)
        amounts = low + random.uniform(batch) * (tf.gather(HIGH, operations) - low)
        images = apply_operations(images, operations, amounts)
    return images


def randaugment_authors(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Draws two operations per image, with replacement; applies each with probability 0.5.

    As in shrebox/Semi-supervised-Image-Classification, Task3/randaugment.py: the magnitude is an
    integer n from 1 to 9, and the amount is n / 10 of the range. For geometric operations the
    amount is n / 10 of the highest one, with a random sign; solarize counts down from 256;
    translations are by whole pixels.

    Args:
        images: uint8 [batch, height, width, channels], of static shape.
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    batch = images.shape[0]
    table = tf.constant(authors_amounts(images.shape[1], images.shape[2]))
    signed = tf.constant(LOW < 0)
    for _ in range(NUM_OPERATIONS):
        operations = random.integers(batch, low=0, high=len(NAMES))
        levels = random.integers(batch, low=1, high=LEVELS)
        negative = tf.logical_and(random.uniform(batch) < 0.5, tf.gather(signed, operations))
        amounts = tf.gather_nd(table, tf.stack([operations, levels - 1], 1))
        skipped = random.uniform(batch) < 0.5
        operations = tf.where(skipped, NAMES.index("identity"), operations)
        images = apply_operations(images, operations, tf.where(negative, -amounts, amounts))
    return images


def authors_amounts(height: int, width: int) -> np.ndarray:
    """Returns the amounts of magnitudes 1 to 9, without a sign; float32 [operations, 9].

    Args:
        height: Height of the images in pixels.
        width: Width of the images in pixels.
    """
    table = np.empty([len(NAMES), LEVELS - 1], np.float32)
    for row, (name, (_, low, high)) in enumerate(OPERATIONS.items()):
        for level in range(1, LEVELS):
            lowest = max(low, 0.0)
            amount = level * (high - lowest) / LEVELS + lowest
            if name == "solarize":
                amount = high - amount
            if name.startswith("translate"):
                side = width if name == "translate_x" else height
                amount = int(amount * side) / side
            table[row, level - 1] = amount
    return table


def apply_operations(images: tf.Tensor, operations: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Applies one operation to each image.

    Args:
        images: uint8 [batch, height, width, channels].
        operations: int32 [batch], indices into `NAMES`.
        amounts: float32 [batch], one per operation.

    Returns:
        The same shape and type as `images`.
    """
    functions = [function for function, _, _ in OPERATIONS.values()]
    return tf.ensure_shape(per_image.dispatch(functions, operations, images, amounts), images.shape)
