"""The rule from a picture file to pixels, one clause after the other."""

import io

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.data import image_decoding


def saved(picture, form="PNG", **options):
    """A picture file's bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def noise(width=32, height=32, mode="RGB", seed=0):
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), mode)


def smooth(width, height):
    """A color gradient."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, (x + y) / 2], -1).astype(np.uint8))


@pytest.mark.parametrize("fit", image_decoding.FITS)
@pytest.mark.parametrize("form", ["PNG", "WEBP", "BMP", "TIFF"])
def test_a_picture_of_the_right_form_stays_as_it_is(form, fit):
    options = {"lossless": True} if form == "WEBP" else {}
    picture = noise()
    made = image_decoding.decode(saved(picture, form, **options), 32, 3, fit)
    assert made.dtype == np.uint8 and (made == np.asarray(picture)).all()


def test_files_and_bytes_are_the_same(tmp_path):
    content = saved(noise(50, 40), "JPEG")
    (tmp_path / "a picture.txt").write_bytes(content)  # by content, not by name
    for source in (tmp_path / "a picture.txt", str(tmp_path / "a picture.txt")):
        assert (
            image_decoding.decode(source, 16, 3, "pad")
            == image_decoding.decode(content, 16, 3, "pad")
        ).all()
        assert image_decoding.read_header(source) == image_decoding.ImageFileInfo(
            "JPEG", "RGB", 50, 40
        )


def test_gray_is_bt601_and_color_repeats_gray():
    color = np.zeros((8, 8, 3), np.uint8)
    color[:] = (10, 200, 30)
    gray = image_decoding.decode(saved(Image.fromarray(color)), 8, 1, "resize")
    assert gray.shape == (8, 8, 1)
    assert gray[0, 0, 0] == (10 * 19595 + 200 * 38470 + 30 * 7471 + 2**15) >> 16
    repeated = image_decoding.decode(saved(noise(8, 8, "L")), 8, 3, "resize")
    assert (repeated[..., 0] == repeated[..., 1]).all() and repeated.shape == (8, 8, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_are_white(mode):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:, 3] = 255  # the right half is black, the left one is not there
    picture = Image.fromarray(pixels, "RGBA")
    if mode == "P":
        picture = picture.quantize(4)
    elif mode == "LA":
        picture = picture.convert("LA")
    made = image_decoding.decode(saved(picture), 8, 3, "resize")
    assert (made[:, :4] == 255).all() and (made[:, 4:] == 0).all()


def test_half_transparent_by_hand():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:] = (100, 0, 255, 51)
    made = image_decoding.decode(saved(Image.fromarray(pixels, "RGBA")), 4, 3, "resize")
    # (100 * 51 + 255 * 204 + 127) // 255, and so on
    assert made[0, 0].tolist() == [224, 204, 255]


def test_a_transparent_color_without_an_alpha_channel():
    picture = Image.fromarray(np.full((8, 8), 7, np.uint8))
    assert (image_decoding.decode(saved(picture, transparency=7), 8, 1, "resize") == 255).all()


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_the_upper_eight_of_sixteen_bits(form):
    wide = (np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000 + 255).astype(np.uint16)
    made = image_decoding.decode(saved(Image.fromarray(wide), form), 8, 1, "resize")
    assert (made[..., 0] == wide >> 8).all()
    assert image_decoding.read_header(saved(Image.fromarray(wide), form)).gray


def test_black_and_white_and_palettes():
    checks = Image.fromarray((np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)).convert("1")
    assert set(np.unique(image_decoding.decode(saved(checks), 8, 1, "resize"))) == {0, 255}
    picture = smooth(16, 16).quantize(256)
    made = image_decoding.decode(saved(picture), 16, 3, "resize")
    assert (made == np.asarray(picture.convert("RGB"))).all()


def test_cmyk_becomes_rgb():
    picture = smooth(32, 32).convert("CMYK")
    made = image_decoding.decode(saved(picture, "JPEG", quality=95), 32, 3, "resize")
    assert np.abs(made.astype(int) - np.asarray(smooth(32, 32))).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_in_exif_is_applied(orientation):
    # What each number means: the transpositions that a viewer applies.
    wanted = {
        1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2), 6: lambda p: np.rot90(p, -1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2), 8: np.rot90,
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = noise()
    made = image_decoding.decode(saved(picture, exif=exif), 32, 3, "resize")
    assert (made == wanted(np.asarray(picture))).all()


def test_the_first_frame_of_an_animation():
    frames = [noise(8, 8, "L", seed) for seed in range(3)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (image_decoding.decode(content, 8, 1, "resize")[..., 0] == np.asarray(frames[0])).all()


@pytest.mark.parametrize(
    "width, height, fit, wanted, corner",
    [
        (40, 20, "resize", (10, 10), (0, 0)),
        (40, 20, "crop", (20, 10), (-5, 0)),
        (20, 40, "crop", (10, 20), (0, -5)),
        (40, 20, "pad", (10, 5), (0, 2)),
        (20, 40, "pad", (5, 10), (2, 0)),
        (1000, 5, "pad", (10, 1), (0, 4)),
        (10, 10, "crop", (10, 10), (0, 0)),
    ],
)
def test_where_a_picture_goes(width, height, fit, wanted, corner):
    assert image_decoding.boxes(width, height, 10, fit) == (wanted, corner)


def test_crop_takes_the_middle_and_pad_adds_black():
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 4:12] = 200
    cut = image_decoding.decode(saved(Image.fromarray(pixels)), 8, 3, "crop")
    assert (cut == 200).all()
    filled = image_decoding.decode(
        saved(Image.fromarray(np.full((8, 16, 3), 200, np.uint8))), 16, 3, "pad"
    )
    assert (filled[4:12] == 200).all() and (filled[:4] == 0).all() and (filled[12:] == 0).all()


