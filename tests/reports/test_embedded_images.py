"""Pictures become small enough to be many in one page, and none is no picture."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from support import finished_run_folders

from tf_ssgan.reports import embedded_images


def opened(data):
    head, _, rest = data.partition(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(rest, validate=True)))


@pytest.mark.parametrize(
    "size, shown",
    [((135, 135), (135, 135)), ((900, 40), (900, 40)), ((1800, 600), (900, 300)),
     ((600, 540), (600, 540)), ((100, 7200), (50, 3600))],
)  # fmt: skip
def test_a_picture_is_at_most_so_wide(tmp_path, size, shown):
    (tmp_path / "a.png").write_bytes(finished_run_folders.png(size))
    picture = opened(embedded_images.embedded(tmp_path / "a.png"))
    assert (picture.format, picture.size) == ("WEBP", shown)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16"])
def test_small_pictures_keep_every_pixel(tmp_path, mode):
    pixels = np.random.default_rng(0).integers(0, 2, (20, 30), np.uint8) * 255
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.png")
    found = np.asarray(opened(embedded_images.embedded(tmp_path / "a.png")).convert("L"))
    assert np.array_equal(found, pixels)


def test_large_pictures_become_smaller(tmp_path):
    (tmp_path / "a.png").write_bytes(finished_run_folders.png((720, 460)))
    assert len(embedded_images.embedded(tmp_path / "a.png")) < 460 * 720 // 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        finished_run_folders.png((135, 135))[:150],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    ],
)
def test_what_is_no_picture_is_none(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    assert embedded_images.embedded(tmp_path / "a.png") is None


def test_what_is_missing_or_of_another_format_is_none(tmp_path):
    assert embedded_images.embedded(tmp_path / "a.png") is None
    (tmp_path / "b.png").mkdir()
    assert embedded_images.embedded(tmp_path / "b.png") is None
    Image.new("RGB", (9, 9)).save(tmp_path / "c.png", "JPEG")
    assert embedded_images.embedded(tmp_path / "c.png") is None


def test_every_picture_has_a_caption():
    assert (
        set(embedded_images.FIGURES.values())
        <= embedded_images.CHARTS.keys() | embedded_images.IMAGES.keys()
    )
