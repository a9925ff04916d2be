"""The graph decodes image files to the pixels of `tf_ssgan.data.image_decoding`."""

import functools
import io
import random
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support import image_bytes

from export import graph_image_decoding
from tf_ssgan.data import image_decoding

SIZE = 16
FITS = pytest.mark.parametrize("fit", image_decoding.FITS)
CHANNELS = pytest.mark.parametrize("channels", [1, 3])


def smooth(height, width, bands, seed=0):
    """A smooth image, uint8 [height, width, bands]."""
    noise = np.random.default_rng(seed).integers(0, 256, (7, 9, bands), np.uint8)
    layers = [Image.fromarray(noise[..., i]).resize((width, height)) for i in range(bands)]
    return np.dstack([np.asarray(layer) for layer in layers])


RGBA = Image.fromarray(smooth(34, 52, 4))
RGB, GRAY = RGBA.convert("RGB"), Image.fromarray(smooth(34, 52, 1)[..., 0])
HIGH = Image.fromarray(smooth(61, 20, 3))
LARGE = Image.fromarray(smooth(170, 203, 3))
DEEP = Image.fromarray(np.asarray(GRAY).astype(np.uint16) * 251 + 77)


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def rotated(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def deep_colors(bands):
    return image_bytes.deep_colors(smooth(34, 52, bands).astype(np.uint16) * 256 + 77)


FILES = {
    "png-L": saved(GRAY, "PNG"),
    "png-LA": saved(RGBA.convert("LA"), "PNG"),
    "png-RGB": saved(RGB, "PNG"),
    "png-RGB-high": saved(HIGH, "PNG"),
    "png-RGB-large": saved(LARGE, "PNG"),
    "png-RGBA": saved(RGBA, "PNG"),
    "png-P": saved(RGB.quantize(64), "PNG"),
    "png-P-4-bits": saved(RGB.quantize(16), "PNG", bits=4),
    "png-P-2-bits": saved(RGB.quantize(4), "PNG", bits=2),
    "png-P-transparent-color": saved(RGB.quantize(8), "PNG", transparency=3),
    "png-P-transparent-colors": saved(RGB.quantize(32), "PNG", transparency=bytes(range(0, 256, 8))),
    "png-RGB-transparent-color": saved(
        RGB.quantize(8).convert("RGB"), "PNG",
        transparency=RGB.quantize(8).convert("RGB").getpixel((3, 3)),
    ),
    "png-L-transparent-color": saved(GRAY.point(lambda v: v & 0xE0), "PNG", transparency=128),
    "png-1": saved(GRAY.convert("1"), "PNG"),
    "png-1-transparent-color": saved(GRAY.convert("1"), "PNG", transparency=0),
    "png-16-bit-gray": saved(DEEP, "PNG"),
    "png-16-bit-RGB": deep_colors(3),
    "png-16-bit-RGBA": deep_colors(4),
    "png-RGB-of-size": saved(RGB.resize((SIZE, SIZE)), "PNG"),
    "jpeg-RGB": saved(RGB, "JPEG"),
    "jpeg-RGB-progressive": saved(RGB, "JPEG", progressive=True),
    "jpeg-RGB-high": saved(HIGH, "JPEG", subsampling=0),
    "jpeg-L": saved(GRAY, "JPEG"),
    "jpeg-CMYK": saved(Image.fromarray(smooth(34, 52, 4), "CMYK"), "JPEG"),
    "jpeg-CMYK-large": saved(Image.fromarray(smooth(170, 203, 4), "CMYK"), "JPEG"),
    "jpeg-RGB-large": saved(LARGE, "JPEG"),
    "jpeg-L-large": saved(LARGE.convert("L"), "JPEG"),
    "jpeg-RGB-twice": saved(LARGE.resize((2 * SIZE, 2 * SIZE)), "JPEG"),
    "jpeg-RGB-not-twice": saved(LARGE.resize((4 * SIZE - 1, 4 * SIZE - 1)), "JPEG"),
    "jpeg-RGB-eight-times": saved(LARGE.resize((16 * SIZE, 16 * SIZE + 5)), "JPEG"),
    "webp-RGB": saved(RGB, "WEBP"),
    "webp-RGB-lossless": saved(RGB, "WEBP", lossless=True),
    "webp-RGBA": saved(RGBA, "WEBP"),
    "webp-RGBA-lossless": saved(RGBA, "WEBP", lossless=True),
    "webp-film": saved(RGBA, "WEBP", save_all=True, append_images=[RGBA.rotate(180)]),
    "bmp-RGB": saved(RGB, "BMP"),
    "bmp-RGBX": saved(RGBA, "BMP"),  # 32 bits, whose fourth byte is ignored
    "bmp-L": saved(GRAY, "BMP"),
    "gif-P": saved(RGB.quantize(64), "GIF"),
    "gif-L": saved(GRAY, "GIF"),
    "gif-film": saved(RGB.quantize(64), "GIF", save_all=True, append_images=[GRAY.convert("P")]),
    **{f"jpeg-rotated-{o}": saved(LARGE, "JPEG", exif=rotated(o)) for o in range(1, 9)},
    **{f"png-rotated-{o}": saved(RGBA, "PNG", exif=rotated(o)) for o in (3, 6, 7)},
    **{f"webp-rotated-{o}": saved(RGBA, "WEBP", exif=rotated(o)) for o in (2, 5, 8)},
}  # fmt: skip


@functools.cache
def compiled(channels, fit, bits=16):
    """`decode` as a server runs it: one graph for all files."""
    shape = (SIZE, SIZE, channels)
    return tf.function(
        lambda files: graph_image_decoding.decode(files, shape, fit, bits),
        [tf.TensorSpec([None], tf.string)],
    )


def decoded(files, channels=3, fit="resize", bits=16):
    return compiled(channels, fit, bits)(tf.constant(files, tf.string)).numpy()


def distance(images, expected):
    return np.abs(images.astype(int) - expected).max()


@FITS
@CHANNELS
def test_every_kind_of_file_gives_pillows_pixels_within_a_level(channels, fit):
    images = decoded(list(FILES.values()), channels, fit)
    assert images.shape == (len(FILES), SIZE, SIZE, channels)
    expected = [image_decoding.decode(file, SIZE, channels, fit) for file in FILES.values()]
    off = {name: distance(*pair) for name, *pair in zip(FILES, images, expected, strict=True)}
    # From CMYK, TensorFlow rounds down and Pillow to the nearest: one level before any resizing.
    allowed = {name: 1 + ("CMYK" in name) for name in FILES}
    assert {name: by for name, by in off.items() if by > allowed[name]} == {}
    assert not np.array_equal(images[0], images[1])


@pytest.mark.parametrize("name", FILES)
@CHANNELS
def test_without_resizing_pixels_are_pillows_to_the_bit(name, channels):
    file = FILES[name]
    upright = image_decoding._upright(Image.open(io.BytesIO(file)))
    width, height = upright.size
    pixels = image_decoding._channels(upright, channels)
    expected = np.asarray(pixels).reshape(height, width, channels)
    image = graph_image_decoding.decode(tf.constant([file]), expected.shape, "resize")[0].numpy()
    assert distance(image, expected) <= ("CMYK" in name)


@pytest.mark.parametrize("size", [(35, 45), (140, 200), (3, 1)])
def test_any_size_is_made(size):
    expected = RGB.resize(size[::-1], Image.Resampling.BILINEAR)
    files = tf.constant([FILES["png-RGB"]])
    image = graph_image_decoding.decode(files, (*size, 3), "resize")[0].numpy()
    assert distance(image, np.asarray(expected)) <= 1


@FITS
def test_no_files_give_no_images(fit):
    assert decoded([], 1, fit).shape == (0, SIZE, SIZE, 1)


def test_what_crop_and_pad_leave_out_and_add():
    """Red, green, blue thirds, 48 wide and 16 high."""
    colors = np.repeat(np.eye(3, dtype=np.uint8)[None] * 255, 16, axis=0).repeat(16, axis=1)
    file = saved(Image.fromarray(colors), "PNG")
    cropped, padded = decoded([file], 3, "crop")[0], decoded([file], 3, "pad")[0]
    assert (cropped == (0, 255, 0)).all()
    assert padded.any(axis=(1, 2)).tolist() == [False] * 5 + [True] * 5 + [False] * 6


def test_a_long_image_is_cropped_without_computing_the_rest():
    """Resized as a whole, it would take 6 GB."""
    file = saved(Image.new("L", (400_000, 4), 99), "PNG")
    image = graph_image_decoding.decode(tf.constant([file]), (128, 128, 1), "crop")
    assert (image.numpy() == 99).all()


# --- EXIF -----------------------------------------------------------------------------------------


def directory(order, entries, count=None, first=8):
    """A TIFF head and a directory; entries as (tag, type, length, four bytes of value)."""
    packed = b"".join(struct.pack(order + "HHI", *e[:3]) + e[3] for e in entries)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, first)
    return (
        head
        + struct.pack(order + "H", len(entries) if count is None else count)
        + packed
        + bytes(4)
    )


