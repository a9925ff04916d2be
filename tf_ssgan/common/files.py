"""Files read whole, written whole or not at all, flushed to disk, and their digests."""

import contextlib
import errno
import fnmatch
import hashlib
import os
import pathlib
import platform
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

HEAD = 1024  # bytes of a file's head
PARTIAL = ".partial"  # ends the names of files that are being written
KERAS_WEIGHTS = ".weights.h5"
_PIECE = 2**20  # bytes read at once of a file that is longer than it said
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_ENDING = f"{re.escape(PARTIAL)}({re.escape(KERAS_WEIGHTS)})?"
_LEFTOVER = re.compile(
    rf"(?P<name>.+)\.(?P<host>[\w-]*)-(?P<process>[0-9]+){_ENDING}", re.ASCII | re.DOTALL
)


def replace(path: pathlib.Path, content: str | bytes) -> None:
    """Writes a file whole or not at all, even if another process writes it at the same time.

    Args:
        path: The file, in a folder that exists.
        content: Its new content; text is written as UTF-8. File names in it may hold bytes that
            are not valid text; they are escaped.

    Raises:
        OSError: The file cannot be written; its old content is unchanged.
    """
    with replacing(path) as partial:
        if isinstance(content, bytes):
            partial.write_bytes(content)
        else:  # tables bring their own line ends
            partial.write_text(content, "utf-8", errors="backslashreplace", newline="")


@contextlib.contextmanager
def replacing(path: pathlib.Path, ending: str = "") -> Iterator[pathlib.Path]:
    """Gives the name `NAME.HOST-PID.partial` to write a file; after the block it gets its own.

    Args:
        path: The file, in a folder that exists.
        ending: `KERAS_WEIGHTS`, for a writer that takes no names with another ending.

    Yields:
        The name; what is there after an exception is removed. `remove_leftovers` removes what a
        killed process has left.

    Raises:
        OSError: The file cannot be written; its old content is unchanged.
    """
    partial = pathlib.Path(partial_name(path) + ending)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def remove_leftovers(folder: pathlib.Path, names: Iterable[str], locked: bool = False) -> int:
    """Removes the files `NAME.HOST-PID.partial` of writers that were killed.

    Args:
        folder: The folder; it may be missing.
        names: The names that the caller writes, or patterns of them as in `fnmatch`.
        locked: Whether nobody else can be writing them, because the caller holds the folder's
            lock. Otherwise only files of this host whose process has ended are removed.

    Returns:
        How many files were removed; what cannot be removed stays.
    """
    removed, names = 0, tuple(names)
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            found = _LEFTOVER.fullmatch(entry.name)
            ours = found and any(fnmatch.fnmatchcase(found["name"], name) for name in names)
            if not ours or not entry.is_file(follow_symlinks=False):
                continue
            ended = found["host"] == _host() and not _is_running(int(found["process"]))
            if locked or ended:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
                    removed += 1
    return removed


def partial_name(path: str | os.PathLike) -> str:
    """The name of a file while it is being written: nobody else writes one of this name.

    Hosts that share a disk have processes of the same numbers.
    """
    return f"{os.fspath(path)}.{_host()}-{os.getpid()}{PARTIAL}"


def _host() -> str:
    """The name of this machine, as far as it can be part of a file's name."""
    return re.sub("[^A-Za-z0-9_-]", "-", platform.node())[:32]


def _is_running(process: int) -> bool:
    """Whether another process has this number; one that is ours was that of an ended process."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it belongs to another user
        return True
    return True


def read_whole(path: pathlib.Path, most: int) -> bytes | None:
    """The content of a file; None if there is no such file.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        ValueError: It is a folder, a pipe or a link to nothing, or is larger.
        OSError: It cannot be read.
    """
    if not os.path.lexists(path):  # unlike Path.exists, this raises for no name
        return None
    if not os.path.isfile(path):
        raise ValueError("it is not a file")
    if os.path.getsize(path) > most:
        raise ValueError(f"it is larger than {most // 2**20} MiB")
    return read_regular(path, most)


def read_regular(
    path: str | os.PathLike, most: int, check_head: Callable[[bytes], None] | None = None
) -> bytes:
    """The content of a file, of whatever a name may stand for: it never waits, and it has an end.

    Args:
        path: The file.
        most: Bytes that it may have.
        check_head: Called with the first `HEAD` bytes before the others are read. It may raise.

    Raises:
        OSError: as `open_regular`, or it grew while it was read.
    """
    with open_regular(path, most) as file:
        if check_head:
            check_head(os.pread(file.fileno(), HEAD, 0))
        content = file.read(min(os.fstat(file.fileno()).st_size, most))
        if file.read(1):  # it grows, or is one of /proc, whose size is 0
            content = _read_to_end(file, most)
    return content


def open_regular(path: str | os.PathLike, most: int) -> BinaryIO:
    """Opens a file to read it; pipes, sockets and devices, which may never end, are not opened.

    Args:
        path: The file.
        most: Bytes that it may have.

    Returns:
        The file; the caller closes it.

    Raises:
        OSError: It cannot be opened, is a folder, a pipe, a socket or a device, or is larger;
            `strerror` says which.
    """
    try:
        _check_kind(os.stat(path), most)  # opening a device may already do something
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(errno.EINVAL, "no file can have this name") from error
    try:
        _check_kind(os.fstat(descriptor), most)  # it may have been replaced since
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def check_regular(path: str | os.PathLike) -> None:
    """Refuses what is no file of any size, such as a pipe, for readers that open it themselves.

    Raises:
        OSError: as `open_regular`.
    """
    _check_kind(os.stat(path), sys.maxsize)


def _check_kind(status: os.stat_result, most: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file")
    if status.st_size > most:
        raise OSError(
            errno.EFBIG, f"it has {status.st_size:,} bytes, and at most {most:,} are read"
        )


def _read_to_end(file: BinaryIO, most: int) -> bytes:
    """Reads a file from its start that has more bytes than it said."""
    file.seek(0)
    pieces, length = [], 0
    while piece := file.read(_PIECE):
        pieces.append(piece)
        length += len(piece)
        if length > most:
            raise OSError(errno.EFBIG, f"it does not end after {most:,} bytes")
    return b"".join(pieces)


def sha256(path: pathlib.Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_folder(folder: pathlib.Path) -> None:
    """Flushes all files below a folder to disk, so that they survive a power cut.

    Raises:
        OSError: A file cannot be written.
    """
    for root, _, names in os.walk(folder):
        for name in names:
            with (pathlib.Path(root) / name).open("rb") as file:
                os.fsync(file.fileno())
        flush(pathlib.Path(root))


def flush(folder: pathlib.Path) -> None:
    """Flushes the names in a folder to disk, if the file system supports this."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
