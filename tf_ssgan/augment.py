"""Views of images: pure functions of a batch and its draws, vectorized over the batch.

Images are uint8 [batch, height, width, channels] and stay so. All that a view draws comes from the
`Draws` it is handed, so a view is the same however often and in whatever order it is asked.
"""

from collections.abc import Callable

import tensorflow as tf

from tf_ssgan import draws


def plain(images: tf.Tensor, draw: draws.Draws) -> tf.Tensor:
    """The images as they are."""
    del draw
    return images


def translated(images: tf.Tensor, draw: draws.Draws, pixels: int = 2) -> tf.Tensor:
    """Shifts each image by up to `pixels` in both directions, reflecting at the border.

    Laine and Aila (2017), section 3: random translation by at most 2 pixels.

    Args:
        images: uint8 [batch, height, width, channels].
        draw: The draws of this stream, view and step.
        pixels: Largest shift.

    Returns:
        The same shape and type.
    """
    batch, height, width = images.shape[0], images.shape[1], images.shape[2]
    shifts = draw.integers(batch, 2, low=-pixels, high=pixels + 1)
    rows = _reflected(tf.range(height) + shifts[:, :1], height)
    columns = _reflected(tf.range(width) + shifts[:, 1:], width)
    moved = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(moved, columns, axis=2, batch_dims=1)


def _reflected(index: tf.Tensor, size: int) -> tf.Tensor:
    """Folds an index that left [0, size) back, the border pixel not repeated."""
    index = tf.abs(index)
    return tf.where(index >= size, 2 * (size - 1) - index, index)


VIEWS: dict[str, Callable[[tf.Tensor, draws.Draws], tf.Tensor]] = {
    "plain": plain,
    "translated": translated,
}
