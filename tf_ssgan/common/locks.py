"""Locks on files, which end with the process that holds them."""

import contextlib
import fcntl
import os
import pathlib
import time
from collections.abc import Iterator
from typing import IO

_TRIES, _PAUSE_SECONDS = 3, 0.05


@contextlib.contextmanager
def exclusive(path: pathlib.Path) -> Iterator[bool]:
    """Takes the lock of a file for the block, if no other process holds it.

    Args:
        path: The file, made if missing, in a folder that exists.

    Yields:
        Whether the lock was taken.

    Raises:
        OSError: The file cannot be made or opened.
    """
    # Not blocking: opening a pipe would wait for its other end.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
    with os.fdopen(descriptor) as file:
        yield _take(file)


def is_held(path: pathlib.Path) -> bool:
    """Whether a process holds the lock of a file; False for one that cannot be opened."""
    try:
        # NFS locks only files that are open for writing.
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return False
    with os.fdopen(descriptor) as file:
        return not _take(file, tries=1)


def _take(file: IO[str], tries: int = _TRIES) -> bool:
    """Takes a lock. Several tries, because `is_held` of another process holds it briefly."""
    for attempt in range(tries):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(_PAUSE_SECONDS if attempt + 1 < tries else 0)
    return False
