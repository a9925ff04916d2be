"""Text files that people write, tables and lists of names, in the encodings that programs use.

Spreadsheet programs save text in UTF-8 with a byte order mark, in UTF-16, or in the encoding of the
country, for which Windows-1252 is assumed. What is no text at all is named for what it is.
"""

import codecs
import dataclasses
import os
import pathlib
import re
import stat
from collections.abc import Iterator

from tf_ssgan.common import errors

MOST = 256 * 2**20  # bytes of a table, about four million rows
LONGEST_LINE = 2**20  # bytes of the first line
_SAMPLE = 200  # bytes that tell an encoding without a byte order mark

_MARKS = (  # those of UTF-32 begin like those of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_LINE = "[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+"
_TITLES = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
_HEADS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
    (b"PAR1", "a Parquet file"), (b"ARROW1", "a Feather file"), (b"FEA1", "a Feather file"),
    (b"\x89HDF\r\n", "an HDF5 file"), (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy array"), (b"\x1f\x8b", "a compressed file"),
    (b"BZh", "a compressed file"), (b"\xfd7zXZ", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"), (b"\x28\xb5\x2f\xfd", "a compressed file"),
    (b"%PDF-", "a PDF document"), (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"), (b"GIF8", "an image"),
)  # fmt: skip
_ZIPPED = (  # what the names of the first members of a ZIP archive tell
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet"),
    (b"Index/", "a Numbers document"), (b".iwa", "a Numbers document"),
    (b"word/", "a Word document"), (b"xl/", "an Excel workbook"),
    (b"[Content_Types].xml", "an Excel workbook"), (b"docProps/", "an Excel workbook"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class TextFile:
    """The text of a file.

    Attributes:
        text: without a byte order mark; lines end as in the file.
        encoding: the encoding of the lines that are not UTF-8, as in "Windows-1252"; empty if it
            is certain.
        guessed: the numbers of the lines that are read in this encoding, counted from 1.
    """

    text: str
    encoding: str = ""
    guessed: tuple[int, ...] = ()

    def lines(self) -> list[str]:
        """Returns the lines without their ends."""
        return re.split("\r\n|\r|\n", self.text)

    def lines_with_ends(self) -> Iterator[str]:
        """Yields the lines with their ends, one at a time: a table can be large."""
        return (found[0] for found in re.finditer(_LINE, self.text))


def read(path: pathlib.Path, expected: str) -> TextFile:
    """Reads a text file in whatever encoding.

    Args:
        path: the file.
        expected: what it should be, for messages, as in "a table saved as CSV UTF-8".

    Raises:
        UserError: It is a folder, a pipe or a device, is too large, or is no text.
        OSError: It cannot be read.
    """
    content = _read_regular(path, expected)
    try:
        file = _decode(content)
    except UnicodeDecodeError as error:
        raise errors.UserError(
            f"{path} is cut off or damaged: it begins as text in {error.encoding.upper()}, but "
            f"cannot be read to its end. Expected {expected}."
        ) from error
    if "\0" in file.text:
        line = file.text[: file.text.index("\0")].replace("\r\n", "\n").replace("\r", "\n")
        raise errors.UserError(
            f"{path}, line {line.count(chr(10)) + 1}: there is a NUL character, which no text has. "
            f"The file is damaged, or is not {expected}: save it again."
        )
    return file


def _read_regular(path: pathlib.Path, expected: str) -> bytes:
    """Returns the content of a file, after a look at its kind, its size and its first bytes."""
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"it is a folder, expected {expected}")
    if not stat.S_ISREG(status.st_mode):
        raise errors.UserError(f"{path} is a pipe or a device, not a file. Expected {expected}.")
    if status.st_size > MOST:
        raise errors.UserError(
            f"{path} has {status.st_size:,} bytes, and at most {MOST:,} are read. Expected "
            f"{expected}."
        )
    with path.open("rb") as file:
        head = file.read(LONGEST_LINE)
        kind = _kind(head)
        if kind:
            raise errors.UserError(
                f"{path} is {kind}. Expected {expected}: save it as that in the program that made "
                "it, and give the new file."
            )
        if len(head) == LONGEST_LINE and b"\n" not in head and b"\r" not in head:
            raise errors.UserError(
                f"{path}: the first line is longer than {LONGEST_LINE:,} bytes. Expected "
                f"{expected}."
            )
        return head + file.read(MOST)  # of /proc, the size says nothing


def _kind(head: bytes) -> str:
    """Returns what a file is that is no text, by its first bytes; empty if it may be text."""
    if head.startswith(b"PK\x03\x04"):
        return next((kind for name, kind in _ZIPPED if name in head), "a ZIP archive")
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return "a pickle"
    return next((kind for start, kind in _HEADS if head.startswith(start)), "")


def _decode(content: bytes) -> TextFile:
    known = ((mark, encoding) for mark, encoding in _MARKS if content.startswith(mark))
    mark, encoding = next(known, (b"", _encoding_without_mark(content)))
    content = content[len(mark) :].removesuffix(b"\x1a")  # the end of a file, to DOS
    if encoding != "utf-8":
        return TextFile(content.decode(encoding))
    try:
        return TextFile(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _decode_lines(content)


def _encoding_without_mark(content: bytes) -> str:
    """Tells UTF-16 and UTF-32 by their NUL bytes, which Latin letters have in fixed places."""
    sample = content[: min(_SAMPLE, len(content) // 4 * 4)]
    zeros = [sample[start::4].count(0) * 4 / max(1, len(sample)) for start in range(4)]
    patterns = (("utf-32-le", "0111"), ("utf-32-be", "1110"),
                ("utf-16-le", "0101"), ("utf-16-be", "1010"))  # fmt: skip
    for encoding, pattern in patterns:
        if all((share > 0.5) == (bit == "1") for share, bit in zip(zeros, pattern, strict=True)):
            return encoding
    return "utf-8"


def _decode_lines(content: bytes) -> TextFile:
    """Decodes lines that are not UTF-8 in one other encoding; tables are joined of several files.

    A line in Windows-1252 is hardly ever valid UTF-8 by chance.
    """
    decoded: list[str] = []
    odd: dict[int, bytes] = {}
    for index, line in enumerate(re.findall(_LINE.encode(), content)):
        try:
            decoded.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            decoded.append("")
            odd[index] = line
    encoding = "cp1252"
    try:
        b"".join(odd.values()).decode(encoding)
    except UnicodeDecodeError:  # five bytes have no meaning there
        encoding = "latin-1"
    for index, line in odd.items():
        decoded[index] = line.decode(encoding)
    return TextFile("".join(decoded), _TITLES[encoding], tuple(index + 1 for index in odd))
