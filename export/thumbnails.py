"""Thumbnails of image files."""

import io

from PIL import ExifTags, Image

from tf_ssgan.data import image_decoding, image_depth, image_formats

SIDE = 96  # pixels of the longer side of a thumbnail

_QUALITY = 80  # of its JPEG file, which has about 3 kB
_SWAPPING = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def make_thumbnail(content: bytes, bits: int = image_depth.BITS[1]) -> bytes:
    """Makes a small JPEG file of an image: upright, whole, with the colors of training images.

    Args:
        content: A file that `image_decoding.decode` can decode.
        bits: Bits in use of gray images with 16 bits, see `image_depth`.

    Raises:
        ImageFileError: It cannot decode the file.
    """
    with Image.open(io.BytesIO(content), formats=image_formats.FORMATS) as image:
        size = image.size[::-1] if _swaps_sides(image) else image.size
    side = min(SIDE, max(size))
    (width, height), (left, top) = image_decoding.placement(*size, side, "pad")
    whole = image_decoding.decode(content, side, 3, "pad", bits)
    pixels = whole[top : top + height, left : left + width]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _swaps_sides(image: Image.Image) -> bool:
    """Whether EXIF swaps width and height; invalid EXIF is ignored."""
    if image.format == "TIFF":
        return False  # Pillow has already rotated it
    try:
        return image.getexif().get(ExifTags.Base.Orientation) in _SWAPPING
    except Exception:  # damaged metadata provoke most exceptions
        return False
