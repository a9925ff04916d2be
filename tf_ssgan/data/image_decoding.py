"""From a picture file to the pixels that a network sees: one rule, for training and for asking.

The rule, in this order:

1. PNG, JPEG, WebP, BMP, GIF and TIFF, told apart by their content and not by their name; of an
   animation or a stack of pages the first. A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where
   at least twice the final size remains, which is several times as fast.
2. The rotation that a camera noted in EXIF is applied.
3. Eight bits a channel: of 16 bits the upper eight. Palettes and CMYK become RGB, black-and-white
   becomes gray. Floating-point pixels are refused: nobody knows their range.
4. Transparent pixels are laid over white.
5. One channel: gray by the weights of ITU-R BT.601 (Pillow's `convert("L")`). Three: gray repeated.
6. `resize` stretches to size x size; `crop` makes the shorter side that long and cuts the middle
   out; `pad` makes the longer side that long and fills up with black. Bilinear with antialiasing.

Pictures of more than 89 million pixels are refused (Pillow's own bound against decompression
bombs), and those with a side under 4 pixels.

`export.pictures` follows the same rule in a graph, for servers.
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
MOST_PIXELS = 89_478_485
LEAST_SIDE = 4
RULE = 1  # changes whenever the same file would give other pixels: kept images are made anew

# Refused below with a sentence, so there is nothing to warn of.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

# What Pillow raises while it decodes.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError)
_REDUCTIONS = (8, 4, 2)  # those of libjpeg
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")
_NOTES = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
_GRAY = ("1", "L", "LA", "La", "I", *_SIXTEEN_BIT)


class Unusable(errors.UserError):
    """A file that no image can be made of; its text is the reason, without the file's name."""


@dataclasses.dataclass(frozen=True)
class Form:
    """What images of which form are wanted of pictures.

    Attributes:
        size: height and width in pixels; 0 leaves it to the pictures.
        channels: "1", "3", or "auto": 1 if all pictures are gray.
        fit: what happens to other shapes: "resize", "crop" or "pad".
    """

    size: int = 0
    channels: Literal["auto", "1", "3"] = "auto"
    fit: Literal["resize", "crop", "pad"] = "resize"


@dataclasses.dataclass(frozen=True)
class ImageFileInfo:
    """What the head of a picture file says.

    Attributes:
        format: one of `FORMATS`.
        mode: Pillow's name of its pixels: "L", "RGB", "P", "I;16", ...
        width: pixels, before rotation (TIFF: after it).
        height: likewise.
    """

    format: str
    mode: str
    width: int
    height: int

    @property
    def gray(self) -> bool:
        """Whether it has no color, by its mode."""
        return self.mode in _GRAY


def read_header(content: bytes | str | os.PathLike) -> ImageFileInfo:
    """Reads the head of a picture: a file's path, or its bytes.

    Raises:
        Unusable: It cannot be read, is no picture, or is too large or too small.
    """
    with _opened(content) as picture:
        return _looks(picture)


def decode(content: bytes | str | os.PathLike, size: int, channels: int, fit: str) -> np.ndarray:
    """Makes an image of a picture, by the rule of this module.

    Args:
        content: a file's path, or its bytes.
        size: height and width of the result.
        channels: 1 or 3.
        fit: "resize", "crop" or "pad".

    Returns:
        uint8 [size, size, channels].

    Raises:
        Unusable: It cannot be read, is no picture or a damaged one, is too large or too small.
    """
    return read_header_and_image(content, size, channels, fit)[1]


def read_header_and_image(
    content: bytes | str | os.PathLike, size: int, channels: int, fit: str
) -> tuple[ImageFileInfo, np.ndarray]:
    """Does what `look` and `image` do, and opens the picture once."""
    with _opened(content) as picture:
        looks = _looks(picture)
        _reduce(picture, size, fit)
        try:
            pixels = _fitted(_channels(_upright(picture), channels), size, fit)
        except _DAMAGED as error:
            raise Unusable("is damaged: its pixels cannot be decoded") from error
    return looks, pixels[..., None] if channels == 1 else pixels


