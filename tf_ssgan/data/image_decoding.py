"""Decodes image files to the pixels that a network reads; training and prediction share it.

The steps, in this order:

1. PNG, JPEG, WebP, BMP, GIF, TIFF and PPM are recognized by their content, not by their name. Only
   the first frame or page is read. A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that is at
   least twice the final size, which is several times as fast.
2. The rotation in the EXIF metadata is applied.
3. Pixels are converted to eight bits per channel. Of gray images with 16 bits, those eight are kept
   that are the upper ones of the bits in use, see `image_depth`; of colors with 16 bits, the upper
   eight. Palettes and CMYK become RGB, and black-and-white becomes gray. Signed and floating-point
   pixels are refused, because their range is unknown.
4. Transparent pixels are blended with white.
5. For one channel, colors become gray by the weights of ITU-R BT.601 (Pillow's `convert("L")`). For
   three channels, gray is repeated.
6. `resize` stretches to size x size; `crop` resizes the shorter side to `size` and cuts out the
   center; `pad` resizes the longer side to `size` and fills the rest with black. Interpolation is
   bilinear with antialiasing.

Images of more than 89 million pixels (Pillow's limit against decompression bombs), images with a
side of less than 4 pixels and files of more than 750 MB are refused. Whatever a file holds, it ends
in an image or in an `ImageFileError`.

`export.graph_image_decoding` does the same in a TensorFlow graph, for servers.
"""

import contextlib
import dataclasses
import io
import os
from typing import Literal

import numpy as np
from PIL import ExifTags, Image

from tf_ssgan.data import image_depth, image_files
from tf_ssgan.data.image_files import ImageFileInfo, read_header  # noqa: F401 - for the callers
from tf_ssgan.data.image_formats import ImageFileError  # noqa: F401

FITS = ("resize", "crop", "pad")
# Increases whenever the same file gives other pixels, so that cached images are decoded again.
DECODER_VERSION = 2

_REDUCTIONS = (8, 4, 2)  # supported by libjpeg
_EXIF_KEYS = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # orientation in EXIF -> what undoes it
_UNDECODABLE = "its pixels cannot be decoded"


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """Size, channels and fit of the images that are made of image files.

    Attributes:
        size: height and width in pixels; 0 chooses the size by the files.
        channels: "1", "3", or "auto": 1 if all files are gray, otherwise 3.
        fit: how files of another shape are fitted: "resize", "crop" or "pad".
        bits: bits in use of gray files with 16 bits, from 8 to 16; 0 finds them by the files.
    """

    size: int = 0
    channels: Literal["auto", "1", "3"] = "auto"
    fit: Literal["resize", "crop", "pad"] = "resize"
    bits: int = 0


def read_info(content: bytes) -> ImageFileInfo:
    """Reads the header and what only the rest tells: peak, and whether there are several frames.

    Raises:
        ImageFileError: as `decode`.
    """
    image = image_files.open_image(io.BytesIO(content))
    header = image_files.header_of(image)
    with image_files.damaged(_UNDECODABLE):
        return _complete(header, image)


def decode(
    content: bytes | str | os.PathLike,
    size: int,
    channels: int,
    fit: str,
    bits: int = image_depth.BITS[1],
) -> np.ndarray:
    """Decodes an image file by the steps at the top of this module.

    Args:
        content: the path of a file, or its bytes.
        size: height and width of the result, in pixels.
        channels: 1 or 3.
        fit: "resize", "crop" or "pad".
        bits: bits in use of gray images with 16 bits, see `image_depth`.

    Returns:
        uint8 [size, size, channels].

    Raises:
        ImageFileError: It cannot be read, is not an image, is damaged, too large or too small.
    """
    return read_info_and_image(image_files.read_content(content), size, channels, fit, bits)[1]


def read_info_and_image(
    content: bytes, size: int, channels: int, fit: str, bits: int = image_depth.BITS[1]
) -> tuple[ImageFileInfo, np.ndarray]:
    """Does what `read_info` and `decode` do, but decodes the file only once."""
    image = image_files.open_image(io.BytesIO(content))
    header = image_files.header_of(image)
    _reduce(image, size, fit)
    with image_files.damaged(_UNDECODABLE):
        inverted = image_depth.is_inverted(image)
        eight = _channels(_upright(image), channels, bits, inverted)
        pixels = _fit(eight, size, fit)
        info = _complete(header, image)
    return info, pixels[..., None] if channels == 1 else pixels


