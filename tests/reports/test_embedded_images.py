"""Image files of runs become small `data:` URLs; damaged files are left out."""

import base64
import io
import os

import numpy as np
import pytest
from PIL import Image
from support import finished_run_folders

from tf_ssgan.reports import embedded_images


def decode(data):
    head, _, rest = data.partition(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(rest, validate=True)))


@pytest.mark.parametrize(
    "size, shown",
    [((135, 135), (135, 135)), ((900, 40), (900, 40)), ((1800, 600), (900, 300)),
     ((600, 540), (600, 540)), ((100, 7200), (50, 3600))],
)  # fmt: skip
def test_an_image_has_a_largest_width(tmp_path, size, shown):
    (tmp_path / "a.png").write_bytes(finished_run_folders.png(size))
    image = decode(embedded_images.data_url(tmp_path / "a.png"))
    assert (image.format, image.size) == ("WEBP", shown)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16"])
def test_small_images_keep_every_pixel(tmp_path, mode):
    pixels = np.random.default_rng(0).integers(0, 2, (20, 30), np.uint8) * 255
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.png")
    decoded = np.asarray(decode(embedded_images.data_url(tmp_path / "a.png")).convert("L"))
    assert np.array_equal(decoded, pixels)


def test_large_images_become_smaller(tmp_path):
    (tmp_path / "a.png").write_bytes(finished_run_folders.png((720, 460)))
    assert len(embedded_images.data_url(tmp_path / "a.png")) < 460 * 720 // 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no image",
        finished_run_folders.png((135, 135))[:150],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    ],
)
def test_a_damaged_image_has_no_url(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    assert embedded_images.data_url(tmp_path / "a.png") is None


def test_damaged_pictures_of_a_run_are_named(tmp_path):
    folder = finished_run_folders.write(tmp_path / "run", images=["samples.png", "mine.png"])
    assert embedded_images.damage(folder) == []
    (folder / "samples.png").write_bytes(finished_run_folders.png((135, 135))[:150])
    (folder / "top3.png").mkdir()
    os.mkfifo(folder / "confusion.png")
    (folder / "mine.png").write_bytes(b"no image")
    (folder / "evaluation_latents.png").write_bytes(b"no page shows it")
    said = "\n".join(embedded_images.damage(folder))
    for name in ("samples.png", "top3.png", "confusion.png", "mine.png"):
        assert f"{folder / name} cannot be read (" in said
    assert said.count("left out") == 4


def test_a_picture_that_unpacks_to_gigabytes_is_not_read(tmp_path):
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    (tmp_path / "samples.png").write_bytes(buffer.getvalue())
    assert embedded_images.data_url(tmp_path / "samples.png") is None
    assert "has 9,000 x 9,000 pixels" in embedded_images.damage(tmp_path)[0]


def test_a_missing_file_or_another_format_has_no_url(tmp_path):
    assert embedded_images.data_url(tmp_path / "a.png") is None
    (tmp_path / "b.png").mkdir()
    assert embedded_images.data_url(tmp_path / "b.png") is None
    Image.new("RGB", (9, 9)).save(tmp_path / "c.png", "JPEG")
    assert embedded_images.data_url(tmp_path / "c.png") is None


def test_pictures_of_other_names_are_between_the_images_and_the_charts(tmp_path):
    for name in ("zoomed.png", "samples.png", "darkened.png", "evaluation_classes.png", "a.txt"):
        (tmp_path / name).touch()
    captions = embedded_images.captions(tmp_path)
    others = {"darkened.png": "images, darkened, difference",
              "zoomed.png": "images, zoomed, difference"}  # fmt: skip
    known = embedded_images.IMAGES | embedded_images.CHARTS
    assert captions == known | others
    assert list(captions) == [*embedded_images.IMAGES, *others, *embedded_images.CHARTS]


def test_pictures_of_reconstructions_and_of_tangents_are_named(tmp_path):
    """The first has pairs with their difference, as every other picture of pairs, not so tangents."""
    for name in ("reconstructions.png", "tangents.png"):
        (tmp_path / name).touch()
    captions = embedded_images.captions(tmp_path)
    assert captions["reconstructions.png"] == "images, reconstructions, difference"
    assert captions["tangents.png"] == "images, their reconstructions, tangents"


def test_every_image_has_a_caption():
    captions = embedded_images.CHARTS | embedded_images.IMAGES
    assert set(embedded_images.FIGURES.values()) <= captions.keys()
