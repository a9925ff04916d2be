"""Views of images: pure functions of a batch and its draws, vectorized over the batch.

A view is named by its operations in the order they are applied: "flip crop randaugment cutout".
Images are uint8 [batch, height, width, channels] and stay so. All that a view draws comes from the
`Draws` it is handed, so a view is the same however often and in whatever order it is asked.
"""

import functools
import math
from collections.abc import Callable

import tensorflow as tf

from tf_ssgan.augmentation import color_ops, cutout, per_image, randaugment
from tf_ssgan.nn import step_random

_SHAPE = math.log(4 / 3)  # of the most oblong parts of an image

Operation = Callable[[tf.Tensor, step_random.StepRandom], tf.Tensor]


def plain(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """The images as they are."""
    del draw
    return images


def translate(images: tf.Tensor, draw: step_random.StepRandom, pixels: int = 2) -> tf.Tensor:
    """Shifts each image by up to `pixels` in both directions, reflecting at the border.

    Laine and Aila (2017), section 3: random translation by at most 2 pixels.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.
        pixels: Largest shift.

    Returns:
        The same shape and type.
    """
    shifts = draw.integers(images.shape[0], 2, low=-pixels, high=pixels + 1)
    return _shifted(images, shifts[:, 0], shifts[:, 1], pixels)


def flip(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Mirrors each image left to right with probability 0.5.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return _half(images, draw, _mirrored)


def crop(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """A random crop of the image padded by an eighth of each side, reflecting at the border.

    Sohn et al. (2020), section 2.3: translation by up to 12.5 %, 4 pixels at 32.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    down, across = images.shape[1] // 8, images.shape[2] // 8
    down_by = draw.integers(images.shape[0], low=-down, high=down + 1)
    across_by = draw.integers(images.shape[0], low=-across, high=across + 1)
    return _shifted(images, down_by, across_by, across)


def flip_vertical(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Mirrors each image top to bottom with probability 0.5.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return _half(images, draw, lambda part: part[:, ::-1])


def resized_crop(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """A random part of each image, 8 to 100 % of its area, enlarged to its size.

    Szegedy et al. (2015), section 6, with the customary numbers: shapes from 3:4 to 4:3, evenly in
    their logarithm; a side that would be longer than the image's is cut. Pixels are interpolated
    between the nearest four.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    batch, height, width, _ = images.shape
    area = draw.uniform(batch, low=0.08, high=1.0)
    shape = tf.exp(draw.uniform(batch, low=-_SHAPE, high=_SHAPE))
    tall = tf.minimum(tf.sqrt(area / shape), 1.0)
    wide = tf.minimum(tf.sqrt(area * shape), 1.0)
    top = (1.0 - tall) * draw.uniform(batch)
    left = (1.0 - wide) * draw.uniform(batch)
    seen = tf.einsum(
        "bij,bjwc,bkw->bikc",
        _between(top, tall, height),
        tf.cast(images, tf.float32),
        _between(left, wide, width),
    )
    return tf.cast(tf.round(seen), tf.uint8)


def brightness(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
    """Multiplies each image by a number from 0.5 to 1.5; white is the brightest.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.

    Returns:
        The same shape and type.
    """
    return color_ops.brightness(images, draw.uniform(images.shape[0], low=0.5, high=1.5))


def view(kind: str) -> Operation:
    """The view of this name, a function (images, draw) -> images.

    Args:
        kind: One or several names of `OPERATIONS`, in the order they are applied.

    Raises:
        ValueError: `kind` is empty or names something else.
    """
    words = kind.split()
    unknown = [word for word in words if word not in OPERATIONS]
    if unknown or not words:
        said = f"no operation {unknown[0]!r}" if unknown else "no operation at all"
        raise ValueError(f"view {kind!r}: {said}; known are {', '.join(OPERATIONS)}")

    def seen(images: tf.Tensor, draw: step_random.StepRandom) -> tf.Tensor:
        for word in words:
            images = OPERATIONS[word](images, draw)
        return images

    return seen


def _half(
    images: tf.Tensor, draw: step_random.StepRandom, turned: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """Each image as it is, or turned, as often."""
    chosen = draw.integers(images.shape[0], low=0, high=2)
    seen = per_image.dispatch([lambda part: part, turned], chosen, images)
    return tf.ensure_shape(seen, images.shape)


def _mirrored(images: tf.Tensor) -> tf.Tensor:
    """Left to right."""
    # For three dimensions and three channels TensorFlow has a kernel that is four times as fast.
    lines = tf.reshape(images, [-1, *images.shape[2:]])
    return tf.reshape(tf.reverse(lines, [1]), tf.shape(images))


def _between(first: tf.Tensor, length: tf.Tensor, size: int) -> tf.Tensor:
    """How much of each line of an image is in each line of its enlarged part.

    Args:
        first: float32 [batch], where the part begins, as a share of the image.
        length: float32 [batch], its share of the image.
        size: Lines of the image, and of the result.

    Returns:
        float32 [batch, size, size], rows that sum to 1.
    """
    lines = tf.range(size, dtype=tf.float32)
    place = first[:, None] * size + (lines + 0.5) * length[:, None] - 0.5
    place = tf.clip_by_value(place, 0.0, size - 1.0)
    return tf.nn.relu(1.0 - tf.abs(place[:, :, None] - lines))


def _shifted(images: tf.Tensor, down: tf.Tensor, across: tf.Tensor, most: int) -> tf.Tensor:
    """Takes pixel (i, j) from (i + down, j + across), reflecting at the border.

    Args:
        images: uint8 [batch, height, width, channels].
        down: int32 [batch].
        across: int32 [batch].
        most: Largest size of `across`.
    """
    height, width = images.shape[1], images.shape[2]
    lines = _reflected(tf.range(height) + down[:, None], height)
    moved = tf.gather(images, lines, axis=1, batch_dims=1)
    # Few shifts across are few windows on a padded image; gathering pixels takes thrice as long.
    left = tf.gather(moved, _reflected(tf.range(-most, 0), width), axis=2)
    right = tf.gather(moved, _reflected(tf.range(width, width + most), width), axis=2)
    windows = [
        functools.partial(_window, first=first, width=width) for first in range(2 * most + 1)
    ]
    padded = tf.concat([left, moved, right], 2)
    return tf.ensure_shape(per_image.dispatch(windows, across + most, padded), images.shape)


def _window(images: tf.Tensor, first: int, width: int) -> tf.Tensor:
    """`width` columns."""
    return images[:, :, first : first + width]


def _reflected(index: tf.Tensor, size: int) -> tf.Tensor:
    """Folds an index that left [0, size) back, the border pixel not repeated."""
    index = tf.abs(index)
    return tf.where(index >= size, 2 * (size - 1) - index, index)


OPERATIONS: dict[str, Operation] = {
    "plain": plain,
    "translated": translate,
    "flip": flip,
    "flip_vertical": flip_vertical,
    "crop": crop,
    "resized_crop": resized_crop,
    "brightness": brightness,
    "randaugment": randaugment.randaugment,
    "randaugment_authors": randaugment.randaugment_authors,
    "cutout": cutout.cutout,
    "cutout_authors": cutout.cutout_authors,
}
