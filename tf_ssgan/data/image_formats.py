"""What the head of a file says: an image that is read, or what else it is, and what to do.

Files are recognized by their content, not by their names. Formats that are not read are named all
the same, so that nobody has to guess why a photo of a telephone is "not an image".
"""

import pathlib
import re
import zlib

from tf_ssgan.common import errors
from tf_ssgan.common.files import HEAD

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}

_CONVERT = "convert it to PNG or JPEG"
_EXPORT = "export it as PNG or JPEG"
_RAW = f"is a raw file of a camera, which is not read: {_EXPORT}"
_VIDEO = "is a video: save frames of it as PNG or JPEG"
_DRAWING = "is a drawing without pixels: draw it to a PNG"
_ARCHIVE = "is an archive: unpack it"
_ARRAYS = "holds arrays of another program: save its images as PNG"
_MEDICAL = "save its slices as PNG, of 8 or 16 bits"
_SOUND = "is a sound or a song, not an image: remove it"
_PROGRAM = "is a program, not an image: remove it"


def _unread(name: str, advice: str = _CONVERT) -> str:
    return f"is {name}, which is not read: {advice}"


# The first bytes of a file -> what it is. TIFF and camera files share theirs, so these come first.
_STARTS = (
    (b"IIU\0", _RAW), (b"IIRO", _RAW), (b"IIRS", _RAW), (b"MMOR", _RAW),
    (b"FUJIFILMCCD-RAW", _RAW), (b"FOVb", _RAW),
    (b"\0\0\0\x0cjP  \r\n\x87\n", _unread("JPEG 2000")),
    (b"\xff\x4f\xff\x51", _unread("JPEG 2000")),
    (b"\xff\x0a", _unread("JPEG XL")), (b"\0\0\0\x0cJXL \r\n\x87\n", _unread("JPEG XL")),
    (b"II\xbc\1", _unread("JPEG XR")), (b"BPG\xfb", _unread("BPG")), (b"qoif", _unread("QOI")),
    (b"DDS ", _unread("a DirectDraw texture")), (b"v/1\1", _unread("OpenEXR", _EXPORT)),
    (b"#?RADIANCE", _unread("a Radiance picture", _EXPORT)), (b"P7\n", _unread("PAM")),
    (b"\0\0\1\0", _unread("an icon")), (b"\0\0\2\0", _unread("a cursor")),
    (b"icns", _unread("an icon")), (b"AT&TFORM", _unread("DjVu", _EXPORT)),
    (b"8BPS", _unread("a Photoshop document", _EXPORT)),
    (b"gimp xcf", _unread("a GIMP document", _EXPORT)),
    (b"%PDF", "is a PDF document: export its pages as PNG or JPEG"),
    (b"%!PS", _DRAWING), (b"\xc5\xd0\xd3\xc6", _DRAWING), (b"\xd7\xcd\xc6\x9a", _DRAWING),
    (b"NRRD", _unread("NRRD", _MEDICAL)), (b"SIMPLE  =", _unread("FITS", _MEDICAL)),
    (b"ZISRAWFILE", _unread("a microscope's file", _MEDICAL)),
    (b"\x89HDF\r\n", _ARRAYS), (b"\x93NUMPY", _ARRAYS), (b"MATLAB", _ARRAYS),
    (b"\x1aE\xdf\xa3", _VIDEO), (b"\0\0\1\xba", _VIDEO), (b"\0\0\1\xb3", _VIDEO),
    (b"FLV\1", _VIDEO), (b"OggS", _VIDEO), (b"ID3", _SOUND), (b"fLaC", _SOUND),
    (b"PK\3\4", _ARCHIVE), (b"PK\5\6", _ARCHIVE), (b"Rar!", _ARCHIVE), (b"7z\xbc\xaf", _ARCHIVE),
    (b"BZh", _ARCHIVE), (b"\xfd7zXZ\0", _ARCHIVE), (b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (b"\x7fELF", _PROGRAM), (b"MZ", _PROGRAM),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the image: run git lfs pull"),
    (b"bplist00", "is a placeholder of iCloud, not the image: download the image"),
)  # fmt: skip

# The brand of a file of ISO's media format, after "ftyp" -> what it is; others are videos.
_BRANDS = (
    (("avif", "avis"), _unread("AVIF")),
    (("crx ",), _RAW),
    (("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1", "mif2"),
     _unread("HEIC")),
)  # fmt: skip
_TYPES_OF_RIFF = {b"AVI ": _VIDEO, b"WAVE": _SOUND}
_WEB_PAGE = "is a web page, perhaps saved instead of the image: download the image again"
_MARKS = (
    (rb"\A\s*(<!doctype html|<html|<head|<body)", _WEB_PAGE),
    (rb"\A\s*<.*<html", _WEB_PAGE),
    (rb"\A\s*<.*?<?svg[\s>:]", "is an SVG drawing, which has no pixels: draw it to a PNG"),
    (rb"\A\s*<\?xml", "is an XML file, not an image: remove it"),
    (rb"\A[/.\\a-z]*\.git/annex/objects/|\A/annex/objects/",
     "is a pointer of git-annex, not the image: run git annex get"),
)  # fmt: skip
_TEXT = "is not an image but text: remove it"
_EMPTY = "is empty: remove it, or download it if it is kept elsewhere"
_ZEROS = "begins with zeros only, as after a copy that broke off: copy it again"
_UNKNOWN = "is not an image, or is damaged"


class ImageFileError(errors.UserError):
    """An image file cannot be used; the message is the reason, without the name of the file."""


def format_from_suffix(path: pathlib.PurePath) -> str | None:
    """Returns the image format that the suffix of a file stands for; None for other suffixes."""
    suffix = path.suffix.lower()
    return next((name for name, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def check_head(head: bytes) -> None:
    """Refuses a file of which the head tells that it is no image of `FORMATS`.

    Args:
        head: The first bytes of the file, at most `HEAD`.

    Raises:
        ImageFileError: It says what the file is, and what to do.
    """
    if named_format(head) is None:
        raise ImageFileError(_explain(head))


def named_format(head: bytes) -> str | None:
    """Returns the one of `FORMATS` that the head of a file names, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return None if head[8:10] == b"CR" else "TIFF"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"BM") and not _is_text(head):
        return "BMP"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    return "PPM" if re.match(rb"P[1-6fF][\s#]", head) else None


def _explain(head: bytes) -> str:
    """What a file is that is no image of `FORMATS`, and what to do."""
    if not head:
        return _EMPTY
    if head[:2] == b"\x1f\x8b":
        return _explain_compressed(head)
    found = [text for start, text in _STARTS if head.startswith(start)]
    for found_by in (_explain_container, _explain_medical, _explain_text):
        found = found or found_by(head)
    if not found and not head.strip(b"\0"):
        return _ZEROS
    return found[0] if found else _UNKNOWN


def _explain_container(head: bytes) -> list[str]:
    """Files of ISO's media format, RIFF, raw files like TIFF, and tar."""
    if head[4:8] == b"ftyp":
        size = int.from_bytes(head[:4])
        brands = re.findall(b"....", head[8 : max(12, min(size, 128))], re.DOTALL)
        names = {brand.decode("latin-1") for brand in brands}
        return [text for known, text in _BRANDS if names.intersection(known)] or [_VIDEO]
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return [_VIDEO]
    if head[:4] == b"RIFF":
        return [_TYPES_OF_RIFF[head[8:12]]] if head[8:12] in _TYPES_OF_RIFF else []
    if head[6:14] == b"HEAPCCDR" or (head[:2] in (b"II", b"MM") and head[8:10] == b"CR"):
        return [_RAW]
    return [_ARCHIVE] if head[257:262] == b"ustar" else []


def _explain_medical(head: bytes) -> list[str]:
    """DICOM and NIfTI."""
    if head[128:132] == b"DICM":
        return [_unread("DICOM", _MEDICAL)]
    nifti = head[344:347] in (b"n+1", b"ni1") or head[4:7] in (b"n+2", b"ni2")
    return [_unread("NIfTI", _MEDICAL)] if nifti else []


def _explain_text(head: bytes) -> list[str]:
    """Texts: drawings, web pages, pointers."""
    if not _is_text(head):
        return []
    text = _narrow(head).lower()
    return [what for mark, what in _MARKS if re.search(mark, text, re.DOTALL)] or [_TEXT]


def _explain_compressed(head: bytes) -> str:
    """What is in a gzip file, by its first bytes."""
    try:
        inside = zlib.decompressobj(31).decompress(head, HEAD)
    except zlib.error:
        return _ARCHIVE
    found = _explain_medical(inside) or _explain_text(inside) if inside else []
    return found[0] if found and found[0] != _TEXT else _ARCHIVE


def _is_text(head: bytes) -> bool:
    """Whether these bytes are text, in UTF-8, UTF-16 or Latin-1: without control characters."""
    narrow = _narrow(head)
    return (
        bool(narrow)
        and not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]", narrow)
        and (sum(byte < 128 for byte in narrow) >= 0.7 * len(narrow) or _is_utf8(narrow))
    )


def _is_utf8(head: bytes) -> bool:
    return "\ufffd" not in head[: len(head) - 3].decode("utf-8", "replace")


def _narrow(head: bytes) -> bytes:
    """Removes a byte order mark, and the zeros of UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf")
