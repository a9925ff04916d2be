"""Each step from an image file to pixels."""

import io
import random
import zlib

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin
from support import image_bytes

from tf_ssgan.data import image_decoding


def encode(image, file_format="PNG", **options):
    """Returns the bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def noise(width=32, height=32, mode="RGB", seed=0):
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), mode)


def smooth(width, height):
    """A color gradient."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, (x + y) / 2], -1).astype(np.uint8))


@pytest.mark.parametrize("fit", image_decoding.FITS)
@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "BMP", "TIFF"])
def test_an_image_of_the_right_size_is_not_changed(file_format, fit):
    options = {"lossless": True} if file_format == "WEBP" else {}
    image = noise()
    result = image_decoding.decode(encode(image, file_format, **options), 32, 3, fit)
    assert result.dtype == np.uint8 and (result == np.asarray(image)).all()


def test_files_and_bytes_give_the_same_image(tmp_path):
    content = encode(noise(50, 40), "JPEG")
    (tmp_path / "an image.txt").write_bytes(content)  # by content, not by name
    for source in (tmp_path / "an image.txt", str(tmp_path / "an image.txt")):
        assert (
            image_decoding.decode(source, 16, 3, "pad")
            == image_decoding.decode(content, 16, 3, "pad")
        ).all()
        assert image_decoding.read_header(source) == image_decoding.ImageFileInfo(
            "JPEG", "RGB", 50, 40
        )


def test_gray_follows_bt601_and_color_repeats_gray():
    color = np.zeros((8, 8, 3), np.uint8)
    color[:] = (10, 200, 30)
    gray = image_decoding.decode(encode(Image.fromarray(color)), 8, 1, "resize")
    assert gray.shape == (8, 8, 1)
    assert gray[0, 0, 0] == (10 * 19595 + 200 * 38470 + 30 * 7471 + 2**15) >> 16
    repeated = image_decoding.decode(encode(noise(8, 8, "L")), 8, 3, "resize")
    assert (repeated[..., 0] == repeated[..., 1]).all() and repeated.shape == (8, 8, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_are_white(mode):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:, 3] = 255  # the right half is black, the left half is transparent
    image = Image.fromarray(pixels, "RGBA")
    if mode == "P":
        image = image.quantize(4)
    elif mode == "LA":
        image = image.convert("LA")
    result = image_decoding.decode(encode(image), 8, 3, "resize")
    assert (result[:, :4] == 255).all() and (result[:, 4:] == 0).all()


def test_a_half_transparent_pixel_by_hand():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:] = (100, 0, 255, 51)
    result = image_decoding.decode(encode(Image.fromarray(pixels, "RGBA")), 4, 3, "resize")
    # (100 * 51 + 255 * 204 + 127) // 255, and so on
    assert result[0, 0].tolist() == [224, 204, 255]


def test_a_transparent_color_without_an_alpha_channel_is_white():
    image = Image.fromarray(np.full((8, 8), 7, np.uint8))
    assert (image_decoding.decode(encode(image, transparency=7), 8, 1, "resize") == 255).all()


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_of_sixteen_bits_the_upper_eight_are_kept(file_format):
    wide = (np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000 + 255).astype(np.uint16)
    result = image_decoding.decode(encode(Image.fromarray(wide), file_format), 8, 1, "resize")
    assert (result[..., 0] == wide >> 8).all()
    assert image_decoding.read_header(encode(Image.fromarray(wide), file_format)).gray


def test_black_and_white_and_palettes_are_converted():
    checks = Image.fromarray((np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)).convert("1")
    assert set(np.unique(image_decoding.decode(encode(checks), 8, 1, "resize"))) == {0, 255}
    image = smooth(16, 16).quantize(256)
    result = image_decoding.decode(encode(image), 16, 3, "resize")
    assert (result == np.asarray(image.convert("RGB"))).all()


