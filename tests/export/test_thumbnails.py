"""Thumbnails are small and upright."""

import io

import pytest
from PIL import ExifTags, Image

from export import thumbnails


@pytest.mark.parametrize(
    ("size", "orientation", "small_size"),
    [((300, 200), 1, (96, 64)), ((300, 200), 6, (64, 96)), ((300, 200), 9, (96, 64)),
     ((40, 30), 1, (40, 30)), ((4, 900), 1, (1, 96))],
)  # fmt: skip
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_thumbnails_are_small_and_upright(tmp_path, form, size, orientation, small_size):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, size[0], size[1] // 2))  # blue above
    image.save(tmp_path / "x", form, exif=exif)
    with Image.open(io.BytesIO(thumbnails.make_thumbnail((tmp_path / "x").read_bytes()))) as small:
        assert (small.format, small.size) == ("JPEG", small_size)
        corners = [(x, y) for y in (0, small_size[1] - 1) for x in (0, small_size[0] - 1)]
        pixels = [small.convert("RGB").getpixel(corner) for corner in corners]
    # Orientation 6 is shown rotated clockwise, which puts blue on the right.
    blue = [False, True, False, True] if orientation == 6 else [True, True, False, False]
    assert [b > r for r, _, b in pixels] == blue
