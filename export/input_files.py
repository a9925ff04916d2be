"""The files that paths lead to: those of folders and patterns, and of lines of standard input.

They are listed one after the other and not kept, and none is opened.
"""

import contextlib
import glob
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator, Sequence

from export.predictions import Prediction

HIDDEN = "hidden file, not read"
LOOP = "is a folder that leads back to one above it, not entered"
NOTHING = "no file has this name or fits this pattern"


def found(paths: Iterable[str], own: Sequence[str] = ()) -> Iterator[Prediction]:
    """Lists what paths lead to, in order: those of a folder and of a pattern by name.

    Args:
        paths: Files, folders, patterns, and "-" for lines of standard input.
        own: Real paths of files that are being written, and are passed over.

    Yields:
        Every file, and whatever is no file, with its reason; nothing is opened.
    """
    names = {os.path.basename(path) for path in own}
    for path in paths:
        for given in _lines() if path == "-" else [path]:
            for row in _below(given):
                seldom = os.path.basename(row.path) in names
                if not seldom or os.path.realpath(row.path) not in own:
                    yield row


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        path = os.fsdecode(line).rstrip("\r\n")
        if path.strip():
            yield path


def _below(path: str) -> Iterator[Prediction]:
    if os.path.isdir(path):
        yield from _walk(path)
    elif glob.has_magic(path) and "\0" not in path and not os.path.lexists(path):
        nothing = True
        for match in _matches(path):
            nothing = False
            yield from _walk(match) if os.path.isdir(match) else [Prediction(match)]
        if nothing:
            yield Prediction(path, reason=NOTHING)
    else:
        yield Prediction(path)


def _walk(root: str) -> Iterator[Prediction]:
    """Files below a folder; links to folders are followed, but not in circles."""
    todo = [(root, frozenset())]
    while todo:
        folder, above = todo.pop()
        try:
            mine = _identity(folder)
            names = sorted(os.listdir(folder))
        except OSError as error:
            yield Prediction(folder, reason=f"cannot be read: {error.strerror}")
            continue
        if mine in above:
            yield Prediction(folder, reason=LOOP)
            continue
        folders = []
        for name in names:
            path, hidden = os.path.join(folder, name), name.startswith(".")
            if not os.path.isdir(path):
                yield Prediction(path, reason=HIDDEN if hidden else None)
            elif not hidden:
                folders.append((path, above | {mine}))
        todo += reversed(folders)


def _matches(pattern: str) -> Iterator[str]:
    """What a pattern fits, once: not in circles, nor again what is in a folder that it fits."""
    parts = pathlib.PurePath(pattern).parts
    fixed = next(k for k, part in enumerate(parts) if glob.has_magic(part))
    entered = set()
    for path in sorted(glob.iglob(pattern, recursive=True)):
        above = [p for p in pathlib.PurePath(path).parents if len(p.parts) >= fixed]
        with contextlib.suppress(OSError):  # gone since
            if entered.isdisjoint(above) and len({*map(_identity, above)}) == len(above):
                yield path
                entered |= {pathlib.PurePath(path)} if os.path.isdir(path) else set()


def _identity(folder: str | pathlib.PurePath) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino
