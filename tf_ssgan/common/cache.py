"""Files in the user's cache folder, such as decoded images, which later runs use again.

What is read from it is what was written, or nothing. The folder and the files must belong to this
user and be writable by nobody else: that is what keeps others from choosing what a run learns. A
checksum (CRC-32, 0.15 seconds a gigabyte) finds what disks and interrupted copies do; it would not
stop anybody who may write here. Files are replaced whole, so that processes may write at once.
"""

import contextlib
import functools
import io
import json
import math
import os
import pathlib
import re
import stat
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

from tf_ssgan.common import paths
from tf_ssgan.common.plain_text import shell_word

UNUSED_DAYS = 60  # after which decoded images are removed
_LARGEST_JSON = 2**30  # bytes
_PARTIAL = ".partial-"  # files that are being written
_PARTIAL_AGE = 86_400.0  # seconds after which nobody writes them any more
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_SEALED = re.compile(rb'\{"checksum":"([0-9a-f]{8})","content":(.*)\}', re.DOTALL)


class DamagedError(ValueError):
    """A file of the cache is not what was written, or somebody else may have written it."""


def folder() -> pathlib.Path:
    """Returns `$XDG_CACHE_HOME/tf_ssgan`, by default `~/.cache/tf_ssgan`; it may not exist yet.

    A relative path is ignored, as the XDG specification asks for.

    Raises:
        RuntimeError: The home folder of this user is unknown.
    """
    given, home = os.path.expanduser(os.environ.get("XDG_CACHE_HOME", "")), paths.home()
    if os.path.isabs(given):
        return pathlib.Path(given, "tf_ssgan")
    if not home:
        raise RuntimeError("The home folder of this user is unknown.")
    return pathlib.Path(home, ".cache", "tf_ssgan")


def problem(name: str = "") -> str:
    """Returns in one sentence why a folder in the cache folder is not used; empty if it is.

    Args:
        name: the folder in the cache folder; empty for the cache folder itself.
    """
    try:
        root = folder()
    except RuntimeError:
        return (
            "Nothing is cached, because the home folder of this user is unknown: set "
            "XDG_CACHE_HOME to a folder."
        )
    for each in (root, root / name):
        reason = _distrust(each)
        if reason:
            return (
                f"The cache folder {each} is not used, because it {reason}, or set XDG_CACHE_HOME "
                "to another folder."
            )
    return ""


def trusted_folder(name: str = "", unused_days: float = math.inf) -> pathlib.Path | None:
    """Returns a folder in the cache folder; it may not exist yet.

    What was left there by writers that were killed is removed.

    Args:
        name: the folder in the cache folder; empty for the cache folder itself.
        unused_days: files that nobody read or wrote for so many days are removed.

    Returns:
        The folder, or None if it should not be used; why not is said on standard error.
    """
    text = problem(name)
    if text:
        say(text)
        return None
    path = folder() / name
    _sweep(path, unused_days)
    return path


def read_array(path: pathlib.Path, shape: tuple[int, ...], dtype: str) -> np.ndarray | None:
    """Reads a cached array; its contents are not checked (see `checksum`).

    Args:
        path: the file.
        shape: the shape that it must have.
        dtype: the type that it must have, such as "|u1" or "<f4".

    Returns:
        The array; None if there is no such file.

    Raises:
        DamagedError: It is no such array.
    """
    with _opened(path) as file:
        if file is None:
            return None
        header = _npy_header(shape, dtype)
        size = math.prod(shape) * np.dtype(dtype).itemsize
        # Before memory is allocated: a damaged description may claim any size.
        if os.fstat(file.fileno()).st_size != len(header) + size:
            raise DamagedError(f"{path}: has another size")
        if file.read(len(header)) != header:
            raise DamagedError(f"{path}: has another shape or type")
        array = np.empty(shape, dtype)
        if file.readinto(_bytes(array)) != size:
            raise DamagedError(f"{path}: is cut short")
    return array


def write_array(array: np.ndarray, path: pathlib.Path) -> bool:
    """Writes an array whole or not at all.

    Returns:
        Whether it was written; a full or read-only disk is no error, and is said.
    """
    array = np.ascontiguousarray(array)

    def write(file: BinaryIO) -> None:
        file.write(_npy_header(array.shape, array.dtype.str))
        file.write(_bytes(array))

    return _write(path, write)


def read_json(path: pathlib.Path) -> Any:
    """Reads what `write_json` wrote.

    Returns:
        The content; None if there is no such file.

    Raises:
        DamagedError: It is not what was written.
    """
    with _opened(path) as file:
        if file is None:
            return None
        if os.fstat(file.fileno()).st_size > _LARGEST_JSON:
            raise DamagedError(f"{path}: is too large")
        sealed = _SEALED.fullmatch(file.read())
    if not sealed or sealed[1].decode() != checksum(sealed[2]):
        raise DamagedError(f"{path}: has another checksum")
    try:
        return json.loads(sealed[2])
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path}: is no JSON") from error


def write_json(content: Any, path: pathlib.Path) -> bool:
    """Writes content and its checksum as JSON, whole or not at all.

    Returns:
        Whether it was written; a full or read-only disk is no error, and is said.
    """
    text = json.dumps(content, separators=(",", ":")).encode()
    sealed = b'{"checksum":"%s","content":%s}' % (checksum(text).encode(), text)
    return _write(path, lambda file: file.write(sealed))


def checksum(content: bytes | np.ndarray) -> str:
    """Returns the CRC-32 of bytes, or of the elements of an array, in hexadecimal."""
    return f"{zlib.crc32(_bytes(content) if isinstance(content, np.ndarray) else content):08x}"


@functools.cache
def say(text: str) -> None:
    """Prints a sentence on standard error, once in a process."""
    print(text, file=sys.stderr, flush=True)


def _distrust(path: pathlib.Path) -> str:
    """Returns why a folder is not trusted and what to do; empty if it is, or does not exist."""
    try:
        link, status = os.lstat(path), os.stat(path)  # the same, unless it is a link to a folder
    except (FileNotFoundError, NotADirectoryError):
        return ""  # whether it can be made is known when something is written
    except OSError as error:
        return f"cannot be read ({error.strerror}): repair it"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a folder: remove it"
    if {link.st_uid, status.st_uid} != {os.getuid()}:
        return "belongs to another user: remove it"
    if status.st_mode & _WRITABLE_BY_OTHERS:
        return f"can be written to by other users: run chmod go-w {shell_word(path)}"
    return ""


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[BinaryIO | None]:
    """Opens a file of this user, which counts as its use; None if there is no such file."""
    try:  # not through a link, and without waiting for the other end of a pipe
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    except OSError as error:
        raise DamagedError(f"{path}: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DamagedError(f"{path}: is not a file")
        if status.st_uid != os.getuid() or status.st_mode & _WRITABLE_BY_OTHERS:
            raise DamagedError(f"{path}: others can write to it")
        with contextlib.suppress(OSError):
            os.utime(descriptor)
        with open(descriptor, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise DamagedError(f"{path}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _write(path: pathlib.Path, write: Callable[[BinaryIO], object]) -> bool:
    """Replaces a file whole, readable by this user alone; returns whether this was possible."""
    partial = None
    try:
        _make(path.parent)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_PARTIAL, delete=False) as file:
            partial = file.name
            write(file)
        with contextlib.suppress(OSError):
            path.rmdir()  # an empty folder of this name; everything else is replaced below
        os.replace(partial, path)
    except OSError as error:
        reason = error.strerror or error
        say(f"What was computed is not kept for the next run: {path.parent} ({reason}).")
        return False
    finally:
        if partial:
            with contextlib.suppress(OSError):  # usually it has got its name and is no more
                os.unlink(partial)
    return True


def _make(path: pathlib.Path) -> None:
    """Makes a folder and those above it, for this user alone."""
    if not path.is_dir():
        _make(path.parent)
        path.mkdir(0o700, exist_ok=True)


def _sweep(path: pathlib.Path, unused_days: float) -> None:
    """Removes files that writers left, and those that nobody used for a long time."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(path)):
            if not entry.is_file(follow_symlinks=False):
                continue
            age = time.time() - entry.stat(follow_symlinks=False).st_mtime
            left = entry.name.startswith(_PARTIAL) and age > _PARTIAL_AGE
            unused = entry.name.endswith((".npy", ".json")) and age > unused_days * 86_400
            if left or unused:
                os.unlink(entry.path)


def _npy_header(shape: tuple[int, ...], dtype: str) -> bytes:
    """Returns the first bytes of an .npy file."""
    header = io.BytesIO()
    description = {"descr": dtype, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(header, description)
    return header.getvalue()


def _bytes(array: np.ndarray) -> memoryview:
    """Returns the memory of a contiguous array."""
    return memoryview(array.reshape(-1).view(np.uint8))