@pytest.mark.parametrize("fit", image_decoding.FITS)
def test_a_large_jpeg_is_reduced_and_looks_the_same(fit):
    content = saved(smooth(900, 700), "JPEG", quality=95)
    whole = image_decoding.decode(saved(smooth(900, 700)), 32, 3, fit).astype(int)
    assert np.abs(image_decoding.decode(content, 32, 3, fit) - whole).max() <= 6


def test_slivers_take_no_more_memory_than_others():
    sliver = saved(Image.new("L", (60_000, 4), 200))
    assert (image_decoding.decode(sliver, 64, 1, "crop") == 200).all()
    for fit in image_decoding.FITS:
        made = image_decoding.decode(saved(Image.new("L", (600, 4), 200), "JPEG"), 32, 1, fit)
        assert made.shape == (32, 32, 1)


def test_crop_is_what_resizing_and_cutting_would_give():
    for seed in range(20):
        picture = noise(40 + 7 * seed, 90, seed=seed)
        (wide, high), (left, top) = image_decoding.boxes(*picture.size, 24, "crop")
        whole = picture.resize((wide, high), Image.Resampling.BILINEAR)
        expected = np.asarray(whole.crop((-left, -top, 24 - left, 24 - top)), int)
        assert np.abs(image_decoding.decode(saved(picture), 24, 3, "crop") - expected).max() <= 1


def test_several_pictures_in_one_jpeg():
    content = saved(smooth(900, 700), "MPO", save_all=True, append_images=[noise()])
    assert image_decoding.read_header(content).format == "JPEG"
    alone = image_decoding.decode(saved(smooth(900, 700), "JPEG"), 32, 3, "resize").astype(int)
    assert np.abs(image_decoding.decode(content, 32, 3, "resize") - alone).max() <= 1


def test_a_plain_picture_keeps_its_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    made = image_decoding.plain(saved(noise(30, 20), "JPEG", exif=exif), 3)
    assert (made.mode, made.size) == ("RGB", (20, 30))


def test_reduction_leaves_twice_the_final_size(monkeypatch):
    asked = []
    draft = Image.Image.draft

    def spy(self, mode, size):
        asked.append(size)
        return draft(self, mode, size)

    from PIL import JpegImagePlugin

    draft = JpegImagePlugin.JpegImageFile.draft
    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "draft", spy)
    image_decoding.decode(saved(smooth(511, 600), "JPEG"), 32, 3, "resize")
    image_decoding.decode(saved(smooth(512, 600), "JPEG"), 32, 3, "resize")
    image_decoding.decode(saved(smooth(127, 600), "JPEG"), 32, 3, "resize")
    assert asked == [(127, 150), (64, 75)]


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is empty"),
        (b"these are words", "is not a picture"),
        (saved(noise())[:300], "is damaged: its pixels cannot be decoded"),
        (saved(noise(), "JPEG")[:400], "is damaged|is not a picture"),
        (saved(noise(1, 1)), "has 1 x 1 pixels; at least 4 a side"),
        (saved(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"), "floating-point"),
        (b"%PDF-1.4", "is not a picture"),
    ],
)
def test_what_no_image_can_be_made_of(content, reason, tmp_path):
    (tmp_path / "x.png").write_bytes(content)
    for source in (content, tmp_path / "x.png"):
        with pytest.raises(image_decoding.Unusable, match=reason):
            image_decoding.decode(source, 16, 3, "resize")


def test_a_bomb_is_not_even_opened():
    content = saved(Image.new("1", (12_000, 12_000)))
    with pytest.raises(
        image_decoding.Unusable, match="12,000 x 12,000 pixels, more than 89,478,485"
    ):
        image_decoding.decode(content, 16, 3, "resize")
    with pytest.raises(image_decoding.Unusable, match="more than 89,478,485 pixels"):
        image_decoding.read_header(saved(Image.new("1", (20_000, 10_000))))


def test_files_that_are_none(tmp_path):
    with pytest.raises(image_decoding.Unusable, match="cannot be read: No such file"):
        image_decoding.read_header(tmp_path / "none.png")
    with pytest.raises(image_decoding.Unusable, match="cannot be read: Is a directory"):
        image_decoding.decode(tmp_path, 8, 3, "resize")


def test_endings():
    from pathlib import PurePath

    assert image_decoding.names_format(PurePath("a.JPG")) == "JPEG"
    assert image_decoding.names_format(PurePath("a.tiff")) == "TIFF"
    assert image_decoding.names_format(PurePath("a.txt")) is None
