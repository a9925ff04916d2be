"""Opens image files and reads their headers; what is not read is refused with a reason.

A name may stand for anything: a pipe without an end, a folder, a video of 30 GB, a pointer to an
image elsewhere. So only files of limited size are opened, and their heads are looked at before
anything else is read. Whatever a file holds, only an `ImageFileError` is raised.
"""

import contextlib
import ctypes
import dataclasses
import io
import logging
import os
import pathlib
import warnings
from collections.abc import Iterator
from typing import BinaryIO

import PIL
from PIL import Image

from tf_ssgan.common import files
from tf_ssgan.data import image_depth, image_formats
from tf_ssgan.data.image_formats import ImageFileError

MAX_PIXELS = 89_478_485
# So many pixels take 716 MB at most, without compression: four channels of 16 bits.
MAX_BYTES = 750_000_000
MIN_SIDE = 4

_GRAY_MODES = ("1", "L", "LA", "La", *image_depth.WIDE_MODES)
_COLOR_MODES = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV")
# TIFF 6.0, section 8, and Adobe's DNG 1.7: marks of files whose first image is a small copy.
_SUBFILE_TYPE, _REDUCED_COPY, _DNG_VERSION = 254, 1, 50706


def _silence_pillow() -> None:
    """Keeps it from printing: an ImageFileError says what is wrong, or it does not matter."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    # Its libtiff prints without Python. Other builds of Pillow have it elsewhere, and print.
    for path in pathlib.Path(PIL.__file__).parents[1].glob("[Pp]illow.libs/libtiff*"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(os.fspath(path)).TIFFSetErrorHandler(None)


_silence_pillow()


@dataclasses.dataclass(frozen=True)
class ImageFileInfo:
    """What the header of an image file says.

    Attributes:
        format: one of `image_formats.FORMATS`.
        mode: Pillow's name of the pixel format: "L", "RGB", "P", "I;16", ...
        width: in pixels, before rotation (TIFF: after it).
        height: in pixels, before rotation (TIFF: after it).
        peak: the largest value of a gray image with 16 bits; 0 for others, and in `read_header`.
        several: whether it has several frames or pages; False in `read_header`.
    """

    format: str
    mode: str
    width: int
    height: int
    peak: int = 0
    several: bool = False

    @property
    def gray(self) -> bool:
        """Whether the mode has no color."""
        return self.mode in _GRAY_MODES

    @property
    def wide(self) -> bool:
        """Whether it is gray with 16 bits."""
        return image_depth.is_wide(self.mode)


def read_file(path: str | os.PathLike) -> bytes:
    """Reads an image file; what is no file, is not an image or is too large is not read.

    Raises:
        ImageFileError: Its head tells that it is not an image of a format that is read.
        OSError: It cannot be read, is a folder, a pipe or a device, or has more than `MAX_BYTES`.
    """
    return files.read_regular(path, MAX_BYTES, image_formats.check_head)


def read_header(content: bytes | str | os.PathLike) -> ImageFileInfo:
    """Reads the header of an image file.

    Args:
        content: the path of a file, or its bytes.

    Raises:
        ImageFileError: It cannot be read, is not an image, or is too large or too small.
    """
    if isinstance(content, bytes):
        return header_of(open_image(io.BytesIO(content)))
    with _unreadable(), files.open_regular(content, MAX_BYTES) as file:
        return header_of(open_image(file))


def read_content(content: bytes | str | os.PathLike) -> bytes:
    """Returns the bytes of an image file, given as bytes or by its path.

    Raises:
        ImageFileError: as `read_file`; also if the file cannot be read.
    """
    if isinstance(content, bytes):
        return content
    with _unreadable():
        return read_file(content)


def open_image(file: BinaryIO) -> Image.Image:
    """Opens an image file; only the header is read.

    Raises:
        ImageFileError: It is not an image of a format that is read, or is damaged.
    """
    head = file.read(files.HEAD)
    image_formats.check_head(head)
    file.seek(0)
    try:
        return Image.open(file, formats=image_formats.FORMATS)
    except Image.UnidentifiedImageError as error:
        kind = image_formats.named_format(head)
        reason = f"is damaged, or is a {kind} of a kind that is not read: save it as PNG"
        raise ImageFileError(reason) from error
    except Image.DecompressionBombError as error:
        raise ImageFileError(f"has more than {MAX_PIXELS:,} pixels: make it smaller") from error
    except Exception as error:
        raise ImageFileError("is damaged: its header cannot be read") from error


def header_of(image: Image.Image) -> ImageFileInfo:
    """Returns the header of an open file.

    Raises:
        ImageFileError: It is too large or too small, or its pixels are of a kind that is not read.
    """
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
    if image.mode not in _GRAY_MODES + _COLOR_MODES:
        raise ImageFileError(f"has {image.mode} colors: save it with RGB colors")
    if file_format == "TIFF":
        with damaged("its header cannot be read"):
            _check_tags(image)
    return header


def _check_tags(image: Image.Image) -> None:
    """Refuses raw files of cameras, which are like TIFF, and signed pixels."""
    subfile = image.tag_v2.get(_SUBFILE_TYPE, 0)
    if subfile & _REDUCED_COPY or _DNG_VERSION in image.tag_v2:
        raise ImageFileError(
            "begins with a small copy of its image, as raw files of cameras do: "
            "export it as PNG or JPEG"
        )
    image_depth.check_signed(image)


@contextlib.contextmanager
def _unreadable() -> Iterator[None]:
    """Makes an ImageFileError of an OSError."""
    try:
        yield
    except OSError as error:
        raise ImageFileError(f"cannot be read: {error.strerror or error}") from error


@contextlib.contextmanager
def damaged(reason: str) -> Iterator[None]:
    """Makes an ImageFileError of whatever Pillow raises: damaged files provoke most exceptions."""
    try:
        yield
    except ImageFileError:
        raise
    except MemoryError as error:
        raise ImageFileError("cannot be decoded: there is not enough memory") from error
    except Exception as error:
        raise ImageFileError(f"is damaged: {reason}") from error