def boxes(width: int, height: int, size: int, fit: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a picture goes: its (width, height) once resized, and its (left, top) in the image.

    Negative places are cut off, positive ones leave a border.
    """
    if fit == "resize":
        return (size, size), (0, 0)
    side = min(width, height) if fit == "crop" else max(width, height)
    # Integers, halves upward: the same in every language.
    wide = max(1, (2 * width * size + side) // (2 * side))
    high = max(1, (2 * height * size + side) // (2 * side))
    return (wide, high), ((size - wide) // 2, (size - high) // 2)


def _opened(content: bytes | str | os.PathLike) -> Image.Image:
    """Opens a picture, of which only the head is read."""
    if isinstance(content, bytes) and not content:
        raise Unusable("is empty")
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        return Image.open(file, formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        raise Unusable(_nothing_known(content)) from error
    except Image.DecompressionBombError as error:
        raise Unusable(f"has more than {MOST_PIXELS:,} pixels: make it smaller") from error
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise Unusable(f"cannot be read: {reason}") from error
    except (ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError) as error:
        raise Unusable("is not a picture, or a damaged one") from error


def _nothing_known(content: bytes | str | os.PathLike) -> str:
    """Why a file of no known format is none."""
    with contextlib.suppress(OSError):  # gone since
        if not isinstance(content, bytes) and os.path.getsize(content) == 0:
            return "is empty"
    return "is not a picture, or a damaged one"


def _looks(picture: Image.Image) -> ImageFileInfo:
    # Several pictures in one JPEG file: Pillow gives them a format of its own.
    form = "JPEG" if picture.format == "MPO" else picture.format
    looks = ImageFileInfo(form, picture.mode, *picture.size)
    if looks.width * looks.height > MOST_PIXELS:
        raise Unusable(
            f"has {looks.width:,} x {looks.height:,} pixels, more than {MOST_PIXELS:,}: "
            "make it smaller"
        )
    if min(picture.size) < LEAST_SIDE:
        raise Unusable(
            f"has {looks.width} x {looks.height} pixels; at least {LEAST_SIDE} a side are needed"
        )
    if picture.mode == "F":
        raise Unusable("has floating-point pixels, whose range nobody knows: save it in 8 bits")
    return looks


def _reduce(picture: Image.Image, size: int, fit: str) -> None:
    """Has a JPEG decoded at a fraction of its size."""
    if picture.format not in ("JPEG", "MPO"):
        return
    side = max(picture.size) if fit == "pad" else min(picture.size)
    for reduction in _REDUCTIONS:
        if side >= 2 * reduction * size and min(picture.size) >= reduction:
            picture.draft(None, (picture.width // reduction, picture.height // reduction))
            return


def plain(content: bytes | str | os.PathLike, channels: int) -> Image.Image:
    """Returns a picture in full size, upright, in eight bits and over white.

    Args:
        content: a file's path, or its bytes.
        channels: 1 for gray, 3 for color.

    Raises:
        Unusable: as `image`.
    """
    with _opened(content) as picture:
        _looks(picture)
        try:
            return _channels(_upright(picture), channels)
        except _DAMAGED as error:
            raise Unusable("is damaged: its pixels cannot be decoded") from error


def _upright(picture: Image.Image) -> Image.Image:
    """Applies the rotation noted in EXIF; notes that make no sense are passed over."""
    picture.load()
    if picture.format != "TIFF" and not any(key in picture.info for key in _NOTES):
        return picture  # looking for a note takes longer than decoding a small picture
    try:
        return ImageOps.exif_transpose(picture)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, ArithmeticError, IndexError):
        return picture


def _channels(picture: Image.Image, channels: int) -> Image.Image:
    """Mode "L" or "RGB", over white."""
    mode = "L" if channels == 1 else "RGB"
    if picture.mode == mode and "transparency" not in picture.info:
        return picture
    if picture.mode in _SIXTEEN_BIT or picture.mode == "I":
        wide = np.asarray(picture)
        wide = wide.clip(0, 65535) if picture.mode == "I" else wide
        picture = Image.fromarray((wide >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        picture = _over_white(picture.convert("RGBA"))
    elif picture.mode not in ("L", "1"):
        picture = picture.convert("RGB")
    return picture.convert(mode)


def _over_white(picture: Image.Image) -> Image.Image:
    """RGBA -> RGB: (c a + 255 (255 - a)) / 255, rounded to the nearest, which Pillow does."""
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture.convert("RGB"), mask=picture.getchannel("A"))
    return white


def _fitted(picture: Image.Image, size: int, fit: str) -> np.ndarray:
    """uint8 [size, size] or [size, size, 3]."""
    (wide, high), (left, top) = boxes(*picture.size, size, fit)
    if fit == "crop" and (wide, high) != (size, size):
        # Resizes what stays, and nothing beside it: a strip of a picture would become enormous.
        across, down = picture.width / wide, picture.height / high
        box = (-left * across, -top * down, (size - left) * across, (size - top) * down)
        return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR, box=box))
    if picture.size != (wide, high):
        picture = picture.resize((wide, high), Image.Resampling.BILINEAR)
    if (wide, high) != (size, size):
        picture = picture.crop((-left, -top, size - left, size - top))
    return np.asarray(picture)


def names_format(path: pathlib.PurePath) -> str | None:
    """Returns the format that a file's ending stands for, if it is that of a picture."""
    ending = path.suffix.lower()
    return next((name for name, endings in SUFFIXES.items() if ending in endings), None)
