"""From picture files to the pixels a network was trained on, as operations of a graph.

The rule is that of `tf_ssgan.data.pictures`, step by step, and the pixels are the same: to the bit
where nothing is resized, else within one level (Pillow rounds after each direction, TensorFlow
after both). Of CMYK, whose conversion TensorFlow rounds down, they are one and two levels off.

Other exceptions, which `export.client` avoids by sending all but PNG and JPEG as PNG:

- TIFF cannot be decoded, nor BMP of 16 bits; a palette in a BMP is taken for gray levels, and its
  alpha is passed over.
- Transparent pixels of a GIF are black, and so is what its first frame leaves out: TensorFlow's
  decoder does not tell them from black ones.

And those that it does not avoid:

- A rotation is found in the EXIF of JPEG, PNG (eXIf) and WebP, as a number of type SHORT or LONG.
  Pillow also knows it from XMP, and from the text chunks that some programs write into PNG.
- The transparent color (tRNS) of a PNG of 2, 4 or 16 bits that has no palette is obeyed; Pillow
  compares it with pixels already scaled to 8 bits, and misses it.
- A CMYK JPEG without Adobe's marker is taken at its word; Pillow inverts it, as those with it.
- Pictures with a side under 4 pixels, or of more than 89,478,485, are accepted (by the client they
  are not).
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

_BT601 = (19595, 38470, 7471)  # Pillow's L24: 0.299, 0.587, 0.114 in units of 2^-16
_RATIOS = (1, 2, 4, 8)  # those of libjpeg
_ORIENTATION = 0x0112  # EXIF 2.32, section 4.6.4; SHORT and LONG are its types 3 and 4
_SHORT, _LONG = 3, 4
_EXIF = b"Exif\0\0"
_MIRRORED, _UPSIDE_DOWN, _TRANSPOSED = (2, 3, 6, 7), (3, 4, 7, 8), (5, 6, 7, 8)


def decode(files: tf.Tensor, shape: tuple[int, int, int], fit: str) -> tf.Tensor:
    """Decodes picture files.

    Args:
        files: string [n].
        shape: (height, width, channels) of the result; 1 or 3 channels.
        fit: what happens to pictures of another shape: "resize", or, where height and width are
            equal, "crop" or "pad".

    Returns:
        uint8 [n, height, width, channels].

    Raises:
        InvalidArgumentError: When run, if one of the files is no picture; all n fail with it.
    """
    return tf.map_fn(
        lambda file: _image(file, shape, fit),
        files,
        fn_output_signature=tf.TensorSpec(shape, tf.uint8),
    )


def _image(file: tf.Tensor, shape: tuple[int, int, int], fit: str) -> tf.Tensor:
    """One file -> uint8 [height, width, channels]."""
    octets = tf.io.decode_raw(file, tf.uint8)
    pixels, orientation = tf.cond(
        tf.io.is_jpeg(file),
        lambda: (_jpeg(file, shape, fit), _orientation(_jpeg_exif(octets))),
        lambda: (_over_white(_not_jpeg(file, octets)), _orientation(_other_exif(octets))),
    )
    return _fitted(_channels(_upright(pixels, orientation), shape[2]), shape, fit)


def _jpeg(file: tf.Tensor, shape: tuple[int, int, int], fit: str) -> tf.Tensor:
    """uint8 [h, w, 3], at a fraction of its size where at least twice the final size remains."""
    sides = tf.io.extract_jpeg_shape(file)[:2]
    shorter, ratios = tf.reduce_min(sides), tf.constant(_RATIOS[1:])
    side = tf.reduce_max(sides) if fit == "pad" else shorter
    fitting = (side >= 2 * max(shape[:2]) * ratios) & (shorter >= ratios)

    # The general decoder's transform is fast, and up to 12 levels off Pillow's; this is the same.
    def decoded(ratio: int) -> Callable[[], tf.Tensor]:
        return lambda: tf.io.decode_jpeg(file, 3, ratio, dct_method="INTEGER_ACCURATE")

    which = tf.math.count_nonzero(fitting, dtype=tf.int32)
    return tf.switch_case(which, [decoded(ratio) for ratio in _RATIOS])


def _not_jpeg(file: tf.Tensor, octets: tf.Tensor) -> tf.Tensor:
    """uint8 [h, w, 1 to 4], of 16 bits the upper eight: 1 and 2 are gray; 2 and 4 have alpha."""
    # A transparent color becomes alpha only if alpha is asked for; but asked for where there is
    # none, alpha is no more than 15 in files of up to 4 bits. GIF, BMP and WebP refuse to convert.
    pixels = tf.cond(
        tf.size(_png_chunk(octets, b"tRNS")) > 0,
        lambda: tf.io.decode_png(file, channels=4),
        lambda: tf.io.decode_image(file, channels=0, expand_animations=False),
    )
    # The fourth byte of a BMP's pixel is alpha in few files, and 0 in many.
    return tf.cond(tf.strings.substr(file, 0, 2) == b"BM", lambda: pixels[..., :3], lambda: pixels)


def _over_white(pixels: tf.Tensor) -> tf.Tensor:
    """uint8 [h, w, 1 to 4] -> uint8 [h, w, 3], in integers as `tf_ssgan.data.pictures`."""
    bands = tf.shape(pixels)[-1]
    color = tf.cond(bands < 3, lambda: tf.tile(pixels[..., :1], [1, 1, 3]), lambda: pixels[..., :3])

    def laid() -> tf.Tensor:
        alpha = tf.cast(pixels[..., -1:], tf.int32)
        sums = tf.cast(color, tf.int32) * alpha + 255 * (255 - alpha)
        return tf.cast((sums + 127) // 255, tf.uint8)

    return tf.cond(bands % 2 == 0, laid, lambda: color)


def _upright(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns and mirrors [h, w, c] as EXIF's eight orientations ask."""

    def where(orientations: tuple[int, ...], change: Callable, pixels: tf.Tensor) -> tf.Tensor:
        asked = tf.reduce_any(orientation == orientations)
        return tf.cond(asked, lambda: change(pixels), lambda: pixels)

    pixels = where(_TRANSPOSED, lambda p: tf.transpose(p, [1, 0, 2]), pixels)
    pixels = where(_MIRRORED, lambda p: tf.reverse(p, [1]), pixels)
    return where(_UPSIDE_DOWN, lambda p: tf.reverse(p, [0]), pixels)


