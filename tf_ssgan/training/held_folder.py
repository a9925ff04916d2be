"""Whether the folder of a run is still the one that was locked, and can be written to."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator

from tf_ssgan.common import errors, output


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


@contextlib.contextmanager
def writing(path: pathlib.Path, check_folder: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turns a full disk or a removed folder into a `UserError`.

    Args:
        path: The folder of the run.
        check_folder: Of `held`; what it raises is the reason of all other errors.

    Raises:
        UserError: A file could not be written; checkpoints are untouched.
    """
    try:
        yield
    except Exception as error:
        check_folder()
        if not isinstance(error, OSError) or output.is_lost(error):
            raise
        raise errors.UserError(
            f"Cannot write to {error.filename or path}: {error.strerror or error}. "
            "Make room or fix the folder; the same command continues from the last checkpoint."
        ) from error


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
