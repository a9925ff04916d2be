"""What the head of a file says."""

import gzip
import pathlib

import numpy as np
import pytest
from PIL import Image
from support import image_bytes

from tf_ssgan.data import image_formats

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"></svg>'
NIFTI = (348).to_bytes(4, "little") + bytes(340) + b"n+1\0"
OTHERS = {
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is HEIC, which is not read: convert it to PNG"),
    "HEIF": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "is HEIC"),
    "AVIF": (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "is AVIF, which is not read: convert it"),
    "AVIF of another brand": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "is AVIF"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n\0\0", "is JPEG 2000, which is not read"),
    "JPEG 2000, bare": (b"\xff\x4f\xff\x51\0\x2f", "is JPEG 2000"),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n", "is JPEG XL"),
    "JPEG XL, bare": (b"\xff\x0a\xfa\x1f", "is JPEG XL"),
    "Photoshop": (b"8BPS\0\1", "is a Photoshop document, which is not read: export it"),
    "icon": (b"\0\0\1\0\1\0\x10\x10", "is an icon"),
    "PDF": (b"%PDF-1.7", "is a PDF document: export its pages as PNG"),
    "SVG": (SVG, "is an SVG drawing, which has no pixels: draw it to a PNG"),
    "SVG in UTF-16": (SVG.decode().encode("utf-16"), "is an SVG drawing"),
    "SVG of XML": (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n" + SVG, "is an SVG drawing"),
    "SVG, compressed": (gzip.compress(SVG), "is an SVG drawing"),
    "Canon CR2": (b"II*\0\x10\0\0\0CR\2\0", "is a raw file of a camera"),
    "Canon CR3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "is a raw file of a camera"),
    "Fujifilm": (b"FUJIFILMCCD-RAW 0201", "is a raw file of a camera"),
    "DICOM": (bytes(128) + b"DICM\2\0\0\0", "is DICOM, which is not read: save its slices as PNG"),
    "NIfTI": (NIFTI, "is NIfTI, which is not read: save its slices as PNG"),
    "NIfTI, compressed": (gzip.compress(NIFTI), "is NIfTI"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n",
                "is a pointer of Git LFS, not the image: run git lfs pull"),
    "git-annex": (b"/annex/objects/SHA256E-s9--4d.png\n", "is a pointer of git-annex"),
    "iCloud": (b"bplist00\xd4", "is a placeholder of iCloud, not the image: download the image"),
    "web page": (b"\r\n<!DOCTYPE html><html><title>404</title>", "is a web page, perhaps saved"),
    "web page without a type": (b"<HTML><body>Not found", "is a web page"),
    "web page with a drawing": (b"<!doctype html><body>" + SVG, "is a web page"),
    "XML": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is an XML file"),
    "text": (b"path,label\na.png,cat\n", "is not an image but text"),
    "text in UTF-16": ("Chat, chien".encode("utf-16"), "is not an image but text"),
    "text in Chinese": ("\u732b\u548c\u72d7".encode() * 9, "is not an image but text"),
    "text that begins like a BMP": (b"BMW 3 series", "is not an image but text"),
    "zip": (b"PK\3\4\x14\0", "is an archive: unpack it"),
    "gzip": (gzip.compress(bytes(9)), "is an archive"),
    "gzip, damaged": (b"\x1f\x8b\xff\xff\xff", "is an archive"),
    "tar": (b"a.png" + bytes(252) + b"ustar\0", "is an archive"),
    "video of a telephone": (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "is a video: save frames of it"),
    "MP4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "is a video"),
    "old QuickTime": (b"\0\0\0\x08wide\0\0\1\0mdat", "is a video"),
    "AVI": (b"RIFF\x24\0\0\0AVI LIST", "is a video"),
    "Matroska": (b"\x1aE\xdf\xa3\x01\0", "is a video"),
    "NumPy": (b"\x93NUMPY\1\0", "holds arrays of another program"),
    "PAM": (b"P7\nWIDTH 4\n", "is PAM, which is not read: convert it"),
    "empty": (b"", "is empty: remove it, or download it if it is kept elsewhere"),
    "zeros": (bytes(512), "begins with zeros only, as after a copy that broke off: copy it again"),
    "anything": (b"\x07\xf0\x80\x81\x90\x99", "is not an image, or is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_read_is_named(name):
    content, reason = OTHERS[name]
    with pytest.raises(image_formats.ImageFileError) as caught:
        image_formats.check_head(content[: image_formats.HEAD])
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("name", image_formats.FORMATS)
def test_the_head_of_what_is_read_names_its_format(name):
    head = image_bytes.encode(Image.fromarray(np.zeros((8, 8, 3), np.uint8)), name)[:1024]
    image_formats.check_head(head)
    assert image_formats.named_format(head) == name


def test_suffixes_stand_for_formats():
    named = [image_formats.format_from_suffix(pathlib.PurePath(name))
             for name in ("a.JPG", "a.tiff", "a.pgm", "a.txt", "a")]  # fmt: skip
    assert named == ["JPEG", "TIFF", "PPM", None, None]
