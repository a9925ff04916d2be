"""Operations on the values of images, each image with an amount of its own.

Every operation takes images uint8 [batch, height, width, channels] and amounts float32 [batch] and
returns images of the same shape and type; the batch may be of any size, also empty.
They compute what Pillow's ImageOps and ImageEnhance compute for mode RGB (3 channels) or L (1).
"""

import tensorflow as tf

_LUMA = (19595, 38470, 7471)  # ITU-R BT.601 in 1/65536, as in Pillow's Convert.c


def autocontrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Stretches each channel to 0..255; the amount is not looked at.

    A channel of a single value stays as it is.
    """
    del amounts
    # In float64 and in Pillow's order: where 255 / 11 * 11 falls short of 255, it is to do so here.
    low = tf.cast(tf.reduce_min(images, [1, 2]), tf.float64)
    high = tf.cast(tf.reduce_max(images, [1, 2]), tf.float64)
    scale = tf.where(high > low, 255 / tf.maximum(high - low, 1), 1)
    offset = tf.where(high > low, -low * scale, 0)
    pixels = tf.cast(_lines(images), tf.float64)
    stretched = pixels * _along(scale, images) + _along(offset, images)
    # The offset's rounding may leave the range by a trifle, which would wrap around.
    stretched = tf.cast(tf.clip_by_value(stretched, 0, 255), tf.uint8)
    return tf.reshape(stretched, tf.shape(images))


def brightness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends black (amount 0) with the image (amount 1)."""
    return _blended(tf.zeros([], tf.float32), images, amounts)


def color(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends the image's gray (amount 0) with the image (amount 1)."""
    return _blended(tf.cast(_gray(images), tf.float32), images, amounts)


def contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends the mean of the image's gray (amount 0) with the image (amount 1)."""
    pixels = images.shape[1] * images.shape[2]
    total = tf.reduce_sum(_gray(images), [1, 2, 3], keepdims=True)
    mean = (2 * total + pixels) // (2 * pixels)  # rounded half up
    return _blended(tf.cast(mean, tf.float32), images, amounts)


def equalize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Gives each channel an even histogram; the amount is not looked at.

    A channel stays as it is where fewer than 255 pixels lie below its highest value.
    """
    del amounts
    pixels, channels = images.shape[1] * images.shape[2], images.shape[3]
    count = tf.shape(images)[0] * channels
    first = 256 * tf.reshape(tf.range(count), [-1, channels])  # of each channel's table
    bins = tf.cast(_lines(images), tf.int32) + _along(first, images)
    histogram = tf.math.unsorted_segment_sum(tf.ones_like(bins), bins, 256 * count)
    highest = first + tf.cast(tf.reduce_max(images, [1, 2]), tf.int32)
    last = tf.gather(histogram, tf.reshape(highest, [-1, 1]))
    step = (pixels - last) // 255
    below = tf.cumsum(tf.reshape(histogram, [-1, 256]), axis=1, exclusive=True)
    even = tf.minimum((step // 2 + below) // tf.maximum(step, 1), 255)
    table = tf.cast(tf.where(step > 0, even, tf.range(256)), tf.uint8)
    return tf.reshape(tf.gather(tf.reshape(table, [-1]), bins), tf.shape(images))


def identity(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """The images as they are; the amount is not looked at."""
    del amounts
    return images


def posterize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Keeps the `amount` highest bits, 1 to 8, a fraction dropped."""
    bits = tf.cast(amounts, tf.int32)
    mask = tf.cast(256 - tf.bitwise.left_shift(1, 8 - bits), tf.uint8)
    return tf.bitwise.bitwise_and(images, _each(mask))


def sharpness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends the smoothed image (amount 0) with the image (amount 1).

    The filter is Pillow's SMOOTH, 3 x 3: 5/13 in the center, 1/13 around; the border stays.
    """
    pixels = tf.cast(images, tf.float32)
    rows = pixels[:, :-2] + pixels[:, 1:-1] + pixels[:, 2:]
    total = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    inner = pixels[:, 1:-1, 1:-1]
    smooth = tf.floor((total + 4 * inner + 6.5) / 13)
    change = tf.pad(smooth - inner, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return _blended(pixels + change, images, amounts)


def solarize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Inverts the values from `amount` on, 0 to 256."""
    pixels = tf.cast(images, tf.float32)
    # Several times as fast as tf.where, whose branches are foreseen badly.
    top = 255 * tf.cast(pixels >= _each(amounts), tf.float32)
    return tf.cast(tf.abs(top - pixels), tf.uint8)


def _each(amounts: tf.Tensor) -> tf.Tensor:
    """[batch] to [batch, 1, 1, 1]."""
    return amounts[:, None, None, None]


def _lines(images: tf.Tensor) -> tf.Tensor:
    """[batch, height, width, channels] to [batch, height, width * channels].

    With `_along` this broadcasts several times as fast as over an innermost axis of three.
    """
    return tf.reshape(images, [-1, images.shape[1], images.shape[2] * images.shape[3]])


def _along(values: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """[batch, channels] to the [batch, 1, width * channels] that goes with `_lines`."""
    return tf.tile(values, [1, images.shape[2]])[:, None]


def _gray(images: tf.Tensor) -> tf.Tensor:
    """Luma of three channels, else their mean: int32 [batch, height, width, 1]."""
    channels = images.shape[3]
    weights = _LUMA if channels == 3 else (65536 // channels,) * channels
    bands = tf.unstack(tf.cast(images, tf.int32), axis=3)
    total = sum(weight * band for weight, band in zip(weights, bands, strict=True))
    return tf.bitwise.right_shift(total + 32768, 16)[..., None]


def _blended(degenerate: tf.Tensor, images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """From `degenerate` (amount 0) to the images (amount 1), fractions dropped as in Pillow."""
    pixels = tf.cast(images, tf.float32)
    return tf.cast(degenerate + _each(amounts) * (pixels - degenerate), tf.uint8)
