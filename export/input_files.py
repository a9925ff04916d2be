"""The files that paths stand for: those in folders, those that patterns match, and standard input.

They are listed one after another and not stored, and none is opened.
"""

import contextlib
import glob
import os
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from export.predictions import Prediction
from tf_ssgan.common import errors, system_files

HIDDEN = "hidden file, not read"
HIDDEN_FOLDER = "hidden folder, not entered"
MADE_BY_PROGRAM = "was made by a program, not read"
LOOP = "is a folder that leads back to one above it, not entered"
NO_MATCH = "no file has this name or fits this pattern"

_LONGEST_LINE = 2**16  # bytes; Linux takes paths of 4,096
_DOUBLED = re.compile(r"(?:(?<=/)|\A)(?:\*\*/+){2,}")


def list_files(paths: Iterable[str], skipped: Sequence[str] = ()) -> Iterator[Prediction]:
    """Lists the files of paths in order; those of a folder or pattern are sorted by name.

    Args:
        paths: Files, folders, patterns, and "-" for lines of standard input.
        skipped: Real paths of files to leave out, because they are being written.

    Yields:
        Every file, and with a reason every path that is not a file; nothing is opened.

    Raises:
        UserError: Standard input has no paths.
    """
    names = {os.path.basename(path) for path in skipped}
    for path in paths:
        if path == "-" and sys.stdin is None:
            raise errors.UserError("Standard input is closed, so - stands for no paths.")
        for given in _lines() if path == "-" else [path]:
            for row in _expand(given):
                similar = os.path.basename(row.path) in names
                if not similar or os.path.realpath(row.path) not in skipped:
                    yield row


def _lines() -> Iterator[str]:
    """The paths of standard input.

    Raises:
        UserError: A line is longer than any path, such as one that does not end.
    """
    while line := sys.stdin.buffer.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise errors.UserError(
                f"Standard input has a line of more than {_LONGEST_LINE - 1:,} bytes, which is no "
                "path. Give paths, one a line."
            )
        path = os.fsdecode(line).rstrip("\r\n")
        if path.strip():
            yield path


def _expand(path: str) -> Iterator[Prediction]:
    if os.path.isdir(path):
        yield from _walk(path)
    elif glob.has_magic(path) and "\0" not in path and not os.path.lexists(path):
        nothing = True
        for match in _matches(path):
            nothing = False
            if _made_by_program(match, path) == match:
                yield Prediction(match, reason=MADE_BY_PROGRAM)
            else:
                yield from _walk(match) if os.path.isdir(match) else [Prediction(match)]
        if nothing:
            yield Prediction(path, reason=NO_MATCH)
    else:
        yield Prediction(path)


def _walk(root: str) -> Iterator[Prediction]:
    """Lists the files below a folder; follows links to folders, but not in circles."""
    todo = [(root, frozenset())]
    while todo:
        folder, above = todo.pop()
        try:
            identity = _identity(folder)
            names = sorted(os.listdir(folder))
        except OSError as error:
            yield Prediction(folder, reason=f"cannot be read: {error.strerror}")
            continue
        if identity in above:
            yield Prediction(folder, reason=LOOP)
            continue
        folders = []
        for name in names:
            path = os.path.join(folder, name)
            is_folder, kind = os.path.isdir(path), system_files.kind(name)
            reason = MADE_BY_PROGRAM if kind else None
            if kind == system_files.HIDDEN:
                reason = HIDDEN_FOLDER if is_folder else HIDDEN
            if reason or not is_folder:
                yield Prediction(path, reason=reason)
            else:
                folders.append((path, above | {identity}))
        todo += reversed(folders)


def _matches(pattern: str) -> Iterator[str]:
    """The paths that a pattern matches, without circles and without the contents of a match.

    Of what programs made, the folder itself is listed, unless the pattern names it.
    """
    pattern = _DOUBLED.sub("**/", pattern)  # the same files, without the time for all combinations
    parts = pathlib.PurePath(pattern).parts
    fixed = next(k for k, part in enumerate(parts) if glob.has_magic(part))
    entered = set()
    found = (
        _made_by_program(path, pattern) or path for path in glob.iglob(pattern, recursive=True)
    )
    for path in sorted({*found}):
        above = [p for p in pathlib.PurePath(path).parents if len(p.parts) >= fixed]
        with contextlib.suppress(OSError):  # it no longer exists
            if entered.isdisjoint(above) and len({*map(_identity, above)}) == len(above):
                yield path
                entered |= {pathlib.PurePath(path)} if os.path.isdir(path) else set()


def _made_by_program(path: str, pattern: str) -> str | None:
    """Returns the topmost file or folder on a path that a program made; None if there is none."""
    named = pathlib.PurePath(pattern).parts
    parts = pathlib.PurePath(path).parts
    for count, part in enumerate(parts, 1):
        if part not in named and system_files.kind(part) not in ("", system_files.HIDDEN):
            return os.path.join(*parts[:count])
    return None


def _identity(folder: str | pathlib.PurePath) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino
