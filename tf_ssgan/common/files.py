"""Files read whole, written whole or not at all, flushed to disk, and their digests."""

import contextlib
import hashlib
import os
import pathlib


def replace(path: pathlib.Path, text: str) -> None:
    """Writes a file whole or not at all, even if another process writes it at the same time.

    Args:
        path: The file, in a folder that exists.
        text: Its new content, written as UTF-8. File names in it may hold bytes that are not
            valid text; they are escaped.

    Raises:
        OSError: The file cannot be written; its old content is unchanged.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        # Tables bring their own line ends.
        partial.write_text(text, "utf-8", errors="backslashreplace", newline="")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


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
    return path.read_bytes()


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
