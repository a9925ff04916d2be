"""Lists the folders and files below a folder, and remembers what it passes over.

Links to folders are followed, but never in a circle, and no folder is entered twice on the way
through one tree. Nothing is opened, and files are not asked for their size or time: listing 100,000
of them takes a second.
"""

import collections
import contextlib
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator

from tf_ssgan.common import system_files
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data.sources.image_entries import Remark

_MAX_LISTED = 20  # unreadable folders that a message names
_LONG = 200  # characters of a path in a message


class FolderWalk:
    """Lists folders below a root; paths are relative to it, with "/" between folders."""

    def __init__(self, root: pathlib.Path):
        """Takes the root; nothing is read yet."""
        self._root = os.fspath(root)
        self._above = _identities([root.resolve(), *root.resolve().parents])
        self._hidden: list[str] = []
        self._system: collections.Counter[str] = collections.Counter()  # kind -> files
        self._system_names: list[str] = []
        self._entered_before: list[str] = []
        self._unreadable: dict[str, str] = {}  # folder -> reason

    def path(self, name: str) -> str:
        """Returns the path of a file or a folder."""
        return os.path.join(self._root, name) if name else self._root

    def identity(self, name: str) -> tuple[int, int] | None:
        """Returns what tells a folder from others, whatever links lead to it; None out of reach."""
        try:
            return _identity(self.path(name))
        except OSError as error:
            self._unreadable[name] = error.strerror or str(error)
            return None

    def contents(self, folder: str) -> tuple[list[str], list[str]]:
        """Lists what is directly in a folder, by name; links to folders are after other folders.

        Args:
            folder: path of the folder; "" for the root.

        Returns:
            The paths of folders and of files that a person put there.
        """
        try:
            with os.scandir(self.path(folder)) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self._unreadable[folder or self._root] = error.strerror or str(error)
            return [], []
        folders, links, files = [], [], []
        above = f"{folder}/" if folder else ""
        for entry in entries:
            name = above + entry.name
            if kind := system_files.kind(entry.name):
                self._pass_over(name, kind, _is_folder(entry) and not entry.is_symlink())
            elif _is_folder(entry):
                (links if entry.is_symlink() else folders).append(name)
            else:
                files.append(name)
        return folders + links, files

    def files_below(self, folder: str) -> tuple[list[str], list[str]]:
        """Lists the files of a tree: those directly in each folder first, then its folders.

        Args:
            folder: path of the top folder.

        Returns:
            The paths of all files, and of the folders directly in the top folder.
        """
        inner, found = [], []
        entered, todo = self._folders_above(folder), [folder]
        while todo:
            current = todo.pop()
            identity = self.identity(current)
            if identity in entered:
                self._entered_before.append(current)
            if identity is None or identity in entered:
                continue
            entered.add(identity)
            folders, files = self.contents(current)
            found += files
            todo += reversed(folders)
            if current == folder:
                inner = folders
        return found, inner

    def count_files(self, folder: str, onerror: Callable[[OSError], None] | None = None) -> int:
        """Returns the number of files below a folder, without following links.

        Args:
            folder: path of the folder.
            onerror: takes the error of each folder that cannot be read; such ones are passed over.
        """
        return sum(len(files) for _, _, files in os.walk(self.path(folder), onerror=onerror))

    def remember_unreadable(self, error: OSError) -> None:
        """Adds the folder of an error to those of `unreadable`."""
        name = os.path.relpath(error.filename, self._root)
        self._unreadable[name] = error.strerror or str(error)

    def unreadable(self) -> str:
        """Returns the folders that could not be read, with the reasons; empty if all could be."""
        if not self._unreadable:
            return ""
        listed = [
            f"{_shorten(escape(folder))} ({reason})"
            for folder, reason in list(self._unreadable.items())[:_MAX_LISTED]
        ]
        more = len(self._unreadable) - _MAX_LISTED
        listed += [f"and {more:,} more"] * (more > 0)
        return f"{len(self._unreadable):,} folder(s) cannot be read: {'; '.join(listed)}"

    def remarks(self) -> Iterator[Remark]:
        """What was passed over."""
        if self._hidden:
            yield Remark(
                "note", f"{len(self._hidden):,} hidden file(s) or folder(s) are not read",
                "rename them if they hold images", tuple(self._hidden),
            )  # fmt: skip
        if total := self._system.total():
            kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(self._system.items()) if n)
            yield Remark(
                "note", f"{total:,} file(s) that programs made are not read ({escape(kinds)})",
                "nothing must be done: they are no images of yours", tuple(self._system_names),
            )  # fmt: skip
        if self._entered_before:
            yield Remark(
                "note", f"{len(self._entered_before):,} folder(s) are read already, or lead back "
                "to a folder above them, and are not entered again",
                "remove the links that lead to them", tuple(self._entered_before),
            )  # fmt: skip

    def _folders_above(self, folder: str) -> set[tuple[int, int]]:
        """Returns the identities of the folders above one, by its path and where a link leads."""
        by_path = [self.path(str(above)) for above in pathlib.PurePosixPath(folder).parents]
        behind_links = pathlib.Path(self.path(folder)).resolve().parents
        return self._above | _identities([*by_path, *behind_links])

    def _pass_over(self, name: str, kind: str, is_folder: bool) -> None:
        """Remembers a file or folder that is not read, with the number of its files."""
        count = self.count_files(name) if is_folder else 1
        shown = f"{name}/ ({say_files(count)})" if is_folder else name
        if kind == system_files.HIDDEN:
            self._hidden.append(shown)
        else:
            self._system[kind] += count
            self._system_names.append(shown)


def say_files(count: int) -> str:
    """Returns a number of files: "1 file", "2 files"."""
    return f"{count:,} file{'s' * (count != 1)}"


def _shorten(path: str) -> str:
    """Returns a path without its middle if it is too long for a sentence."""
    return path if len(path) <= _LONG else f"{path[: _LONG // 2]}...{path[-_LONG // 4 :]}"


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder without access
        return False


def _identity(path: str | pathlib.Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _identities(folders: Iterable[str | pathlib.Path]) -> set[tuple[int, int]]:
    """Returns the identities of folders, without those that are out of reach."""
    found = set()
    for folder in folders:
        with contextlib.suppress(OSError):
            found.add(_identity(folder))
    return found


def join_names(names: Iterable[str]) -> str:
    """Returns folders for a sentence: "cat/, dog/"."""
    return ", ".join(f"{escape(name)}/" for name in names)
