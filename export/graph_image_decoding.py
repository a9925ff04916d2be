"""From image files to the pixels a network was trained on, as operations of a TensorFlow graph.

The steps are those of `tf_ssgan.data.image_decoding`, and so are the pixels: exactly if nothing is
resized, else within one level (Pillow rounds after each direction, TensorFlow after both). For
CMYK, whose conversion TensorFlow rounds down, they differ by up to one and two levels.

`export.client` avoids these other exceptions by sending all files but PNG and JPEG as PNG:

- TIFF, PPM and BMP of 16 bits cannot be decoded. A palette in a BMP is read as gray levels, and its
  alpha is ignored.
- Transparent pixels of a GIF are black, and so is what its first frame does not cover:
  TensorFlow's decoder does not distinguish them from black pixels.

It does not avoid these:

- A rotation is read from the EXIF of JPEG, PNG (eXIf) and WebP, as a number of type SHORT or LONG.
  Pillow also reads it from XMP, and from the text chunks that some programs write into PNG.
- The transparent color (tRNS) of a PNG without a palette is applied if it has 2 or 4 bits, or 16
  and colors. Pillow compares it with pixels already scaled to 8 bits, and misses it.
- A CMYK JPEG without Adobe's marker is decoded as it is. Pillow inverts it, like those with it.
- Images with a side under 4 pixels are accepted. The client refuses them, and also JPEG XL and
  some damaged files that TensorFlow decodes all the same.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_ssgan.data import image_files

_BT601 = (19595, 38470, 7471)  # Pillow's L24: 0.299, 0.587, 0.114 in units of 2^-16
_RATIOS = (1, 2, 4, 8)  # those of libjpeg
_ORIENTATION = 0x0112  # EXIF 2.32, section 4.6.4; SHORT and LONG are its types 3 and 4
_SHORT, _LONG = 3, 4
_EXIF = b"Exif\0\0"
_MIRRORED, _UPSIDE_DOWN, _TRANSPOSED = (2, 3, 6, 7), (3, 4, 7, 8), (5, 6, 7, 8)


def decode(files: tf.Tensor, shape: tuple[int, int, int], fit: str, bits: int = 16) -> tf.Tensor:
    """Decodes image files.

    Args:
        files: string [n].
        shape: (height, width, channels) of the result; 1 or 3 channels.
        fit: How files of another shape become such images: "resize", or, if height and width are
            equal, "crop" or "pad".
        bits: Bits in use of gray PNG of 16 bits, see `tf_ssgan.data.image_depth`.

    Returns:
        uint8 [n, height, width, channels].

    Raises:
        InvalidArgumentError: When the graph runs, if one of the files is not an image; then all n
            fail.
    """
    return tf.map_fn(
        lambda file: _image(file, shape, fit, bits),
        files,
        fn_output_signature=tf.TensorSpec(shape, tf.uint8),
    )


def _image(file: tf.Tensor, shape: tuple[int, int, int], fit: str, bits: int) -> tf.Tensor:
    """One file -> uint8 [height, width, channels]."""
    octets = tf.io.decode_raw(file, tf.uint8)
    few = _count_pixels(file, octets) <= image_files.MAX_PIXELS
    with tf.control_dependencies(
        [tf.debugging.Assert(few, [f"The image has more than {image_files.MAX_PIXELS:,} pixels."])]
    ):
        file = tf.identity(file)
    pixels, orientation = tf.cond(
        tf.io.is_jpeg(file),
        lambda: (_jpeg(file, shape, fit), _orientation(_jpeg_exif(octets))),
        lambda: (_over_white(_not_jpeg(file, octets, bits)), _orientation(_other_exif(octets))),
    )
    return _fit(_channels(_upright(pixels, orientation), shape[2]), shape, fit)


def _count_pixels(file: tf.Tensor, octets: tf.Tensor) -> tf.Tensor:
    """Height times width as the header of a JPEG, PNG, GIF or WebP says, int64; else 0.

    A BMP is not compressed: its decoder refuses one that is shorter than its header says.
    """

    def sides(at: int, size: int, little: bool, bits: int = 32, more: int = 0) -> tf.Tensor:
        """The product of two integers, the second behind the first."""
        both = [_integers(_piece(octets, at + k * size, size), little) for k in (0, 1)]
        return tf.reduce_prod([side % 2**bits + more for side in both])

    def lossless() -> tf.Tensor:  # 14 bits and 14 bits, in 4 bytes
        both = _integers(_piece(octets, 21, 4), little=True)
        return (both % 2**14 + 1) * (both // 2**14 % 2**14 + 1)

    kind = _piece(octets, 0, 16)
    webp = _is(kind[:4], b"RIFF") & _is(kind[8:12], b"WEBP")
    nothing = tf.constant(0, tf.int64)
    return tf.case(
        [
            (tf.io.is_jpeg(file), lambda: tf.reduce_prod(
                tf.io.extract_jpeg_shape(file, tf.int64)[:2])),
            (_is(kind[:4], b"\x89PNG"), lambda: sides(16, 4, little=False)),
            (_is(kind[:4], b"GIF8"), lambda: sides(6, 2, little=True)),
            (webp & _is(kind[12:], b"VP8X"), lambda: sides(24, 3, little=True, more=1)),
            (webp & _is(kind[12:], b"VP8L"), lossless),
            (webp & _is(kind[12:], b"VP8 "), lambda: sides(26, 2, little=True, bits=14)),
        ],
        lambda: nothing,
    )  # fmt: skip


def _jpeg(file: tf.Tensor, shape: tuple[int, int, int], fit: str) -> tf.Tensor:
    """uint8 [h, w, 3], at a fraction of its size if at least twice the final size remains."""
    sides = tf.io.extract_jpeg_shape(file)[:2]
    shorter, ratios = tf.reduce_min(sides), tf.constant(_RATIOS[1:])
    side = tf.reduce_max(sides) if fit == "pad" else shorter
    possible = (side >= 2 * max(shape[:2]) * ratios) & (shorter >= ratios)

    # The default transform is fast, but up to 12 levels off Pillow's; this one is the same.
    def decoded(ratio: int) -> Callable[[], tf.Tensor]:
        return lambda: tf.io.decode_jpeg(file, 3, ratio, dct_method="INTEGER_ACCURATE")

    which = tf.math.count_nonzero(possible, dtype=tf.int32)
    return tf.switch_case(which, [decoded(ratio) for ratio in _RATIOS])


def _not_jpeg(file: tf.Tensor, octets: tf.Tensor, bits: int) -> tf.Tensor:
    """uint8 [h, w, 1 to 4], the upper 8 of 16 bits: 1 and 2 are gray; 2 and 4 have alpha."""
    pixels = tf.case(
        [
            (_is_wide(octets), lambda: _wide(file, bits)),
            # A transparent color becomes alpha only if 4 channels are requested. But requested for
            # a file without alpha, it is at most 15 in files of up to 4 bits.
            (
                tf.size(_png_chunk(octets, b"tRNS")) > 0,
                lambda: tf.io.decode_png(file, channels=4),
            ),
        ],
        # GIF, BMP and WebP do not convert.
        lambda: tf.io.decode_image(file, channels=0, expand_animations=False),
    )
    # The fourth byte of a BMP's pixel is alpha in few files, and 0 in many.
    return tf.cond(tf.strings.substr(file, 0, 2) == b"BM", lambda: pixels[..., :3], lambda: pixels)


def _is_wide(octets: tf.Tensor) -> tf.Tensor:
    """Whether a file is a PNG of 16 bits in gray, without alpha."""
    head = _piece(octets, 0, 26)
    return _is(head[:4], b"\x89PNG") & _is(head[24:], b"\x10\0")


def _wide(file: tf.Tensor, bits: int) -> tf.Tensor:
    """uint8 [h, w, 1], the upper 8 of the bits in use; its transparent color is ignored."""
    values = tf.cast(tf.io.decode_png(file, channels=1, dtype=tf.uint16), tf.int32)
    return tf.cast(tf.minimum(tf.bitwise.right_shift(values, bits - 8), 255), tf.uint8)


def _over_white(pixels: tf.Tensor) -> tf.Tensor:
    """uint8 [h, w, 1 to 4] -> uint8 [h, w, 3], in integers as in `image_decoding`."""
    bands = tf.shape(pixels)[-1]
    color = tf.cond(bands < 3, lambda: tf.tile(pixels[..., :1], [1, 1, 3]), lambda: pixels[..., :3])

    def blended() -> tf.Tensor:
        alpha = tf.cast(pixels[..., -1:], tf.int32)
        sums = tf.cast(color, tf.int32) * alpha + 255 * (255 - alpha)
        return tf.cast((sums + 127) // 255, tf.uint8)

    return tf.cond(bands % 2 == 0, blended, lambda: color)


def _upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Rotates and mirrors [h, w, c] according to EXIF's eight orientations."""

    def where(orientations: tuple[int, ...], change: Callable, pixels: tf.Tensor) -> tf.Tensor:
        applies = tf.reduce_any(orientation == orientations)
        return tf.cond(applies, lambda: change(pixels), lambda: pixels)

    pixels = where(_TRANSPOSED, lambda p: tf.transpose(p, [1, 0, 2]), pixels)
    pixels = where(_MIRRORED, lambda p: tf.reverse(p, [1]), pixels)
    return where(_UPSIDE_DOWN, lambda p: tf.reverse(p, [0]), pixels)


