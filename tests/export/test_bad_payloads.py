"""What a server would be sent: each bad payload fails alone, and the next good one is answered.

The signatures are called as TensorFlow Serving calls them, in this process: an InvalidArgument
error is its status 400. The server itself is not run here.
"""

import io
import resource
import shutil
import struct
import threading
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.image_bytes import encode

import export
from export import publishing

LARGE = 10_000


def chunk(name, content):
    return (
        struct.pack(">I", len(content)) + name + content
        + struct.pack(">I", zlib.crc32(name + content))
    )  # fmt: skip


def png(width, height, rows=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


def png_bomb():
    """Complete: 300 MB of black pixels in 300 kB, compressed piece by piece."""
    packer, piece = zlib.compressobj(9), bytes(3 * LARGE + 1)
    data = b"".join(packer.compress(piece) for _ in range(LARGE)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", LARGE, LARGE, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg(width, height):
    content = bytearray(encode(Image.new("RGB", (16, 16)), "JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def gif(width, height):
    size = struct.pack("<HH", width, height)
    return b"GIF89a" + size + b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0" + size + b"\0\x02\x02D\x01\0;"


def webp(kind, width, height):
    """The header of each of the three kinds."""
    if kind == b"VP8X":
        sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        content = bytes(4) + sides
    elif kind == b"VP8L":
        content = b"\x2f" + struct.pack("<I", width - 1 | (height - 1) << 14)
    else:
        content = bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height)
    head = b"WEBP" + kind + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(head)) + head


BOMBS = {
    "PNG": png_bomb,
    "PNG of the largest sides": lambda: png(2**31 - 1, 2**31 - 1),
    "JPEG": lambda: jpeg(65_500, 65_500),
    "GIF": lambda: gif(65_535, 65_535),
    "WebP": lambda: webp(b"VP8 ", 16_383, 16_383),
    "WebP without loss": lambda: webp(b"VP8L", 16_384, 16_384),
    "WebP with alpha": lambda: webp(b"VP8X", LARGE, LARGE),
}


@pytest.fixture
def good(encode, digits):
    """A file that is classified."""
    return encode(digits[0])


@pytest.fixture
def answers(signatures, good):
    """Calls `predict_bytes`; afterwards a good file must still be answered."""
    yield lambda *files: signatures[export.BYTES](image_bytes=tf.constant(files, tf.string))
    after = signatures[export.BYTES](image_bytes=tf.constant([good]))["probabilities"].numpy()
    assert after.shape == (1, 10) and after.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", BOMBS)
def test_files_that_unpack_to_gigabytes_are_refused_at_once(answers, name):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 89,478,485 pixels"):
        answers(BOMBS[name]())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2e5, "200 MB"


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", png(8, 8)]
)
def test_what_is_no_image_is_an_invalid_argument(answers, good, content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        answers(good, content)


def test_ten_megabytes_of_image_are_classified(answers):
    pixels = np.random.default_rng(0).integers(0, 256, (1900, 1900, 3), np.uint8)
    content = encode_png(pixels)
    assert len(content) > 10e6
    assert np.isfinite(answers(content)["probabilities"].numpy()).all()


def encode_png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def test_no_files_and_no_images_give_no_answers(answers, signatures):
    assert answers()["probabilities"].shape == (0, 10)
    none = tf.zeros([0, 16, 16, 1], tf.uint8)
    assert signatures[export.DEFAULT](image=none)["label"].shape == (0,)


@pytest.mark.parametrize(
    "images",
    [
        np.full((1, 16, 16, 1), np.nan, np.float32),
        np.full((1, 16, 16, 1), np.inf, np.float32),
        np.full((1, 16, 16, 1), 300, np.int32),
        np.zeros((1, 16, 17, 1), np.uint8),
        np.zeros((1, 16, 16, 3), np.uint8),
        np.zeros((16, 16, 1), np.uint8),
    ],
    ids=["nan", "inf", "300", "size", "channels", "rank"],
)
def test_pixels_are_bytes_of_the_images_shape(answers, signatures, images):
    """There is no NaN in a byte."""
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures[export.DEFAULT](image=tf.constant(images))


@pytest.mark.parametrize("inputs", [{}, {"pixels": tf.zeros([1, 16, 16, 1], tf.uint8)}])
def test_a_missing_key_is_an_error(answers, signatures, inputs):
    with pytest.raises(TypeError, match="image"):
        signatures[export.DEFAULT](**inputs)


@pytest.mark.parametrize(
    "example", [b"junk", tf.train.Example().SerializeToString()], ids=["junk", "no feature"]
)
def test_what_is_no_example_is_an_invalid_argument(answers, signatures, example):
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures[export.CLASSIFY](inputs=tf.constant([example]))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_any_latents_give_images(answers, signatures, value):
    latents = tf.constant(np.full((2, 8), value, np.float32))
    assert signatures[export.GENERATE](latents=latents)["image"].shape == (2, 16, 16, 1)


def test_versions_appear_whole_beside_a_reader(exported, tmp_path):
    """As a server: whatever version is listed has all of its files."""
    exported = exported.folder
    expected = {p.relative_to(exported) for p in exported.rglob("*") if p.is_file()}
    ended, seen, wrong = threading.Event(), set(), []

    def read():
        while not ended.is_set():
            for number in publishing.list_versions(tmp_path):
                folder = tmp_path / str(number)
                found = {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
                seen.add(number)
                wrong.extend(expected ^ found)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(15):
        with publishing.new_version(tmp_path) as target:
            shutil.copytree(exported, target.partial, dirs_exist_ok=True)
    ended.set()
    reader.join()
    assert len(seen) > 5 and not wrong
