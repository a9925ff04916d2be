"""Whether the folder of a run is still the one that was locked."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator

from tf_ssgan.common import errors


@contextlib.contextmanager
def held(path: pathlib.Path) -> Iterator[Callable[[], None]]:
    """Remembers a folder for the block, to notice when another or none has its name.

    The folder stays open, so that no new one gets its number in the file system.

    Args:
        path: The folder, which exists.

    Yields:
        A function that takes a microsecond. It raises `UserError` if the folder was removed or
        renamed, if another one is in its place, or if its disk is gone.

    Raises:
        OSError: The folder cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        identity = _identity(os.fstat(descriptor))
        yield lambda: _check(path, identity)
    finally:
        os.close(descriptor)


def _check(path: pathlib.Path, identity: tuple[int, int]) -> None:
    try:
        if _identity(os.stat(path)) == identity:
            return
        what = "is another folder now"
    except FileNotFoundError:
        what = "is gone"
    except OSError as error:
        what = f"cannot be reached any more ({error.strerror})"
    raise errors.UserError(
        f"{path} {what}: it was removed, renamed or replaced while it was in use, or its disk was "
        "unmounted. Nothing more was written. Put it back, and the same command continues from "
        "its last checkpoint; if it was removed, the run cannot be continued."
    )


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
