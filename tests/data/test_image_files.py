"""Only files are opened, and only images are read."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support import image_bytes

from tf_ssgan.data import image_files

GRAY = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def make_large(path):
    path.write_bytes(image_bytes.encode(GRAY, "BMP"))
    os.truncate(path, 30_000_000_000)  # takes no space


def make_video(path):
    path.write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ")
    os.truncate(path, 700_000_000)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_pipe, "cannot be read: it is a pipe, not a file"),
        (make_socket, "cannot be read: it is a socket, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "cannot be read: it is a device, not a file"),
        (lambda path: path.symlink_to("/dev/stdin"), "cannot be read|is empty|is not an image"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels of symbolic links"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: None, "cannot be read: No such file"),
        (make_large, "cannot be read: it has 30,000,000,000 bytes, and at most 750,000,000 are"),
        (make_video, "is a video: save frames of it as PNG or JPEG"),
    ],
)
def test_what_a_name_may_stand_for(make, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    make(tmp_path / "x.png")
    for read in (image_files.read_header, image_files.read_content):
        with pytest.raises(image_files.ImageFileError, match=reason):
            read(tmp_path / "x.png")


@pytest.mark.parametrize("name", ["a\0b.png", "\ud800.png"])
def test_names_that_no_file_can_have(name):
    with pytest.raises(image_files.ImageFileError, match="no file can have this name"):
        image_files.read_header(name)


@pytest.mark.parametrize("tags", [[(254, 1)], [(50706, 0x00000401)]])
def test_raw_files_that_begin_with_a_small_copy_are_refused(tags):
    content = image_bytes.tiff(np.asarray(GRAY), tags=tags)
    with pytest.raises(image_files.ImageFileError, match="begins with a small copy of its image"):
        image_files.read_header(content)


def test_colors_that_cannot_be_converted_are_refused():
    content = image_bytes.encode(Image.new("LAB", (8, 8)), "TIFF")
    with pytest.raises(image_files.ImageFileError, match="has LAB colors: save it with RGB"):
        image_files.read_header(content)


def test_nothing_is_printed_about_damaged_files(tmp_path):
    """Not by Python's warnings, not by logging, and not by libtiff."""
    exif = Image.Exif()
    exif[0x010F] = "maker"
    (tmp_path / "a").write_bytes(
        image_bytes.encode(GRAY, "JPEG", exif=exif.tobytes()[:-3]).replace(b"maker", b"")
    )
    tiff = image_bytes.encode(GRAY.convert("1"), "TIFF", compression="group4")
    (tmp_path / "b").write_bytes(tiff.replace(tiff[8:12], b"\xff\xff\xff\xff", 1))
    (tmp_path / "c").write_bytes(image_bytes.tiff(np.asarray(GRAY), tags=[(277, 9)]))
    Image.new("1", (10_000, 10_000)).save(tmp_path / "d", "PNG")
    GRAY.quantize(8).save(tmp_path / "e", "PNG", transparency=bytes([0, 9]))
    code = """if True:
        import sys
        from tf_ssgan.data import image_decoding
        for path in sys.argv[1:]:
            try:
                image_decoding.decode(path, 8, 1, "pad")
            except image_decoding.ImageFileError as error:
                print(path[-1], error)
    """
    paths = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    assert done.stderr == "" and done.returncode == 0
    assert [line[:2] for line in done.stdout.splitlines()][-2:] == ["c ", "d "]