def test_cmyk_becomes_rgb():
    image = smooth(32, 32).convert("CMYK")
    result = image_decoding.decode(encode(image, "JPEG", quality=95), 32, 3, "resize")
    assert np.abs(result.astype(int) - np.asarray(smooth(32, 32))).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_in_exif_is_applied(orientation):
    # The transposition that a viewer applies for each number.
    transpose = {
        1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2), 6: lambda p: np.rot90(p, -1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2), 8: np.rot90,
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = noise()
    result = image_decoding.decode(encode(image, exif=exif), 32, 3, "resize")
    assert (result == transpose(np.asarray(image))).all()


def test_only_the_first_frame_of_an_animation_is_read():
    frames = [noise(8, 8, "L", seed) for seed in range(3)]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (image_decoding.decode(content, 8, 1, "resize")[..., 0] == np.asarray(frames[0])).all()


@pytest.mark.parametrize(
    "width, height, fit, expected, corner",
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
def test_the_placement_by_hand(width, height, fit, expected, corner):
    assert image_decoding.placement(width, height, 10, fit) == (expected, corner)


def test_crop_takes_the_center_and_pad_adds_black():
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 4:12] = 200
    cut = image_decoding.decode(encode(Image.fromarray(pixels)), 8, 3, "crop")
    assert (cut == 200).all()
    filled = image_decoding.decode(
        encode(Image.fromarray(np.full((8, 16, 3), 200, np.uint8))), 16, 3, "pad"
    )
    assert (filled[4:12] == 200).all() and (filled[:4] == 0).all() and (filled[12:] == 0).all()


@pytest.mark.parametrize("fit", image_decoding.FITS)
def test_a_large_jpeg_is_reduced_to_nearly_the_same_image(fit):
    content = encode(smooth(900, 700), "JPEG", quality=95)
    whole = image_decoding.decode(encode(smooth(900, 700)), 32, 3, fit).astype(int)
    assert np.abs(image_decoding.decode(content, 32, 3, fit) - whole).max() <= 6


def test_long_strips_do_not_become_enormous():
    strip = encode(Image.new("L", (60_000, 4), 200))
    assert (image_decoding.decode(strip, 64, 1, "crop") == 200).all()
    for fit in image_decoding.FITS:
        result = image_decoding.decode(encode(Image.new("L", (600, 4), 200), "JPEG"), 32, 1, fit)
        assert result.shape == (32, 32, 1)


def test_crop_equals_resizing_and_then_cutting():
    for seed in range(20):
        image = noise(40 + 7 * seed, 90, seed=seed)
        (wide, high), (left, top) = image_decoding.placement(*image.size, 24, "crop")
        whole = image.resize((wide, high), Image.Resampling.BILINEAR)
        expected = np.asarray(whole.crop((-left, -top, 24 - left, 24 - top)), int)
        assert np.abs(image_decoding.decode(encode(image), 24, 3, "crop") - expected).max() <= 1


def test_only_the_first_of_several_images_in_one_jpeg_is_read():
    content = encode(smooth(900, 700), "MPO", save_all=True, append_images=[noise()])
    assert image_decoding.read_header(content).format == "JPEG"
    single = image_decoding.decode(encode(smooth(900, 700), "JPEG"), 32, 3, "resize").astype(int)
    assert np.abs(image_decoding.decode(content, 32, 3, "resize") - single).max() <= 1


def test_an_image_decoded_in_full_size_keeps_its_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    result = image_decoding.decode_full_size(encode(noise(30, 20), "JPEG", exif=exif), 3)
    assert (result.mode, result.size) == ("RGB", (20, 30))