def _channels(pixels: tf.Tensor, channels: int) -> tf.Tensor:
    """uint8 [h, w, 3] -> uint8 [h, w, channels]."""
    if channels == 3:
        return pixels
    gray = tf.reduce_sum(tf.cast(pixels, tf.int32) * _BT601, axis=-1, keepdims=True)
    return tf.cast((gray + 2**15) // 2**16, tf.uint8)


def _fitted(pixels: tf.Tensor, shape: tuple[int, int, int], fit: str) -> tf.Tensor:
    """uint8 [h', w', c] -> uint8 [h, w, c]; bilinear, antialiased, half-pixel centers."""
    sides = tf.cast(tf.shape(pixels)[:2], tf.int64)
    resized, place = _boxes(sides, shape[:2], fit)
    # tf.image.resize's own operation. What it draws beyond the image it never computes, and what
    # lies beyond the picture is black.
    drawn = tf.raw_ops.ScaleAndTranslate(
        images=pixels[None],
        size=shape[:2],
        scale=tf.cast(resized, tf.float32) / tf.cast(sides, tf.float32),
        translation=tf.cast(place, tf.float32),
        kernel_type="triangle",
        antialias=True,
    )[0]
    return tf.ensure_shape(tf.cast(tf.round(drawn), tf.uint8), shape)


def _boxes(sides: tf.Tensor, wanted: tuple[int, int], fit: str) -> tuple[tf.Tensor, tf.Tensor]:
    """`tf_ssgan.data.pictures.boxes`: (height, width) once resized, and (top, left), int64 [2]."""
    if fit == "resize":
        return tf.constant(wanted, tf.int64), tf.zeros([2], tf.int64)
    side = tf.reduce_min(sides) if fit == "crop" else tf.reduce_max(sides)
    resized = tf.maximum((2 * sides * wanted + side) // (2 * side), 1)
    return resized, (wanted - resized) // 2


# --- EXIF -----------------------------------------------------------------------------------------


def _orientation(exif: tf.Tensor) -> tf.Tensor:
    """What EXIF says of rotation, int64 in 1..8; 1 where it says nothing, or nothing sensible.

    Args:
        exif: uint8 [n]. A TIFF file: byte order, the place of a directory, and in there a count
            and so many entries of twelve bytes, tag, type, length and value.
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
    noted = known & (tag == _ORIENTATION) & ((kind == _SHORT) | (kind == _LONG)) & (length == 1)
    orientation = tf.concat([value[noted], [1]], axis=0)[0]
    return tf.where((orientation >= 1) & (orientation <= 8), orientation, tf.ones_like(orientation))


def _jpeg_exif(octets: tf.Tensor) -> tf.Tensor:
    """The EXIF of a JPEG, uint8 [n]; empty where there is none."""

    def look(head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        marker, size = _integers(head[:2]), 2 + _integers(head[2:4])
        # EXIF comes before the tables; what is neither application data nor a comment is a table.
        passed_over = (marker & 0xFFF0 == 0xFFE0) | (marker == 0xFFFE)
        size = tf.where(passed_over, size, tf.size(octets, tf.int64))
        size = tf.where(marker == 0xFFFF, tf.ones_like(size), size)  # stuffing
        return (marker == 0xFFE1) & _is(head[4:10], _EXIF), size

    return _without_prefix(_block(octets, b"\xff\xd8\xff", 2, look)[4:])


def _other_exif(octets: tf.Tensor) -> tf.Tensor:
    """The EXIF of a PNG or WebP, uint8 [n]; empty where there is none."""

    def look(head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _is(head[:4], b"EXIF"), (9 + _integers(head[4:8], little=True)) // 2 * 2

    in_webp = _block(octets, b"RIFF", 12, look)
    return _without_prefix(tf.concat([in_webp, _png_chunk(octets, b"eXIf")], axis=0)[8:])


def _without_prefix(exif: tf.Tensor) -> tf.Tensor:
    """Takes off what begins EXIF in a JPEG, and in some other files."""
    begun = _is(_piece(exif, 0, len(_EXIF)), _EXIF)
    return exif[tf.where(begun, len(_EXIF), 0) :]


def _png_chunk(octets: tf.Tensor, name: bytes) -> tf.Tensor:
    """The first chunk of that name in a PNG, from its length on; empty where there is none."""

    def look(head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _is(head[4:8], name), 12 + _integers(head[:4])

    return _block(octets, b"\x89PNG", 8, look)


def _block(
    octets: tf.Tensor,
    magic: bytes,
    first: int,
    look: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
) -> tf.Tensor:
    """Goes from block to block of a file, up to a certain one.

    Args:
        octets: uint8 [n], the file.
        magic: What files of this format begin with.
        first: Where their first block begins.
        look: The first ten bytes of a block -> whether it is the one, and its size, at least 1.

    Returns:
        uint8 [m], the block; empty if there is none, or the file is of another format.
    """
    end = tf.size(octets, tf.int64)

    def step(at: tf.Tensor, _: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return at + size, *look(_piece(octets, at + size, 10))

    known = _is(_piece(octets, 0, len(magic)), magic)
    start = tf.where(known, tf.constant(first, tf.int64), end)
    at, _, size = tf.while_loop(
        lambda at, found, size: (at < end) & ~found,
        step,
        step(start, tf.constant(False), tf.zeros_like(end)),
    )
    return octets[at : at + size]


def _piece(octets: tf.Tensor, at: tf.Tensor | int, size: int) -> tf.Tensor:
    """uint8 [size]; what lies past the end is 0."""
    part = octets[at : at + size]
    return tf.ensure_shape(tf.pad(part, [[0, size - tf.size(part)]]), [size])


def _is(octets: tf.Tensor, content: bytes) -> tf.Tensor:
    """Whether these are the bytes, up to seven."""
    return _integers(octets) == int.from_bytes(content)


def _integers(octets: tf.Tensor, little: tf.Tensor | bool = False) -> tf.Tensor:
    """uint8 [..., k] -> int64 [...], in one byte order or the other."""
    powers = 256 ** np.arange(octets.shape[-1], dtype=np.int64)
    weights = tf.where(little, powers, powers[::-1])
    return tf.reduce_sum(tf.cast(octets, tf.int64) * weights, axis=-1)
