"""Thumbnails of image files."""

import io

from PIL import ExifTags, Image

from tf_ssgan.data import image_decoding

SIDE = 96  # pixels of the longer side of a thumbnail

_QUALITY = 80  # of its JPEG file, which has about 3 kB
_SWAPPING = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def make_thumbnail(path: str) -> bytes:
    """Makes a small JPEG file of an image: upright, whole, with the colors of training images.

    Args:
        path: A file that `image_decoding.decode` can decode.

    Raises:
        ImageFileError: It cannot decode the file.
    """
    with Image.open(path, formats=image_decoding.FORMATS) as image:
        size = image.size[::-1] if _swaps_sides(image) else image.size
    side = min(SIDE, max(size))
    (width, height), (left, top) = image_decoding.placement(*size, side, "pad")
    pixels = image_decoding.decode(path, side, 3, "pad")[top : top + height, left : left + width]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _swaps_sides(image: Image.Image) -> bool:
    """Whether EXIF swaps width and height; invalid EXIF is ignored."""
    if image.format == "TIFF":
        return False  # Pillow has already rotated it
    try:
        return image.getexif().get(ExifTags.Base.Orientation) in _SWAPPING
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, ArithmeticError, IndexError):
        return False