def short(order, number):
    return struct.pack(order + "HH", number, 0)


def jpeg_with(*segments):
    """The large image with (marker, content) inserted after the first two bytes."""
    file = saved(LARGE, "JPEG")
    inserted = b"".join(marker + struct.pack(">H", len(c) + 2) + c for marker, c in segments)
    return file[:2] + inserted + file[2:]


PLAIN, ROTATED = jpeg_with(), saved(LARGE, "JPEG", exif=rotated(6))
GOOD = directory("<", [(0x0112, 3, 1, short("<", 6))])
OTHER = (0x010F, 2, 4, b"Ab\0\0")
APPLIED = {
    "little-endian": jpeg_with((b"\xff\xe1", b"Exif\0\0" + GOOD)),
    "big-endian": jpeg_with(
        (b"\xff\xe1", b"Exif\0\0" + directory(">", [(0x0112, 3, 1, short(">", 6))]))
    ),
    "among others": jpeg_with(
        (b"\xff\xe0", b"JFIF\0\1\1\0\0\1\0\1\0\0"), (b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0"),
        (b"\xff\xfe", b"a comment"), (b"\xff\xff\xff\xe2", b"profile"),
        (b"\xff\xe1", b"Exif\0\0" + directory("<", [OTHER, (0x0112, 3, 1, short("<", 6)), OTHER])),
    ),
    "long": jpeg_with(
        (b"\xff\xe1", b"Exif\0\0" + directory("<", [(0x0112, 4, 1, b"\6\0\0\0")]))
    ),
    "count too large": jpeg_with(
        (b"\xff\xe1", b"Exif\0\0" + directory("<", [(0x0112, 3, 1, short("<", 6))], 999))
    ),
}  # fmt: skip
IGNORED = {
    "none": PLAIN,
    "empty": jpeg_with((b"\xff\xe1", b"Exif\0\0")),
    "cut in the head": jpeg_with((b"\xff\xe1", b"Exif\0\0II\x2a")),
    "cut in the entry": jpeg_with((b"\xff\xe1", b"Exif\0\0" + GOOD[:-6])),
    "no byte order": jpeg_with((b"\xff\xe1", b"Exif\0\0" + b"XX" + GOOD[2:])),
    "directory past the end": jpeg_with(
        (b"\xff\xe1", b"Exif\0\0" + directory("<", [OTHER], first=2**32 - 1))
    ),
    "no such tag": jpeg_with((b"\xff\xe1", b"Exif\0\0" + directory("<", [OTHER]))),
    "orientation 0": jpeg_with(
        (b"\xff\xe1", b"Exif\0\0" + directory("<", [(0x0112, 3, 1, short("<", 0))]))
    ),
    "orientation 9": jpeg_with(
        (b"\xff\xe1", b"Exif\0\0" + directory("<", [(0x0112, 3, 1, short("<", 9))]))
    ),
    "text": jpeg_with((b"\xff\xe1", b"Exif\0\0" + directory("<", [(0x0112, 2, 2, b"6\0\0\0")]))),
    "another segment": jpeg_with((b"\xff\xe2", b"Exif\0\0" + GOOD)),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged EXIF
@pytest.mark.parametrize("name", APPLIED)
def test_a_rotation_in_exif_is_applied(name):
    assert np.array_equal(decoded([APPLIED[name]]), decoded([ROTATED]))
    assert (
        distance(
            decoded([APPLIED[name]])[0], image_decoding.decode(APPLIED[name], SIZE, 3, "resize")
        )
        <= 1
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", IGNORED)
def test_invalid_exif_is_ignored(name):
    assert np.array_equal(decoded([IGNORED[name]]), decoded([PLAIN]))
    expected = image_decoding.decode(IGNORED[name], SIZE, 3, "resize")
    assert distance(decoded([IGNORED[name]])[0], expected) <= 1


def test_a_rotated_image_differs():
    assert not np.array_equal(decoded([ROTATED]), decoded([PLAIN]))


def test_damaged_exif_never_fails():
    """With any three of its bytes replaced."""
    chance, at = np.random.default_rng(0), ROTATED.index(b"Exif") + 6
    for _ in range(100):
        file = np.frombuffer(ROTATED, np.uint8).copy()
        file[at + chance.integers(0, 26, 3)] = chance.integers(0, 256, 3)
        assert decoded([file.tobytes()]).shape == (1, SIZE, SIZE, 3)


# --- where it differs from Pillow -----------------------------------------------------------------


def test_transparent_pixels_of_a_gif_are_black():
    image = Image.new("P", (SIZE, SIZE), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    assert not decoded([saved(image, "GIF", transparency=1)]).any()
    assert (decoded([saved(image, "GIF")]) == (0, 255, 0)).all()


def test_a_cmyk_jpeg_without_adobes_marker_is_not_inverted():
    file = saved(Image.new("CMYK", (SIZE, SIZE), (255, 0, 0, 0)), "JPEG")
    at = file.index(b"\xff\xee")
    bare = file[:at] + file[at + 2 + int.from_bytes(file[at + 2 : at + 4]) :]
    cyan, black = (0, 255, 255), (0, 0, 0)
    assert distance(decoded([file])[0], cyan) <= 1
    assert distance(image_decoding.decode(bare, SIZE, 3, "resize"), cyan) <= 1
    assert distance(decoded([bare])[0], black) <= 1  # all inks but cyan, black too


def test_the_transparent_color_of_a_16_bit_png_in_color_is_applied():
    """Pillow compares 8 of the 16 bits."""
    file = image_bytes.deep_colors(np.full((SIZE, SIZE, 3), 0x1234, np.uint16))
    chunk = image_bytes.png_chunk(b"tRNS", b"\x12\x34" * 3)
    assert (decoded([file[:33] + chunk + file[33:]]) == 255).all()


@pytest.mark.parametrize("content", [b"", b"no image", FILES["png-L"][:60], PLAIN[:200]])
def test_files_that_are_not_images_fail(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decoded([content])


@pytest.mark.parametrize("form", ["TIFF", "PPM"])
def test_tiff_and_ppm_are_refused(form):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decoded([saved(RGB, form)])


@pytest.mark.parametrize(
    "content", [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"%PDF-1.4", b"\0" * 99]
)
def test_other_files_fail_with_the_formats_that_are_decoded(content):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        decoded([content])


# --- sixteen bits, and damage ---------------------------------------------------------------------


@FITS
@CHANNELS
@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
def test_the_bits_in_use_decide_the_scale_as_in_training(channels, fit, bits):
    wide = (np.asarray(GRAY).astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    files = [saved(Image.fromarray(wide), "PNG"), saved(DEEP, "PNG"), FILES["png-RGB"]]
    files += [saved(Image.fromarray(wide), "PNG", transparency=int(wide[0, 0])), deep_colors(3)]
    expected = [image_decoding.decode(file, SIZE, channels, fit, bits) for file in files]
    assert distance(decoded(files, channels, fit, bits), expected) <= 1
    alone = graph_image_decoding.decode(tf.constant(files[:1]), (34, 52, 1), "resize", bits)
    assert np.array_equal(alone[0, ..., 0], wide >> (bits - 8))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_files_fail_or_give_pillows_pixels():
    """What Pillow refuses as damaged, TensorFlow may decode all the same."""
    chance, compared = random.Random(1), 0
    plain = [saved(RGB.resize((24, 20)), form) for form in ("PNG", "JPEG", "BMP")]
    plain += [saved(DEEP.resize((24, 20)), "PNG"), saved(RGB.resize((24, 20)), "WEBP")]
    for _ in range(600):
        content = image_bytes.damaged(chance, chance.choice(plain))
        try:
            image = decoded([content], bits=12)[0]
            expected = image_decoding.decode(content, SIZE, 3, "resize", 12)
        except (tf.errors.InvalidArgumentError, image_decoding.ImageFileError):
            continue
        assert distance(image, expected) <= 1
        compared += 1
    assert compared > 100
