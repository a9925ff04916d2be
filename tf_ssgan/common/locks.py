"""Locks on files, which end with the process that holds them.

A lock file is only locked, never written, emptied or removed, so a file of this name that
somebody has put there keeps its content.
"""

import contextlib
import errno
import fcntl
import functools
import os
import pathlib
import stat
import sys
import time
from collections.abc import Iterator

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape

_TRIES, _PAUSE_SECONDS = 3, 0.05
# Not through a link. Not blocking: opening a pipe would wait for its other end. NFS locks only
# files that are open for writing.
_OPEN_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
# What file systems without locks answer, such as some of NFS, FUSE and Lustre.
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}


@contextlib.contextmanager
def exclusive(path: pathlib.Path) -> Iterator[bool]:
    """Takes the lock of a file for the block, if no other process holds it.

    On a file system without locks the block runs all the same, and a sentence says so.

    Args:
        path: The file, made if missing, in a folder that exists.

    Yields:
        Whether no other process holds it.

    Raises:
        UserError: There is something of this name that is no file, or cannot be opened.
        OSError: The file cannot be made, or the file system fails.
    """
    descriptor = _open_or_make(path)
    try:
        taken = _take(descriptor)
        if taken is None:
            _say_no_locks(str(path.parent))
        yield taken is not False
    finally:
        os.close(descriptor)


def is_held(path: pathlib.Path) -> bool:
    """Whether a process holds the lock of a file; False for one that cannot be opened or locked."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError:
        return False
    try:
        return _is_file(descriptor) and _take(descriptor, tries=1) is False
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _open_or_make(path: pathlib.Path) -> int:
    """Opens a lock file; returns its descriptor."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS | os.O_CREAT, 0o666)
    except OSError as error:
        if not os.path.lexists(path):
            raise
        raise _refusal(path, error.strerror) from error
    if not _is_file(descriptor):
        os.close(descriptor)
        raise _refusal(path, "")
    return descriptor


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _refusal(path: pathlib.Path, reason: str) -> errors.UserError:
    """The error about something that has the name of a lock file."""
    what = f"cannot be opened for writing ({reason})"
    if os.path.islink(path):
        what = "is a link"
    elif os.path.isdir(path):
        what = "is a folder"
    elif not os.path.isfile(path):
        what = "is not a file"
    return errors.UserError(
        f"{escape(str(path))} {what}, but a file of this name keeps two processes from writing to "
        "the same folder. Move it away, or give another folder."
    )


def _take(descriptor: int, tries: int = _TRIES) -> bool | None:
    """Takes a lock. Several tries, because `is_held` of another process holds it briefly.

    Returns:
        Whether it was taken; None if the file system has no locks.

    Raises:
        OSError: The file system fails.
    """
    for attempt in range(tries):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return None
            if error.errno not in _HELD:
                raise
            time.sleep(_PAUSE_SECONDS if attempt + 1 < tries else 0)
    return False


@functools.cache
def _say_no_locks(folder: str) -> None:
    """Says it on standard error, once in a process for each folder."""
    print(
        f"The file system of {escape(folder)} has no locks: never start two processes in this "
        "folder at once.",
        file=sys.stderr,
        flush=True,
    )
