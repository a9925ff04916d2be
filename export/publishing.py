"""Versions of a served model: numbered folders that appear whole or not at all.

A server watches the folder and loads any subfolder whose name is an integer as soon as it sees it.
So a version is written under a hidden name on the same file system, flushed to disk, and renamed.
TensorFlow is not imported here, so that a wrong path is reported at once.
"""

import contextlib
import dataclasses
import pathlib
import re
import shutil
from collections.abc import Iterator

from tf_ssgan.common import errors, files, locks

_PARTIAL = ".partial"
_LOCK = ".exporting"


@dataclasses.dataclass(frozen=True)
class PendingVersion:
    """A version that is being written.

    Attributes:
        partial: The hidden folder to fill.
        final: Its folder once it is published.
    """

    partial: pathlib.Path
    final: pathlib.Path


@contextlib.contextmanager
def new_version(folder: pathlib.Path, number: int = 0) -> Iterator[PendingVersion]:
    """Makes a hidden folder to fill; publishes it at the end, or removes it after an exception.

    Args:
        folder: The model's folder, which holds its versions; made if it does not exist.
        number: The version, at least 1; 0 takes the next one.

    Yields:
        The pending version; its hidden folder exists and is empty.

    Raises:
        UserError: The folder cannot be written, the version exists, the disk is full, or another
            process exports to the same folder.
    """
    with _locked(folder):
        final = folder / str(_version_number(folder, number))
        pending = PendingVersion(folder / f".{final.name}{_PARTIAL}", final)
        try:
            with _user_errors(folder):
                for leftover in folder.glob(f".[1-9]*{_PARTIAL}"):  # of exports that were killed
                    if re.fullmatch("[.][0-9]+", leftover.name.removesuffix(_PARTIAL)):
                        shutil.rmtree(leftover)
                pending.partial.mkdir()
            yield pending
            with _user_errors(folder):
                files.flush_folder(pending.partial)
                pending.partial.rename(final)
                files.flush(folder)
        finally:
            shutil.rmtree(pending.partial, ignore_errors=True)


def check_target(folder: pathlib.Path, number: int = 0) -> None:
    """Checks that `new_version` could write this version, before anything is written.

    Raises:
        UserError: As `new_version`.
    """
    with _locked(folder):
        _version_number(folder, number)


def list_versions(folder: pathlib.Path) -> list[int]:
    """The versions that a server would see, in ascending order."""
    names = (path.name for path in folder.iterdir() if path.is_dir())
    return sorted(int(name) for name in names if re.fullmatch("[0-9]+", name))


def _version_number(folder: pathlib.Path, number: int) -> int:
    """The number of the version to make."""
    existing = list_versions(folder)
    if number < 0:
        raise errors.UserError(f"--version={number} is not a version. Give an integer from 1 on.")
    if number in existing:
        raise errors.UserError(
            f"{folder} has a version {number}, and versions are never changed. Leave --version out "
            f"for version {existing[-1] + 1}."
        )
    return number or (existing[-1] + 1 if existing else 1)


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> Iterator[None]:
    """Locks a folder against other exports; the lock is released when the process ends."""
    with contextlib.ExitStack() as stack:
        with _user_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            taken = stack.enter_context(locks.exclusive(folder / _LOCK))
        if not taken:
            raise errors.UserError(
                f"Another process is exporting to {folder}. Wait for it, or give another --to."
            )
        yield


@contextlib.contextmanager
def _user_errors(folder: pathlib.Path) -> Iterator[None]:
    """Turns errors of the file system into user errors."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise errors.UserError(
            f"--to={folder} cannot be written ({where}: {error.strerror}). "
            "Give a folder in which you can write."
        ) from error
