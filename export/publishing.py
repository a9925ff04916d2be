"""Versions of a served model: numbered folders that appear whole or not at all.

A server watches the folder and loads any sub-folder whose name is an integer as soon as it sees it.
So a version is written under a hidden name on the same file system, flushed to disk, and renamed.
TensorFlow is not imported here: a wrong path is answered at once.
"""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
from collections.abc import Iterator

from tf_ssgan.common import errors

_PARTIAL = ".partial"
_LOCK = ".exporting"


@dataclasses.dataclass(frozen=True)
class Version:
    """A version in the making.

    Attributes:
        partial: The hidden folder to fill.
        final: Its name once it is published.
    """

    partial: pathlib.Path
    final: pathlib.Path


@contextlib.contextmanager
def version(folder: pathlib.Path, number: int = 0) -> Iterator[Version]:
    """Gives a hidden folder to fill; publishes it at the end, or removes it after an exception.

    Args:
        folder: The model's folder, which holds its versions; made if need be.
        number: The version, at least 1; 0 takes the next one.

    Yields:
        The version in the making; its hidden folder exists and is empty.

    Raises:
        UserError: The folder cannot be written, the version exists, the disk is full, or another
            process exports to the same folder.
    """
    with _alone(folder):
        final = folder / str(_settled(folder, number))
        made = Version(folder / f".{final.name}{_PARTIAL}", final)
        try:
            with _explained(folder):
                for leftover in folder.glob(f".*{_PARTIAL}"):  # of exports that were killed
                    shutil.rmtree(leftover)
                made.partial.mkdir()
            yield made
            with _explained(folder):
                flush(made.partial)
                made.partial.rename(final)
                _flush_one(folder)
        finally:
            shutil.rmtree(made.partial, ignore_errors=True)


def check(folder: pathlib.Path, number: int = 0) -> None:
    """Refuses what `version` would refuse before anything is written into the folder.

    Raises:
        UserError: As `version`.
    """
    with _alone(folder):
        _settled(folder, number)


def versions(folder: pathlib.Path) -> list[int]:
    """The versions a server would see, rising."""
    names = (path.name for path in folder.iterdir() if path.is_dir())
    return sorted(int(name) for name in names if re.fullmatch("[0-9]+", name))


def flush(folder: pathlib.Path) -> None:
    """Makes all files below a folder survive a power cut."""
    for root, _, names in os.walk(folder):
        for name in names:
            _flush_one(pathlib.Path(root) / name)
        _flush_one(pathlib.Path(root))


def _settled(folder: pathlib.Path, number: int) -> int:
    """The number of the version to make."""
    there = versions(folder)
    if number < 0:
        raise errors.UserError(f"--version={number} is no version. Give a whole number from 1 on.")
    if number in there:
        raise errors.UserError(
            f"{folder} has a version {number}, and versions are never changed. Leave --version out "
            f"for version {there[-1] + 1}."
        )
    return number or (there[-1] + 1 if there else 1)


@contextlib.contextmanager
def _alone(folder: pathlib.Path) -> Iterator[None]:
    """Keeps other exports out of a folder; the lock dies with the process."""
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise errors.UserError(
                f"Another process is exporting to {folder}. Wait for it, or give another --to."
            ) from error
        yield


@contextlib.contextmanager
def _explained(folder: pathlib.Path) -> Iterator[None]:
    """Turns what the file system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise errors.UserError(
            f"--to={folder} cannot be written ({where}: {error.strerror}). "
            "Give a folder in which you can write."
        ) from error


def _flush_one(path: pathlib.Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
