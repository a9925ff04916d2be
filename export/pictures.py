"""From picture files to the pixels a network was trained on, as operations of a graph.

The rule, in this order:

1. PNG, JPEG, GIF, BMP (24 or 32 bits, or gray) or WebP, told apart by their content; of an
   animation the first frame; 8 bits a channel. JPEG is decoded with the accurate transform, to the
   bit as Pillow does. A rotation noted in its EXIF block is not applied.
2. Transparency is dropped. Gray is repeated for a color network; color becomes gray by the weights
   of ITU-R BT.601 in 16-bit integers, as Pillow's convert("L") does, to the bit.
3. Another size is resized bilinearly, antialiased, half-pixel centers, without keeping the aspect
   ratio, and rounded to whole levels; Pillow's resize(..., BILINEAR) agrees within one level. A
   picture of the training size stays as it is.
"""

import tensorflow as tf

_BT601 = (19595, 38470, 7471)  # Pillow's L24: 0.299, 0.587, 0.114 in units of 2^-16


def decode(files: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    """Decodes picture files.

    Args:
        files: string [n].
        shape: (height, width, channels) of the result; 1 or 3 channels.

    Returns:
        uint8 [n, height, width, channels].

    Raises:
        InvalidArgumentError: When run, if one of the files is no picture; all n fail with it.
    """
    return tf.map_fn(
        lambda file: _prepare(_channels(_read(file), shape[2]), shape),
        files,
        fn_output_signature=tf.TensorSpec(shape, tf.uint8),
    )


def _read(file: tf.Tensor) -> tf.Tensor:
    """One file -> uint8 [h, w, 3]."""
    # The general decoder's JPEG is fast, and up to 12 levels off Pillow's; this one is the same.
    # It refuses gray from GIF, BMP and WebP if asked to convert, so it is not: channels=0.
    pixels = tf.cond(
        tf.io.is_jpeg(file),
        lambda: tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(file, channels=0, expand_animations=False),
    )
    colors = tf.shape(pixels)[-1]  # 1 and 2 are gray, 3 and 4 are color
    return tf.gather(pixels, tf.range(3) * tf.cast(colors >= 3, tf.int32), axis=-1)


def _channels(pixels: tf.Tensor, channels: int) -> tf.Tensor:
    """uint8 [h, w, 3] -> uint8 [h, w, channels]."""
    if channels == 3:
        return pixels
    gray = tf.reduce_sum(tf.cast(pixels, tf.int32) * _BT601, axis=-1, keepdims=True)
    return tf.cast((gray + 2**15) // 2**16, tf.uint8)


def _prepare(pixels: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    """uint8 [h', w', c] -> uint8 [h, w, c]."""
    resized = tf.image.resize(pixels, shape[:2], "bilinear", antialias=True)
    return tf.ensure_shape(tf.cast(tf.round(resized), tf.uint8), shape)