def test_a_reduced_jpeg_has_at_least_twice_the_final_size(monkeypatch):
    sizes = []
    draft = JpegImagePlugin.JpegImageFile.draft

    def record_draft(self, mode, size):
        sizes.append(size)
        return draft(self, mode, size)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "draft", record_draft)
    image_decoding.decode(encode(smooth(511, 600), "JPEG"), 32, 3, "resize")
    image_decoding.decode(encode(smooth(512, 600), "JPEG"), 32, 3, "resize")
    image_decoding.decode(encode(smooth(127, 600), "JPEG"), 32, 3, "resize")
    assert sizes == [(127, 150), (64, 75)]


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is empty"),
        (b"this is text", "is not an image but text"),
        (encode(noise())[:300], "is damaged: its pixels cannot be decoded"),
        (encode(noise(), "JPEG")[:400], "is damaged|is not an image"),
        (encode(noise(1, 1)), "has 1 x 1 pixels; each side needs at least 4"),
        (encode(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"), "floating-point"),
        (b"%PDF-1.4", "is a PDF document"),
    ],
)
def test_unusable_files_are_refused_with_a_reason(content, reason, tmp_path):
    (tmp_path / "x.png").write_bytes(content)
    for source in (content, tmp_path / "x.png"):
        with pytest.raises(image_decoding.ImageFileError, match=reason):
            image_decoding.decode(source, 16, 3, "resize")


def test_a_decompression_bomb_is_not_decoded():
    content = encode(Image.new("1", (12_000, 12_000)))
    with pytest.raises(
        image_decoding.ImageFileError, match="12,000 x 12,000 pixels, more than 89,478,485"
    ):
        image_decoding.decode(content, 16, 3, "resize")
    with pytest.raises(image_decoding.ImageFileError, match="more than 89,478,485 pixels"):
        image_decoding.read_header(encode(Image.new("1", (20_000, 10_000))))


def test_paths_that_are_not_files_are_refused(tmp_path):
    with pytest.raises(image_decoding.ImageFileError, match="cannot be read: No such file"):
        image_decoding.read_header(tmp_path / "none.png")
    with pytest.raises(image_decoding.ImageFileError, match="cannot be read: Is a directory"):
        image_decoding.decode(tmp_path, 8, 3, "resize")


# --- sixteen bits ---------------------------------------------------------------------------------


def ramp(top, order="<u2"):
    """64 values from 0 to `top`."""
    return np.linspace(0, top, 64).astype(order).reshape(8, 8)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "big-endian TIFF", "PGM"])
def test_of_sixteen_bits_the_upper_eight_of_those_in_use_are_kept(bits, kind):
    wide = ramp(2**bits - 1)
    content = {
        "PNG": lambda: encode(Image.fromarray(wide)),
        "TIFF": lambda: encode(Image.fromarray(wide), "TIFF"),
        "big-endian TIFF": lambda: image_bytes.tiff(wide, order=">"),
        "PGM": lambda: image_bytes.pgm(wide),
    }[kind]()
    info, result = image_decoding.read_info_and_image(content, 8, 1, "resize", bits)
    assert (result[..., 0] == wide >> (bits - 8)).all()
    assert info.wide and info.gray and info.peak == 2**bits - 1
    assert image_decoding.read_info(content) == info


def test_values_above_the_bits_in_use_become_white():
    result = image_decoding.decode(encode(Image.fromarray(ramp(65535))), 8, 3, "resize", 12)
    assert (result[..., 0] == np.minimum(ramp(65535) >> 4, 255)).all() and result.max() == 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_in_which_zero_is_white_is_turned_around(dtype):
    values = ramp(4095 if dtype == np.uint16 else 255).astype(dtype)
    content = image_bytes.tiff(values, photometric=0)
    result = image_decoding.decode(content, 8, 1, "resize", 12)[..., 0]
    expected = values >> 4 if dtype == np.uint16 else values
    assert (result == 255 - expected).all()


def test_twelve_bits_that_are_packed_are_read():
    packed = bytes([0x00, 0x0F, 0xFF] * 32)  # 0 and 4095 in turn
    info, result = image_decoding.read_info_and_image(
        image_bytes.tiff(np.frombuffer(packed, np.uint8).reshape(8, 12), bits=12, width=8),
        8, 1, "resize", 12,
    )  # fmt: skip
    assert info.peak == 4095 and (result[..., 0] == [0, 255] * 4).all()


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_signed_pixels_are_refused(dtype):
    content = image_bytes.tiff(ramp(100).astype(dtype), sample_format=2)
    for read in (image_decoding.read_header, image_decoding.read_info):
        with pytest.raises(image_decoding.ImageFileError, match="has signed pixels: save it with"):
            read(content)