def _channels(pixels: tf.Tensor, channels: int) -> tf.Tensor:
    """uint8 [h, w, 3] -> uint8 [h, w, channels]."""
    if channels == 3:
        return pixels
    gray = tf.reduce_sum(tf.cast(pixels, tf.int32) * _BT601, axis=-1, keepdims=True)
    return tf.cast((gray + 2**15) // 2**16, tf.uint8)


def _fit(pixels: tf.Tensor, shape: tuple[int, int, int], fit: str) -> tf.Tensor:
    """uint8 [h', w', c] -> uint8 [h, w, c]; bilinear, antialiased, half-pixel centers."""
    sides = tf.cast(tf.shape(pixels)[:2], tf.int64)
    resized, offset = _placement(sides, shape[:2], fit)
    # The operation of tf.image.resize. It computes nothing outside the image, and what is outside
    # the file's pixels is black.
    resampled = tf.raw_ops.ScaleAndTranslate(
        images=pixels[None],
        size=shape[:2],
        scale=tf.cast(resized, tf.float32) / tf.cast(sides, tf.float32),
        translation=tf.cast(offset, tf.float32),
        kernel_type="triangle",
        antialias=True,
    )[0]
    return tf.ensure_shape(tf.cast(tf.round(resampled), tf.uint8), shape)


def _placement(sides: tf.Tensor, size: tuple[int, int], fit: str) -> tuple[tf.Tensor, tf.Tensor]:
    """As `image_decoding.placement`: (height, width) once resized, and (top, left), int64 [2]."""
    if fit == "resize":
        return tf.constant(size, tf.int64), tf.zeros([2], tf.int64)
    side = tf.reduce_min(sides) if fit == "crop" else tf.reduce_max(sides)
    resized = tf.maximum((2 * sides * size + side) // (2 * side), 1)
    return resized, (size - resized) // 2


# --- EXIF -----------------------------------------------------------------------------------------


def _orientation(exif: tf.Tensor) -> tf.Tensor:
    """The orientation in EXIF, int64 in 1..8; 1 if there is none or it is invalid.

    Args:
        exif: uint8 [n]. It has the format of a TIFF file: the byte order and the offset of a
            directory, which has a count and that many entries of twelve bytes: tag, type, length
            and value.
    """
    head = _piece(exif, 0, 8)
    little = _is(head[:4], b"II\x2a\0")
    known = little | _is(head[:4], b"MM\0\x2a")
    first = _integers(head[4:], little)
    count = _integers(_piece(exif, first, 2), little)
    table = exif[first + 2 : first + 2 + 12 * count]
    entries = tf.reshape(table[: tf.size(table) // 12 * 12], [-1, 12])
    tag, kind, length, short, long = (
        _integers(entries[:, begin:end], little)
        for begin, end in ((0, 2), (2, 4), (4, 8), (8, 10), (8, 12))
    )
    value = tf.where(kind == _SHORT, short, long)
    valid = known & (tag == _ORIENTATION) & ((kind == _SHORT) | (kind == _LONG)) & (length == 1)
    orientation = tf.concat([value[valid], [1]], axis=0)[0]
    return tf.where((orientation >= 1) & (orientation <= 8), orientation, tf.ones_like(orientation))


def _jpeg_exif(octets: tf.Tensor) -> tf.Tensor:
    """The EXIF of a JPEG, uint8 [n]; empty if it has none."""

    def inspect(head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        marker, size = _integers(head[:2]), 2 + _integers(head[2:4])
        # EXIF comes before the tables; what is neither application data nor a comment is a table.
        skipped = (marker & 0xFFF0 == 0xFFE0) | (marker == 0xFFFE)
        size = tf.where(skipped, size, tf.size(octets, tf.int64))
        size = tf.where(marker == 0xFFFF, tf.ones_like(size), size)  # stuffing
        return (marker == 0xFFE1) & _is(head[4:10], _EXIF), size

    return _without_prefix(_block(octets, b"\xff\xd8\xff", 2, inspect)[4:])


def _other_exif(octets: tf.Tensor) -> tf.Tensor:
    """The EXIF of a PNG or WebP, uint8 [n]; empty if it has none."""

    def inspect(head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _is(head[:4], b"EXIF"), (9 + _integers(head[4:8], little=True)) // 2 * 2

    in_webp = _block(octets, b"RIFF", 12, inspect)
    return _without_prefix(tf.concat([in_webp, _png_chunk(octets, b"eXIf")], axis=0)[8:])


def _without_prefix(exif: tf.Tensor) -> tf.Tensor:
    """Removes the prefix that EXIF has in a JPEG, and in some other files."""
    prefixed = _is(_piece(exif, 0, len(_EXIF)), _EXIF)
    return exif[tf.where(prefixed, len(_EXIF), 0) :]


def _png_chunk(octets: tf.Tensor, name: bytes) -> tf.Tensor:
    """The first chunk of that name in a PNG, including its length; empty if there is none."""

    def inspect(head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _is(head[4:8], name), 12 + _integers(head[:4])

    return _block(octets, b"\x89PNG", 8, inspect)


def _block(
    octets: tf.Tensor,
    magic: bytes,
    first: int,
    inspect: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
) -> tf.Tensor:
    """Searches the blocks of a file, one after another.

    Args:
        octets: uint8 [n], the file.
        magic: The first bytes of a file of this format.
        first: Offset of the first block.
        inspect: The first ten bytes of a block -> whether it is the one searched for, and its
            size, at least 1.

    Returns:
        uint8 [m], the block; empty if there is none, or the file has another format.
    """
    end = tf.size(octets, tf.int64)

    def step(at: tf.Tensor, _: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return at + size, *inspect(_piece(octets, at + size, 10))

    known = _is(_piece(octets, 0, len(magic)), magic)
    start = tf.where(known, tf.constant(first, tf.int64), end)
    at, _, size = tf.while_loop(
        lambda at, is_it, size: (at < end) & ~is_it,
        step,
        step(start, tf.constant(False), tf.zeros_like(end)),
    )
    return octets[at : at + size]


def _piece(octets: tf.Tensor, at: tf.Tensor | int, size: int) -> tf.Tensor:
    """uint8 [size]; bytes past the end are 0."""
    part = octets[at : at + size]
    return tf.ensure_shape(tf.pad(part, [[0, size - tf.size(part)]]), [size])


def _is(octets: tf.Tensor, content: bytes) -> tf.Tensor:
    """Whether the octets are these bytes, at most seven."""
    return _integers(octets) == int.from_bytes(content)


def _integers(octets: tf.Tensor, little: tf.Tensor | bool = False) -> tf.Tensor:
    """uint8 [..., k] -> int64 [...], in big-endian or little-endian order."""
    powers = 256 ** np.arange(octets.shape[-1], dtype=np.int64)
    weights = tf.where(little, powers, powers[::-1])
    return tf.reduce_sum(tf.cast(octets, tf.int64) * weights, axis=-1)