def placement(
    width: int, height: int, size: int, fit: str
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns the (width, height) of an image after resizing, and its (left, top) in the result.

    A negative offset cuts the image off; a positive one leaves a border.

    Args:
        width: width of the image file, in pixels.
        height: height of the image file, in pixels.
        size: height and width of the result, in pixels.
        fit: "resize", "crop" or "pad".
    """
    if fit == "resize":
        return (size, size), (0, 0)
    side = min(width, height) if fit == "crop" else max(width, height)
    # Integer arithmetic with halves rounded up is the same in every language.
    wide = max(1, (2 * width * size + side) // (2 * side))
    high = max(1, (2 * height * size + side) // (2 * side))
    return (wide, high), ((size - wide) // 2, (size - high) // 2)


def decode_full_size(content: bytes | str | os.PathLike, channels: int) -> Image.Image:
    """Decodes an image file without resizing: upright and over white.

    Args:
        content: the path of a file, or its bytes.
        channels: 1 for gray, 3 for color.

    Returns:
        An image of mode "RGB" or "L", or "I;16" if the file is gray with 16 bits; their bits in
        use are unknown.

    Raises:
        ImageFileError: as `decode`.
    """
    image = image_files.open_image(io.BytesIO(image_files.read_content(content)))
    header = image_files.header_of(image)
    with image_files.damaged(_UNDECODABLE):
        upright = _upright(image)
        if header.wide:
            return image_depth.to_sixteen_bits(upright, image_depth.is_inverted(image))
        return _channels(upright, channels)


def _complete(header: ImageFileInfo, image: Image.Image) -> ImageFileInfo:
    """Adds what only the pixels and the rest of the file tell; the last thing done with a file."""
    peak, several = 0, False
    if header.wide:
        image.load()
        peak = image_depth.peak(image)
    if header.format not in ("JPEG", "BMP", "PPM"):  # in a JPEG, the others are previews
        with contextlib.suppress(Exception):  # a second frame may be damaged, but is not used
            several = bool(getattr(image, "is_animated", False))
    return dataclasses.replace(header, peak=peak, several=several)


def _reduce(image: Image.Image, size: int, fit: str) -> None:
    """Sets a JPEG to be decoded at a fraction of its size."""
    if image.format not in ("JPEG", "MPO"):
        return
    side = max(image.size) if fit == "pad" else min(image.size)
    for reduction in _REDUCTIONS:
        if side >= 2 * reduction * size and min(image.size) >= reduction:
            image.draft(None, (image.width // reduction, image.height // reduction))
            return


def _upright(image: Image.Image) -> Image.Image:
    """Applies the rotation in the EXIF metadata; invalid metadata are ignored."""
    image.load()
    if image.format != "TIFF" and not any(key in image.info for key in _EXIF_KEYS):
        return image  # searching for metadata takes longer than decoding a small image
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        transposition = _TRANSPOSITIONS.get(orientation)
    except Exception:  # struct.error, and whatever else Pillow's reader of TIFF raises
        return image
    return image if transposition is None else image.transpose(transposition)


def _channels(
    image: Image.Image, channels: int, bits: int = image_depth.BITS[1], inverted: bool = False
) -> Image.Image:
    """Converts to mode "L" or "RGB", over white."""
    mode = "L" if channels == 1 else "RGB"
    if image.mode == mode and "transparency" not in image.info:
        return image
    if image_depth.is_wide(image.mode):
        image = image_depth.to_eight_bits(image, bits, inverted)
    if image.has_transparency_data:
        image = _blend_with_white(image.convert("RGBA"))
    elif image.mode not in ("L", "1"):
        image = image.convert("RGB")
    return image.convert(mode)


def _blend_with_white(image: Image.Image) -> Image.Image:
    """Converts RGBA to RGB: (c a + 255 (255 - a)) / 255, rounded to the nearest by Pillow."""
    white = Image.new("RGB", image.size, "white")
    white.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return white


def _fit(image: Image.Image, size: int, fit: str) -> np.ndarray:
    """Returns uint8 [size, size] or [size, size, 3]."""
    (wide, high), (left, top) = placement(*image.size, size, fit)
    if fit == "crop" and (wide, high) != (size, size):
        # Resizes only what is kept: otherwise a long strip would become enormous.
        across, down = image.width / wide, image.height / high
        box = (-left * across, -top * down, (size - left) * across, (size - top) * down)
        return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box))
    if image.size != (wide, high):
        image = image.resize((wide, high), Image.Resampling.BILINEAR)
    if (wide, high) != (size, size):
        image = image.crop((-left, -top, size - left, size - top))
    return np.asarray(image)