def test_32_bits_are_read_if_16_hold_the_values():
    small, large = (image_bytes.tiff(ramp(top, np.uint32)) for top in (1000, 70_000))
    assert (image_decoding.decode(small, 8, 1, "resize", 10)[..., 0] == ramp(1000) >> 2).all()
    with pytest.raises(image_decoding.ImageFileError, match="pixel values from 0 to 70,000: save"):
        image_decoding.decode(large, 8, 1, "resize")


def test_full_size_keeps_sixteen_bits():
    wide = ramp(4095)
    image = image_decoding.decode_full_size(encode(Image.fromarray(wide), "TIFF"), 1)
    assert image.mode == "I;16" and (np.asarray(image) == wide).all()
    with pytest.raises(image_decoding.ImageFileError, match="16 bits and 0 is white"):
        image_decoding.decode_full_size(image_bytes.tiff(wide, photometric=0), 1)


# --- PPM ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"P1 4 4 " + b"0 1 0 1 " * 4, [255, 0, 255, 0] * 4),
        (b"P4 4 4\n" + b"\x50" * 4, [255, 0, 255, 0] * 4),
        (b"P2\n# a comment\n4 4\n255\n" + b"0 100 200 255 " * 4, [0, 100, 200, 255] * 4),
        (b"P5 4 4 255\n" + bytes([0, 100, 200, 255] * 4), [0, 100, 200, 255] * 4),
        (b"P5 4 4 15\n" + bytes([0, 5, 10, 15] * 4), [0, 85, 170, 255] * 4),
        (b"P3 4 4 255 " + b"7 7 7 " * 16, [7] * 16),
        (b"P6 4 4 255\n" + bytes([7] * 48), [7] * 16),
        (b"P6 4 4 65535\n" + bytes([7, 99] * 48), [7] * 16),
    ],
)
def test_ppm_is_read(content, expected):
    assert image_decoding.decode(content, 4, 1, "resize").ravel().tolist() == expected
    assert image_decoding.read_header(content).format == "PPM"


# --- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", ["PNG", "GIF", "TIFF", "WEBP"])
def test_files_of_several_frames_are_noticed(file_format):
    frames = [noise(8, 8, "L", seed) for seed in range(2)]
    options = {"lossless": True} if file_format == "WEBP" else {}
    several = encode(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    info, image = image_decoding.read_info_and_image(several, 8, 1, "resize")
    assert info.several and image_decoding.read_info(several).several
    assert (image[..., 0] == np.asarray(frames[0])).all()
    assert not image_decoding.read_info(encode(frames[0], file_format, **options)).several


# --- damaged files --------------------------------------------------------------------------------


def test_damaged_metadata_do_not_matter():
    """A rotation whose entry is cut: Pillow raises struct.error."""
    whole = encode(noise())
    content = whole[:33] + image_bytes.png_chunk(b"eXIf", b"Exif\0\0MM\0") + whole[33:]
    assert (image_decoding.decode(content, 32, 3, "resize") == np.asarray(noise())).all()


def test_a_text_that_unpacks_to_gigabytes_is_refused():
    whole = encode(noise())
    bomb = image_bytes.png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**24)))
    with pytest.raises(image_decoding.ImageFileError, match="is damaged"):
        image_decoding.decode(whole[:33] + bomb + whole[33:], 32, 3, "resize")


@pytest.mark.filterwarnings("ignore::UserWarning")  # pytest shows what programs do not
def test_whatever_a_file_holds_it_is_an_image_or_is_refused(capfd):
    """2,000 damaged files; nothing is printed either."""
    chance, decoded = random.Random(0), 0
    for _ in range(2000):
        content = image_bytes.damaged(chance, chance.choice(image_bytes.SMALL_FILES))
        try:
            image_decoding.read_info_and_image(
                content, 8, chance.choice([1, 3]), chance.choice(image_decoding.FITS), 12
            )
            image_decoding.decode_full_size(content, 1)
            decoded += 1
        except image_decoding.ImageFileError:
            continue
    assert 400 < decoded < 1600
    assert capfd.readouterr() == ("", "")
