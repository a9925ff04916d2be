"""Archives of NumPy arrays (`.npz`): opened with care, and read only as far as it is asked for.

An archive that was damaged, or made to do harm, may claim any number of entries, sizes and shapes.
Everything that it claims is compared with what is there before memory is taken for it. Each error
is one sentence with the name of the file and of the array.
"""

import contextlib
import lzma
import pathlib
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from tf_ssgan.common import errors, files
from tf_ssgan.data.sources import npy_arrays
from tf_ssgan.data.sources.npy_arrays import Header

# Bytes that `zipfile` may read at once. It reads the list of entries whole, and takes ten times as
# much memory for it: this is enough for 20,000 entries.
_MOST_AT_ONCE = 2**20
# Those that `numpy.load` reads; savez and savez_compressed write the first two.
_COMPRESSIONS = (
    zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA,
)  # fmt: skip
_ENCRYPTED = 1  # a bit of the flags of an entry
_FAILURES = (
    OSError, EOFError, ValueError, KeyError, RuntimeError, MemoryError, NotImplementedError,
    OverflowError, struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip


class _Limited:
    """A file of which `zipfile` reads little at once, whatever the archive says."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Reads `size` bytes, or the rest, which is short where `zipfile` asks for it."""
        content = self._file.read(min(size, _MOST_AT_ONCE + 1) if size >= 0 else _MOST_AT_ONCE + 1)
        if len(content) > _MOST_AT_ONCE:
            raise zipfile.BadZipFile("its list of arrays is too long")
        return content

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


@contextlib.contextmanager
def _opened(path: pathlib.Path, key: str = "") -> Iterator[zipfile.ZipFile]:
    """Opens an archive; errors while it is read become UserErrors with the names of both."""
    array = f"the array {key!r}: " if key else ""
    try:
        with files.open_regular(path, sys.maxsize) as raw:
            with zipfile.ZipFile(_Limited(raw)) as archive:
                yield archive
    except npy_arrays.ArrayError as error:
        raise errors.UserError(f"{path}: {array}{error}. Copy or make it again.") from error
    except zipfile.BadZipFile as error:
        if zipfile.is_zipfile(path):
            raise _incomplete(path, f"{array}{errors.first_line(error)[:200]}") from error
        raise errors.UserError(
            f"{path}: it is no npz archive, or was cut short. Copy or make it again."
        ) from error
    except _FAILURES as error:
        reason = getattr(error, "strerror", None) or errors.first_line(error)[:200]
        raise _incomplete(path, f"{array}{reason}") from error


def _incomplete(path: pathlib.Path, reason: str) -> errors.UserError:
    return errors.UserError(
        f"{path}: not a complete npz archive ({reason}). Copy or make it again."
    )


def has_array(path: pathlib.Path, key: str) -> bool:
    """Returns whether an archive has an array.

    Raises:
        UserError: It is no archive.
    """
    with _opened(path) as archive:
        return bool(_entries(archive, key))


def array_names(path: pathlib.Path) -> list[str]:
    """Returns the names of the arrays in an archive.

    Raises:
        UserError: It is no archive.
    """
    with _opened(path) as archive:
        return _array_names(archive)


def read_header(path: pathlib.Path, key: str) -> Header:
    """Returns type and shape of an array without reading it.

    Args:
        path: the archive.
        key: name of the array.

    Raises:
        UserError: It is no archive, there is no such array or two of them, or the array is not what
            it says.
    """
    with _opened(path, key) as archive:
        entry = _find(path, archive, key)
        with archive.open(entry) as file:
            return npy_arrays.read_header(file, entry.file_size)


def read_array(path: pathlib.Path, key: str) -> np.ndarray:
    """Reads one array; the caller has accepted its header. Pickled objects are refused.

    Raises:
        UserError: as `read_header`, or it is damaged, or there is too little memory for it.
    """
    with _opened(path, key) as archive:
        entry = _find(path, archive, key)
        with archive.open(entry) as file:
            header = npy_arrays.read_header(file, entry.file_size)
        with archive.open(entry) as file:
            return npy_arrays.read_elements(file, header)


def identity(path: pathlib.Path, key: str) -> tuple[int, int]:
    """Returns the checksum and the size of an array, as the archive has them.

    Raises:
        UserError: as `read_header`.
    """
    with _opened(path, key) as archive:
        entry = _find(path, archive, key)
        return entry.CRC, entry.file_size


def checksums(paths: Sequence[pathlib.Path]) -> str:
    """Identifies archives by the checksums of their contents, not by their paths."""
    sums = []
    for path in paths:
        with _opened(path) as archive:
            crc = 0
            for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
                crc = zlib.crc32(entry.CRC.to_bytes(4, "little"), crc)
        sums.append(f"{path.name} {crc:08x}")
    return "archives " + ", ".join(sums)


def _entries(archive: zipfile.ZipFile, key: str) -> list[zipfile.ZipInfo]:
    """The entries of an array. NumPy writes `label.npy`, and reads `label` too if there is none."""
    for name in (f"{key}.npy", key):
        found = [entry for entry in archive.infolist() if entry.filename == name]
        if found:
            return found
    return []


def _find(path: pathlib.Path, archive: zipfile.ZipFile, key: str) -> zipfile.ZipInfo:
    """Returns the only entry of an array, in a form that NumPy writes."""
    entries = _entries(archive, key)
    if not entries:
        raise errors.UserError(
            f"{path}: there is no array {key!r}{_others(archive)}. Expected label with image, or "
            "label with encoded and offset."
        )
    if len(entries) > 1:
        raise errors.UserError(f"{path}: the array {key!r} is there twice. Make the archive again.")
    (entry,) = entries
    if entry.flag_bits & _ENCRYPTED:
        raise errors.UserError(
            f"{path}: the array {key!r} is encrypted. Save it without a password."
        )
    if entry.compress_type not in _COMPRESSIONS:
        raise errors.UserError(
            f"{path}: the array {key!r} is compressed in a way (method {entry.compress_type}) that "
            "NumPy does not read. Make the archive with numpy.savez or savez_compressed."
        )
    return entry


def _others(archive: zipfile.ZipFile) -> str:
    """Names arrays of an archive that lacks one."""
    found = _array_names(archive)
    names = ", ".join(ascii(name[:40]) for name in found[:5])
    more = f" and {len(found) - 5:,} more" if len(found) > 5 else ""
    return f"; it has {names}{more}" if names else ""


def _array_names(archive: zipfile.ZipFile) -> list[str]:
    return list(dict.fromkeys(name.removesuffix(".npy") for name in archive.namelist()))
