"""Decodes image files to the pixels that a network reads; training and prediction share it.

The steps, in this order:

1. PNG, JPEG, WebP, BMP, GIF and TIFF are recognized by their content, not by their name. Only the
   first frame or page is read. A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that is at least
   twice the final size, which is several times as fast.
2. The rotation in the EXIF metadata is applied.
3. Pixels are converted to eight bits per channel: of 16 bits, the upper eight are kept. Palettes
   and CMYK become RGB, and black-and-white becomes gray. Floating-point pixels are refused, because
   their range is unknown.
4. Transparent pixels are blended with white.
5. For one channel, colors become gray by the weights of ITU-R BT.601 (Pillow's `convert("L")`). For
   three channels, gray is repeated.
6. `resize` stretches to size x size; `crop` resizes the shorter side to `size` and cuts out the
   center; `pad` resizes the longer side to `size` and fills the rest with black. Interpolation is
   bilinear with antialiasing.

Images of more than 89 million pixels (Pillow's limit against decompression bombs) and images with a
side of less than 4 pixels are refused.

`export.graph_image_decoding` does the same in a TensorFlow graph, for servers.
"""

import contextlib
import dataclasses
import io
import os
import pathlib
import warnings
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from tf_ssgan.common import errors

FITS = ("resize", "crop", "pad")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
SUFFIXES = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
}
MAX_PIXELS = 89_478_485
MIN_SIDE = 4
# Increases whenever the same file gives other pixels, so that cached images are decoded again.
DECODER_VERSION = 1

# Such files are refused below, so no warning is needed.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

# What Pillow raises while it decodes.
_DECODING_ERRORS = (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError)
_REDUCTIONS = (8, 4, 2)  # supported by libjpeg
_SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")
_EXIF_KEYS = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
_GRAY_MODES = ("1", "L", "LA", "La", "I", *_SIXTEEN_BIT_MODES)


class ImageFileError(errors.UserError):
    """An image file cannot be used; the message is the reason, without the name of the file."""


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """Size, channels and fit of the images that are made of image files.

    Attributes:
        size: height and width in pixels; 0 chooses the size by the files.
        channels: "1", "3", or "auto": 1 if all files are gray, otherwise 3.
        fit: how files of another shape are fitted: "resize", "crop" or "pad".
    """

    size: int = 0
    channels: Literal["auto", "1", "3"] = "auto"
    fit: Literal["resize", "crop", "pad"] = "resize"


@dataclasses.dataclass(frozen=True)
class ImageFileInfo:
    """What the header of an image file says.

    Attributes:
        format: one of `FORMATS`.
        mode: Pillow's name of the pixel format: "L", "RGB", "P", "I;16", ...
        width: in pixels, before rotation (TIFF: after it).
        height: in pixels, before rotation (TIFF: after it).
    """

    format: str
    mode: str
    width: int
    height: int

    @property
    def gray(self) -> bool:
        """Whether the mode has no color."""
        return self.mode in _GRAY_MODES


def read_header(content: bytes | str | os.PathLike) -> ImageFileInfo:
    """Reads the header of an image file.

    Args:
        content: the path of a file, or its bytes.

    Raises:
        ImageFileError: It cannot be read, is not an image, or is too large or too small.
    """
    with _open(content) as image:
        return _header(image)


def decode(content: bytes | str | os.PathLike, size: int, channels: int, fit: str) -> np.ndarray:
    """Decodes an image file by the steps at the top of this module.

    Args:
        content: the path of a file, or its bytes.
        size: height and width of the result, in pixels.
        channels: 1 or 3.
        fit: "resize", "crop" or "pad".

    Returns:
        uint8 [size, size, channels].

    Raises:
        ImageFileError: It cannot be read, is not an image, is damaged, too large or too small.
    """
    return read_header_and_image(content, size, channels, fit)[1]


def read_header_and_image(
    content: bytes | str | os.PathLike, size: int, channels: int, fit: str
) -> tuple[ImageFileInfo, np.ndarray]:
    """Does what `read_header` and `decode` do, but opens the file only once."""
    with _open(content) as image:
        header = _header(image)
        _reduce(image, size, fit)
        try:
            pixels = _fit(_channels(_upright(image), channels), size, fit)
        except _DECODING_ERRORS as error:
            raise ImageFileError("is damaged: its pixels cannot be decoded") from error
    return header, pixels[..., None] if channels == 1 else pixels


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
    """Decodes an image file without resizing: upright, in eight bits, over white.

    Args:
        content: the path of a file, or its bytes.
        channels: 1 for gray, 3 for color.

    Raises:
        ImageFileError: as `decode`.
    """
    with _open(content) as image:
        _header(image)
        try:
            return _channels(_upright(image), channels)
        except _DECODING_ERRORS as error:
            raise ImageFileError("is damaged: its pixels cannot be decoded") from error


def format_from_suffix(path: pathlib.PurePath) -> str | None:
    """Returns the image format that the suffix of a file stands for; None for other suffixes."""
    suffix = path.suffix.lower()
    return next((name for name, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def _open(content: bytes | str | os.PathLike) -> Image.Image:
    """Opens an image file; only the header is read."""
    if isinstance(content, bytes) and not content:
        raise ImageFileError("is empty")
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        return Image.open(file, formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        raise ImageFileError(_explain_unidentified(content)) from error
    except Image.DecompressionBombError as error:
        raise ImageFileError(f"has more than {MAX_PIXELS:,} pixels: make it smaller") from error
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise ImageFileError(f"cannot be read: {reason}") from error
    except (ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
        raise ImageFileError("is not an image, or is damaged") from error


def _explain_unidentified(content: bytes | str | os.PathLike) -> str:
    """Returns why a file of no known format cannot be used."""
    with contextlib.suppress(OSError):  # it may have been removed
        if not isinstance(content, bytes) and os.path.getsize(content) == 0:
            return "is empty"
    return "is not an image, or is damaged"


def _header(image: Image.Image) -> ImageFileInfo:
    """Returns the header of an open file, or refuses the file by it."""
    # Pillow has a format of its own for several images in one JPEG file.
    file_format = "JPEG" if image.format == "MPO" else image.format
    header = ImageFileInfo(file_format, image.mode, *image.size)
    if header.width * header.height > MAX_PIXELS:
        raise ImageFileError(
            f"has {header.width:,} x {header.height:,} pixels, more than {MAX_PIXELS:,}: "
            "make it smaller"
        )
    if min(image.size) < MIN_SIDE:
        raise ImageFileError(
            f"has {header.width} x {header.height} pixels; each side needs at least {MIN_SIDE}"
        )
    if image.mode == "F":
        raise ImageFileError(
            "has floating-point pixels, whose range is unknown: save it with 8 bits per channel"
        )
    return header


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
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, ArithmeticError, IndexError):
        return image


def _channels(image: Image.Image, channels: int) -> Image.Image:
    """Converts to mode "L" or "RGB", over white."""
    mode = "L" if channels == 1 else "RGB"
    if image.mode == mode and "transparency" not in image.info:
        return image
    if image.mode in _SIXTEEN_BIT_MODES or image.mode == "I":
        wide = np.asarray(image)
        wide = wide.clip(0, 65535) if image.mode == "I" else wide
        image = Image.fromarray((wide >> 8).astype(np.uint8))
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
