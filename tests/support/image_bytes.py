"""Bytes of image files that Pillow does not write, and of damaged ones."""

import io
import random
import struct
import zlib

import numpy as np
from PIL import Image


def encode(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def tiff(pixels, photometric=1, sample_format=1, bits=None, width=None, order="<", tags=()):
    """A TIFF of one channel, without compression.

    Args:
        pixels: [h, w] of any integers.
        photometric: 0 if 0 is white.
        sample_format: 1 for unsigned pixels, 2 for signed ones.
        bits: Bits of a pixel; those of the array by default.
        width: Pixels of a row; the width of the array by default.
        order: "<" or ">".
        tags: Further tags, as (number, value).
    """
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    width, bits = width or pixels.shape[1], bits or 8 * pixels.itemsize
    entries = {
        256: width, 257: len(pixels), 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1,
        278: len(pixels), 279: len(data), 339: sample_format, **dict(tags),
    }  # fmt: skip
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data))
    table = b"".join(
        struct.pack(order + "HHII", tag, 4, 1, entries[tag]) for tag in sorted(entries)
    )
    return head + data + struct.pack(order + "H", len(entries)) + table + bytes(4)


def pgm(pixels) -> bytes:
    """A PGM of 16 bits."""
    return b"P5 %d %d 65535\n" % pixels.shape[::-1] + pixels.astype(">u2").tobytes()


def png_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def deep_colors(pixels) -> bytes:
    """A PNG of 16 bits a channel, uint16 [h, w, 3 or 4]; Pillow reads them and cannot write them."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    height, width, bands = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 16, 6 if bands == 4 else 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def _small_files() -> list[bytes]:
    """One or more small files of each format that is read."""
    noise = np.random.default_rng(0).integers(0, 256, (5, 6, 4), np.uint8)
    rgba = Image.fromarray(noise).resize((24, 20))
    rgb, gray = rgba.convert("RGB"), rgba.convert("L")
    deep = Image.fromarray(np.asarray(gray).astype(np.uint16) * 16)
    exif = Image.Exif()
    exif[0x0112] = 6
    film = {"save_all": True, "append_images": [gray.rotate(90)]}
    return [
        encode(rgb, exif=exif), encode(rgba), encode(deep), encode(gray, **film),
        encode(rgb.quantize(16), transparency=bytes(range(0, 160, 10))),
        encode(rgb, "JPEG", exif=exif), encode(gray, "JPEG"), encode(rgb, "JPEG", progressive=True),
        encode(rgb, "WEBP", exif=exif), encode(rgba, "WEBP", lossless=True),
        encode(rgb, "BMP"), encode(rgb.quantize(16), "BMP"),
        encode(rgb.quantize(16), "GIF"), encode(gray, "GIF", **film),
        encode(rgb, "TIFF", tiffinfo={0x0112: 6}), encode(deep, "TIFF"),
        encode(gray, "TIFF", compression="tiff_lzw"), encode(rgb, "TIFF", compression="jpeg"),
        encode(gray.convert("1"), "TIFF", compression="group4"),
        encode(rgb, "PPM"), encode(gray, "PPM"), pgm(np.asarray(deep)),
    ]  # fmt: skip


SMALL_FILES = _small_files()


def damaged(chance: random.Random, content: bytes) -> bytes:
    """Changes some bytes, cuts the file, or moves a part; checksums of a PNG are often mended."""
    octets, at = bytearray(content), chance.randrange(len(content))
    way = chance.choice(("head", "flip", "cut", "remove", "insert", "copy"))
    if way in ("head", "flip"):
        for _ in range(chance.choice((1, 1, 2, 8))):
            within = min(64, len(octets)) if way == "head" else len(octets)
            octets[chance.randrange(within)] = chance.choice((0, 255, chance.randrange(256)))
    elif way == "cut":
        del octets[at:]
    elif way == "remove":
        del octets[at : at + chance.randrange(1, 20)]
    else:
        start = chance.randrange(len(octets))
        replaced = at if way == "insert" else at + 20
        octets[at:replaced] = octets[start : start + 20]
    return bytes(octets) if chance.random() < 0.4 else _with_checksums(octets)


def _with_checksums(octets: bytearray) -> bytes:
    at = 8 if octets.startswith(b"\x89PNG") else len(octets)
    while at + 12 <= len(octets):
        size = int.from_bytes(octets[at : at + 4])
        end = at + 8 + size
        if end + 4 <= len(octets):
            octets[end : end + 4] = struct.pack(">I", zlib.crc32(octets[at + 4 : end]))
        at = end + 4
    return bytes(octets)
