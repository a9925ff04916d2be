"""Views of images: pure functions of a batch and its random numbers, vectorized over the batch.

A view is named by its operations in the order they are applied: "flip crop randaugment cutout".
Images are uint8 [batch, height, width, channels] before and after. All random numbers come from
the `StepRandom` argument, so a view is the same whenever and however often it is computed.
"""

import functools
import math
from collections.abc import Callable

import tensorflow as tf

from tf_ssgan.augmentation import color_ops, cutout, per_image, randaugment
from tf_ssgan.nn.step_random import StepRandom

_LOG_RATIO = math.log(4 / 3)  # largest log aspect ratio of a random resized crop

Operation = Callable[[tf.Tensor, StepRandom], tf.Tensor]


def plain(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Returns the images unchanged."""
    del random
    return images


def translate(
    images: tf.Tensor, random: StepRandom, pixels: int = 2, zeros: bool = False
) -> tf.Tensor:
    """Shifts each image by up to `pixels` in both directions, reflecting at the border.

    Laine and Aila (2017), section 3: random translation by at most 2 pixels.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.
        pixels: Largest shift in each direction.
        zeros: Whether black pixels move in at the border, instead of the reflected ones.

    Returns:
        The same shape and type.
    """
    shifts = random.integers(images.shape[0], 2, low=-pixels, high=pixels + 1)
    return _shift(images, shifts[:, 0], shifts[:, 1], pixels, zeros)


def flip(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Mirrors each image left to right with probability 0.5.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return _apply_to_half(images, random, _mirror)


def crop(images: tf.Tensor, random: StepRandom, zeros: bool = False) -> tf.Tensor:
    """Takes a random crop after padding each side by an eighth, reflecting at the border.

    Sohn et al. (2020), section 2.3: translation by up to 12.5 %, which is 4 of 32 pixels. Li et al.
    (2020), public code, pad with black instead.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.
        zeros: Whether the padding is black, instead of reflected.

    Returns:
        The same shape and type.
    """
    down, across = images.shape[1] // 8, images.shape[2] // 8
    down_by = random.integers(images.shape[0], low=-down, high=down + 1)
    across_by = random.integers(images.shape[0], low=-across, high=across + 1)
    return _shift(images, down_by, across_by, across, zeros)


def flip_vertical(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Mirrors each image top to bottom with probability 0.5.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return _apply_to_half(images, random, lambda part: part[:, ::-1])


def resized_crop(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Takes a random crop with 8 to 100 % of the area and resizes it to the size of the image.

    Szegedy et al. (2015), section 6, with the usual numbers: the aspect ratio is from 3:4 to 4:3,
    uniform in its logarithm. A side longer than that of the image is shortened. Interpolation is
    bilinear.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    batch, height, width, _ = images.shape
    area = random.uniform(batch, low=0.08, high=1.0)
    ratio = tf.exp(random.uniform(batch, low=-_LOG_RATIO, high=_LOG_RATIO))
    tall = tf.minimum(tf.sqrt(area / ratio), 1.0)
    wide = tf.minimum(tf.sqrt(area * ratio), 1.0)
    top = (1.0 - tall) * random.uniform(batch)
    left = (1.0 - wide) * random.uniform(batch)
    resized = tf.einsum(
        "bij,bjwc,bkw->bikc",
        _interpolation_weights(top, tall, height),
        tf.cast(images, tf.float32),
        _interpolation_weights(left, wide, width),
    )
    return tf.cast(tf.round(resized), tf.uint8)


def brightness(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
    """Multiplies each image by a factor from 0.5 to 1.5; values are clipped at 255.

    Args:
        images: uint8 [batch, height, width, channels].
        random: The random numbers of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return color_ops.brightness(images, random.uniform(images.shape[0], low=0.5, high=1.5))


def view(name: str) -> Operation:
    """Returns the view with this name, a function (images, random) -> images.

    Args:
        name: One or several names of `OPERATIONS`, in the order they are applied.

    Raises:
        ValueError: `name` is empty or contains an unknown operation.
    """
    operations = name.split()
    unknown = [operation for operation in operations if operation not in OPERATIONS]
    if unknown or not operations:
        problem = f"no operation {unknown[0]!r}" if unknown else "no operation at all"
        raise ValueError(f"view {name!r}: {problem}; known are {', '.join(OPERATIONS)}")

    def apply(images: tf.Tensor, random: StepRandom) -> tf.Tensor:
        for operation in operations:
            images = OPERATIONS[operation](images, random)
        return images

    return apply


def _apply_to_half(
    images: tf.Tensor, random: StepRandom, transform: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """Transforms each image with probability 0.5."""
    chosen = random.integers(images.shape[0], low=0, high=2)
    transformed = per_image.dispatch([lambda part: part, transform], chosen, images)
    return tf.ensure_shape(transformed, images.shape)


def _mirror(images: tf.Tensor) -> tf.Tensor:
    """Mirrors images left to right."""
    # TensorFlow's kernel for three dimensions and three channels is four times as fast.
    rows = tf.reshape(images, [-1, *images.shape[2:]])
    return tf.reshape(tf.reverse(rows, [1]), tf.shape(images))


def _interpolation_weights(first: tf.Tensor, length: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the weights of bilinear interpolation from an image to its resized crop, in one axis.

    Args:
        first: float32 [batch], where the crop begins, as a fraction of the image.
        length: float32 [batch], length of the crop, as a fraction of the image.
        size: Rows (or columns) of the image and of the result.

    Returns:
        float32 [batch, size, size]; rows sum to 1.
    """
    index = tf.range(size, dtype=tf.float32)
    position = first[:, None] * size + (index + 0.5) * length[:, None] - 0.5
    position = tf.clip_by_value(position, 0.0, size - 1.0)
    return tf.nn.relu(1.0 - tf.abs(position[:, :, None] - index))


def _shift(
    images: tf.Tensor, down: tf.Tensor, across: tf.Tensor, limit: int, zeros: bool = False
) -> tf.Tensor:
    """Takes pixel (i, j) from (i + down, j + across), reflecting at the border.

    Args:
        images: uint8 [batch, height, width, channels].
        down: int32 [batch], in pixels.
        across: int32 [batch], in pixels.
        limit: Largest absolute value of `across`.
        zeros: Whether pixels beyond the border are 0, instead of the reflected ones.
    """
    height, width = images.shape[1], images.shape[2]
    rows = tf.range(height) + down[:, None]
    if zeros:
        padded = tf.pad(images, [[0, 0], [0, 1], [limit, limit], [0, 0]])  # with one black row
        rows = tf.where((rows >= 0) & (rows < height), rows, height)
        padded = tf.gather(padded, rows, axis=1, batch_dims=1)
    else:
        moved = tf.gather(images, _reflect(rows, height), axis=1, batch_dims=1)
        left = tf.gather(moved, _reflect(tf.range(-limit, 0), width), axis=2)
        right = tf.gather(moved, _reflect(tf.range(width, width + limit), width), axis=2)
        padded = tf.concat([left, moved, right], 2)
    # A few shifts across are a few windows on a padded image; gathering takes three times as long.
    windows = [
        functools.partial(_window, first=first, width=width) for first in range(2 * limit + 1)
    ]
    return tf.ensure_shape(per_image.dispatch(windows, across + limit, padded), images.shape)


def _window(images: tf.Tensor, first: int, width: int) -> tf.Tensor:
    """Returns `width` columns from column `first`."""
    return images[:, :, first : first + width]


def _reflect(index: tf.Tensor, size: int) -> tf.Tensor:
    """Reflects indices outside [0, size) at the border, without repeating the border pixel."""
    index = tf.abs(index)
    return tf.where(index >= size, 2 * (size - 1) - index, index)


OPERATIONS: dict[str, Operation] = {
    "plain": plain,
    "translated": translate,
    "translated_zeros": functools.partial(translate, zeros=True),
    "flip": flip,
    "flip_vertical": flip_vertical,
    "crop": crop,
    "crop_zeros": functools.partial(crop, zeros=True),
    "resized_crop": resized_crop,
    "brightness": brightness,
    "randaugment": randaugment.randaugment,
    "randaugment_authors": randaugment.randaugment_authors,
    "cutout": cutout.cutout,
    "cutout_authors": cutout.cutout_authors,
}
