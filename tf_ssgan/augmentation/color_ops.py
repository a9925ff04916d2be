"""Operations that change the pixel values of images, with one amount per image.

Every operation takes images uint8 [batch, height, width, channels] and amounts float32 [batch] and
returns images of the same shape and type; the batch may be of any size, or empty.
They compute what Pillow's ImageOps and ImageEnhance compute for mode RGB (3 channels) or L (1).
"""

import tensorflow as tf

_LUMA = (19595, 38470, 7471)  # ITU-R BT.601 in 1/65536, as in Pillow's Convert.c


def autocontrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Stretches each channel to 0..255; the amount is ignored.

    A channel with a single value is not changed.
    """
    del amounts
    # In float64 and in Pillow's order: 255 / 11 * 11 falls short of 255 there, so it must here.
    low = tf.cast(tf.reduce_min(images, [1, 2]), tf.float64)
    high = tf.cast(tf.reduce_max(images, [1, 2]), tf.float64)
    scale = tf.where(high > low, 255 / tf.maximum(high - low, 1), 1)
    offset = tf.where(high > low, -low * scale, 0)
    pixels = tf.cast(_flatten_rows(images), tf.float64)
    stretched = pixels * _tile_along_rows(scale, images) + _tile_along_rows(offset, images)
    # Rounding the offset may leave the range slightly, and the cast would wrap around.
    stretched = tf.cast(tf.clip_by_value(stretched, 0, 255), tf.uint8)
    return tf.reshape(stretched, tf.shape(images))


def brightness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends black (amount 0) with the image (amount 1)."""
    return _blend(tf.zeros([], tf.float32), images, amounts)


def color(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends the image's gray (amount 0) with the image (amount 1)."""
    return _blend(tf.cast(_gray(images), tf.float32), images, amounts)


def contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends the mean of the image's gray (amount 0) with the image (amount 1)."""
    pixels = images.shape[1] * images.shape[2]
    total = tf.reduce_sum(_gray(images), [1, 2, 3], keepdims=True)
    mean = (2 * total + pixels) // (2 * pixels)  # rounded half up
    return _blend(tf.cast(mean, tf.float32), images, amounts)


def equalize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Makes the histogram of each channel uniform; the amount is ignored.

    A channel is not changed if fewer than 255 of its pixels are below its highest value.
    """
    del amounts
    pixels, channels = images.shape[1] * images.shape[2], images.shape[3]
    count = tf.shape(images)[0] * channels
    first = 256 * tf.reshape(tf.range(count), [-1, channels])  # where each channel's table starts
    bins = tf.cast(_flatten_rows(images), tf.int32) + _tile_along_rows(first, images)
    histogram = tf.math.unsorted_segment_sum(tf.ones_like(bins), bins, 256 * count)
    highest = first + tf.cast(tf.reduce_max(images, [1, 2]), tf.int32)
    last = tf.gather(histogram, tf.reshape(highest, [-1, 1]))
    step = (pixels - last) // 255
    below = tf.cumsum(tf.reshape(histogram, [-1, 256]), axis=1, exclusive=True)
    equalized = tf.minimum((step // 2 + below) // tf.maximum(step, 1), 255)
    table = tf.cast(tf.where(step > 0, equalized, tf.range(256)), tf.uint8)
    return tf.reshape(tf.gather(tf.reshape(table, [-1]), bins), tf.shape(images))


def identity(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Returns the images unchanged; the amount is ignored."""
    del amounts
    return images


def posterize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Keeps the highest `amount` bits, 1 to 8; a fraction of a bit is dropped."""
    bits = tf.cast(amounts, tf.int32)
    mask = tf.cast(256 - tf.bitwise.left_shift(1, 8 - bits), tf.uint8)
    return tf.bitwise.bitwise_and(images, _per_image(mask))


def sharpness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends the smoothed image (amount 0) with the image (amount 1).

    The filter is Pillow's SMOOTH, 3 x 3: 5/13 in the center, 1/13 around. Border pixels are kept.
    """
    pixels = tf.cast(images, tf.float32)
    rows = pixels[:, :-2] + pixels[:, 1:-1] + pixels[:, 2:]
    total = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    inner = pixels[:, 1:-1, 1:-1]
    smooth = tf.floor((total + 4 * inner + 6.5) / 13)
    change = tf.pad(smooth - inner, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return _blend(pixels + change, images, amounts)


def solarize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Inverts the values of at least `amount`, 0 to 256."""
    pixels = tf.cast(images, tf.float32)
    # Several times as fast as tf.where, whose branches are hard to predict.
    top = 255 * tf.cast(pixels >= _per_image(amounts), tf.float32)
    return tf.cast(tf.abs(top - pixels), tf.uint8)


def _per_image(amounts: tf.Tensor) -> tf.Tensor:
    """Reshapes [batch] to [batch, 1, 1, 1]."""
    return amounts[:, None, None, None]


def _flatten_rows(images: tf.Tensor) -> tf.Tensor:
    """Reshapes [batch, height, width, channels] to [batch, height, width * channels].

    With `_tile_along_rows`, broadcasting is several times as fast as over a last axis of three.
    """
    return tf.reshape(images, [-1, images.shape[1], images.shape[2] * images.shape[3]])


def _tile_along_rows(values: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """Tiles [batch, channels] to [batch, 1, width * channels], to match `_flatten_rows`."""
    return tf.tile(values, [1, images.shape[2]])[:, None]


def _gray(images: tf.Tensor) -> tf.Tensor:
    """Returns int32 [batch, height, width, 1]: luma of three channels, otherwise their mean."""
    channels = images.shape[3]
    weights = _LUMA if channels == 3 else (65536 // channels,) * channels
    bands = tf.unstack(tf.cast(images, tf.int32), axis=3)
    total = sum(weight * band for weight, band in zip(weights, bands, strict=True))
    return tf.bitwise.right_shift(total + 32768, 16)[..., None]


def _blend(degenerate: tf.Tensor, images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends `degenerate` (amount 0) with the images (amount 1); like Pillow, drops fractions."""
    pixels = tf.cast(images, tf.float32)
    return tf.cast(degenerate + _per_image(amounts) * (pixels - degenerate), tf.uint8)
