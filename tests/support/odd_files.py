"""A folder as people have them: images of several formats between files of every other kind."""

import io
import os
import pathlib
import socket
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from support import damage

CLASSES = ("cat", "dog")


def image_bytes(label: int, seed: int, kind: str, mode: str = "RGB", size=(20, 16)) -> bytes:
    """An image file with the brightness of its class and some noise, different for each seed."""
    rng = np.random.default_rng([seed, label])
    pixels = rng.integers(0, 60, (size[1], size[0], 3), np.uint8) + np.uint8(60 + 60 * label)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def _png(label: int, seed: int) -> bytes:
    return image_bytes(label, seed, "PNG")


def _sixteen_bits(label: int, seed: int) -> bytes:
    rng = np.random.default_rng([seed, label])
    pixels = rng.integers(20_000 + 20_000 * label, 30_000 + 20_000 * label, (16, 20))
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint16)).save(file, "PNG")
    return file.getvalue()


def _with_short_exif(label: int, seed: int) -> bytes:
    """A PNG whose eXIf chunk ends in the middle of its first number."""
    content, data = _png(label, seed), b"eXIf" + b"II*\0\x08"
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return content[:33] + chunk + content[33:]


def _pad(head: bytes) -> Callable[[int, int], bytes]:
    return lambda label, seed: head + bytes(200) + seed.to_bytes(4, "big") + bytes([label])


# Suffix -> content of files that are images, whatever they are called.
IMAGES = {
    "a.png": _png,
    "b.PNG": lambda label, seed: image_bytes(label, seed, "PNG", "L"),
    "c.jpg": lambda label, seed: image_bytes(label, seed, "JPEG"),
    "d.webp": lambda label, seed: image_bytes(label, seed, "WEBP"),
    "e.bmp": lambda label, seed: image_bytes(label, seed, "BMP"),
    "f.gif": lambda label, seed: image_bytes(label, seed, "GIF"),
    "g.tif": lambda label, seed: image_bytes(label, seed, "TIFF"),
    "h.ppm": lambda label, seed: image_bytes(label, seed, "PPM"),
    "i.pgm": lambda label, seed: image_bytes(label, seed, "PPM", "L"),
    "j.jpg": _png,  # another format than its name says
    "k": _png,
    "l ö 猫.png": _png,
    "m.png": _sixteen_bits,
    "n.png": _with_short_exif,
}
# Suffix -> content of files that are none, or cannot be used.
OTHERS = {
    "empty.png": lambda label, seed: b"",
    "text.jpg": lambda label, seed: f"notes {label} {seed}\n".encode(),
    "page.png": lambda label, seed: f"<!DOCTYPE html><html>{label} {seed}".encode(),
    "phone.heic": _pad(b"\0\0\0\x24ftypheic\0\0\0\0mif1heic"),
    "new.avif": _pad(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1"),
    "scan.jp2": _pad(b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 "),
    "next.jxl": _pad(b"\0\0\0\x0cJXL \r\n\x87\n"),
    "drawing.svg": lambda label, seed: b'<svg xmlns="http://www.w3.org/2000/svg" width="9"/>',
    "pointer.png": lambda label, seed: (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 123\n"
    ),
    "paper.pdf": _pad(b"%PDF-1.7\n"),
    "clip.mp4": _pad(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"),
    "packed.zip": _pad(b"PK\x03\x04"),
    "slice.dcm": lambda label, seed: bytes(128) + b"DICM" + bytes([label]) + bytes(99),
    "cut.png": lambda label, seed: _png(label, seed)[:200],
    "cut.jpg": lambda label, seed: image_bytes(label, seed, "JPEG")[:400],
    "tiny.png": lambda label, seed: image_bytes(label, seed, "PNG", size=(1, 1)),
    ".hidden.png": _png,
    "Thumbs.db": _png,
}
# Suffix -> what makes something that is no regular file, and can hang or fill a reader of it.
SPECIAL = {
    "pipe.png": os.mkfifo,
    "zero.png": lambda path: path.symlink_to("/dev/zero"),
    "gone.png": lambda path: path.symlink_to("nowhere.png"),
    "self.png": lambda path: path.symlink_to(path.name),
    "huge.png": damage.make_sparse,
    "socket.png": lambda path: _make_socket(path),
}
KINDS = len(IMAGES) + len(OTHERS) + len(SPECIAL) + 2  # thumbnails of two systems come in addition


def _make_socket(path: pathlib.Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)  # the path of a socket may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


def make_odd_folder(root: pathlib.Path, each: int) -> tuple[list[str], list[str]]:
    """Makes DIR/<class> with so many files of each kind and class.

    Args:
        root: DIR.
        each: Files of each kind in a class; there are `KINDS` kinds and two classes.

    Returns:
        Names of the files that can be used, and of all others, relative to DIR.
    """
    usable, unusable = [], []
    for label, kind in enumerate(CLASSES):
        for number in range(each):
            # Some names are only known to systems as they are, so each number has a folder.
            folder = root / kind / f"{number:02d}"
            folder.mkdir(parents=True)
            for suffix, content in (IMAGES | OTHERS).items():
                (folder / suffix).write_bytes(content(label, 1000 * label + number))
                names = usable if suffix in IMAGES else unusable
                names.append(f"{kind}/{number:02d}/{suffix}")
            for suffix, make in SPECIAL.items():
                make(folder / suffix)
                unusable.append(f"{kind}/{number:02d}/{suffix}")
            for system in ("@eaDir", "__MACOSX"):
                (folder / system).mkdir()
                (folder / system / "thumb.png").write_bytes(_png(label, 5000 + number))
                unusable.append(f"{kind}/{number:02d}/{system}/thumb.png")
    return usable, unusable
