"""Versions of a served model: numbered folders that appear whole or not at all.

A server watches the folder and loads any subfolder whose name is an integer as soon as it sees it.
So a version is written under a hidden name on the same file system, with a list of its digests,
flushed to disk, and renamed.
TensorFlow is not imported here, so that a wrong path is reported at once.
"""

import contextlib
import dataclasses
import errno
import os
import pathlib
import re
import shutil
from collections.abc import Iterator

from export import digests
from tf_ssgan.common import errors, files, locks, plain_text

_LOCK = ".exporting"
_LARGEST = 2**63 - 1  # a server reads the number of a version with 64 bits


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
        pending = PendingVersion(folder / f".{final.name}{files.PARTIAL}", final)
        try:
            with _user_errors(folder):
                _remove_leftovers(folder)
                pending.partial.mkdir()
            with _errors_of_writing(folder, pending.partial):
                yield pending
            with _user_errors(folder):
                digests.write(pending.partial)
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
    try:
        str(folder.absolute()).encode()
    except UnicodeEncodeError:
        raise errors.UserError(
            f"--to={plain_text.escape(str(folder))} is not UTF-8, and TensorFlow writes no such "
            "folder. Give another one."
        ) from None
    with _locked(folder):
        _version_number(folder, number)


def list_versions(folder: pathlib.Path) -> list[int]:
    """The versions that a server would see, in ascending order."""
    return sorted(find_versions(folder))


def find_versions(folder: pathlib.Path) -> dict[int, pathlib.Path]:
    """The versions that a server would see, and their folders.

    A server takes numbers of 64 bits, and also 007 for 7; where both exist, it is 7.

    Raises:
        OSError: The folder cannot be listed.
    """
    numbers = [path for path in folder.iterdir() if re.fullmatch("[0-9]+", path.name)]
    longest_first = sorted(numbers, key=lambda path: -len(path.name))
    versions = {int(path.name): path for path in longest_first if path.is_dir()}
    return {number: path for number, path in versions.items() if number <= _LARGEST}


def _version_number(folder: pathlib.Path, number: int) -> int:
    """The number of the version to make."""
    with _user_errors(folder):
        existing = list_versions(folder)
        following = existing[-1] + 1 if existing else 1
        taken = number in existing or os.path.lexists(folder / str(number or following))
    if not 0 <= number <= _LARGEST:
        raise errors.UserError(
            f"--version={number} is not a version. Give an integer from 1 to {_LARGEST}."
        )
    if number == 0 and (following > _LARGEST or taken):
        raise errors.UserError(
            f"{folder} has no room for version {following}. Give another --version or --to."
        )
    if taken:
        raise errors.UserError(
            f"{folder} has a version {number}, and versions are never changed. Leave --version out "
            f"for version {following}."
        )
    return number or following


def _remove_leftovers(folder: pathlib.Path) -> None:
    """Removes the folders of exports that were killed; nobody else exports now, see `_locked`."""
    for path in folder.iterdir():
        if re.fullmatch(rf"\.[0-9]+{files.PARTIAL}", path.name) and path.is_dir():
            if not path.is_symlink():
                shutil.rmtree(path)


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
def _errors_of_writing(folder: pathlib.Path, partial: pathlib.Path) -> Iterator[None]:
    """As `_user_errors` for a full disk and for files below a folder; others are not of writing."""
    try:
        yield
    except OSError as error:
        below = str(error.filename or "").startswith(str(partial))
        if below or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            with _user_errors(folder):
                raise
        raise


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
