"""Small JPEG files of pictures."""

import io

from PIL import ExifTags, Image

from tf_ssgan.data import image_decoding

SIDE = 96  # pixels of the longer side of a thumbnail

_QUALITY = 80  # of its JPEG file: about 3 kB

_TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height


def thumbnail(path: str) -> bytes:
    """A picture as a small JPEG file: upright, whole, of the colors that a network would see.

    Args:
        path: A file that `pictures.image` takes.

    Raises:
        Unusable: It does not take it after all.
    """
    with Image.open(path, formats=image_decoding.FORMATS) as picture:
        size = picture.size[::-1] if _lies(picture) else picture.size
    side = min(SIDE, max(size))
    (width, height), (left, top) = image_decoding.boxes(*size, side, "pad")
    pixels = image_decoding.decode(path, side, 3, "pad")[top : top + height, left : left + width]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _lies(picture: Image.Image) -> bool:
    """Whether EXIF exchanges width and height; notes that make no sense are passed over."""
    if picture.format == "TIFF":
        return False  # Pillow has turned it already
    try:
        return picture.getexif().get(ExifTags.Base.Orientation) in _TURNED
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, ArithmeticError, IndexError):
        return False
