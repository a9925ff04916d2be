"""Pixels of more than eight bits, and how they become eight.

Cameras and scanners store 10, 12 or 14 bits in files of 16. Of such files the upper eight bits are
nearly constant, so the largest value in use decides: with `bits`, the smallest number from 8 to 16
with all values below 2^bits, pixels are shifted to the right by bits - 8. All files of a data set
have the same `bits`, and so do those that its classifier sees later; what is larger becomes white.
"""

import numpy as np
from PIL import Image

from tf_ssgan.data.image_formats import ImageFileError

BITS = (8, 16)  # smallest and largest number of bits
WIDE_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # Pillow's, with one channel
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0  # TIFF 6.0, section 8
_SAMPLE_FORMAT, _SIGNED = 339, 2  # TIFF 6.0, section 19


def bits(peak: int) -> int:
    """The bits of images with this largest value: the smallest from 8 to 16 that holds it."""
    return min(max(int(peak).bit_length(), BITS[0]), BITS[1])


def is_wide(mode: str) -> bool:
    """Whether Pillow's mode has one channel of more than eight bits."""
    return mode in WIDE_MODES


def check_signed(image: Image.Image) -> None:
    """Refuses an open TIFF with signed pixels, of which Pillow takes some as unsigned.

    Raises:
        ImageFileError: Its pixels are signed.
    """
    if _SIGNED in _tag(image, _SAMPLE_FORMAT):
        raise ImageFileError("has signed pixels: save it with unsigned ones, of 8 or 16 bits")


def peak(image: Image.Image) -> int:
    """The largest value of an image of a wide mode.

    Raises:
        ImageFileError: A value does not fit into 16 bits.
    """
    pixels = np.asarray(image)
    low, high = int(pixels.min()), int(pixels.max())
    if low < 0 or high >= 2 ** BITS[1]:
        raise ImageFileError(
            f"has pixel values from {low:,} to {high:,}: save it with 8 or 16 bits per channel"
        )
    return high


def to_eight_bits(image: Image.Image, bits: int, inverted: bool = False) -> Image.Image:
    """Converts an image of a wide mode to mode "L".

    Args:
        image: The image.
        bits: Bits that are in use, from 8 to 16; larger values become 255.
        inverted: Whether 0 is white.
    """
    eight = (np.asarray(image) >> (bits - 8)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(255 - eight if inverted else eight)


def to_sixteen_bits(image: Image.Image, inverted: bool = False) -> Image.Image:
    """Converts an image of a wide mode to mode "I;16", with the same values.

    Raises:
        ImageFileError: 0 is white, or a value does not fit into 16 bits.
    """
    if inverted:  # turning it around needs the bits in use
        raise ImageFileError("has 16 bits and 0 is white: save it as PNG, with 0 as black")
    peak(image)
    return Image.fromarray(np.asarray(image).astype(np.uint16))


def is_inverted(image: Image.Image) -> bool:
    """Whether 0 is white in a file of a wide mode; Pillow inverts those of eight bits only."""
    return is_wide(image.mode) and _WHITE_IS_ZERO in _tag(image, _PHOTOMETRIC)


def _tag(image: Image.Image, number: int) -> tuple[int, ...]:
    """The values of a tag of a TIFF; empty for other files."""
    values = getattr(image, "tag_v2", {}).get(number, ())
    return values if isinstance(values, tuple) else (values,)
