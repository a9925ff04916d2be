"""Finds the files that a table names, though it may have been written on another computer.

Windows separates folders by back slashes. macOS stores an accent as a character of its own, and old
disks have names in Latin-1: a name that is the same text is the same file. A name in other capitals
is another file on Linux, so it is only suggested.
"""

import os
import pathlib
import re
import urllib.parse
from collections.abc import Iterator

from tf_ssgan.data import class_names

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


class FileFinder:
    """Finds files below the folder of a table.

    Attributes:
        root: the folder, absolute.
        other_bytes: names of files that are found under the same text in other bytes.
        missing: names that are not found.
    """

    def __init__(self, root: pathlib.Path):
        self.root = os.path.abspath(root)
        self._inside = os.path.join(self.root, "")
        self.other_bytes: list[str] = []
        self.missing: list[str] = []
        self._real: dict[str, str | None] = {}  # folder as in the table -> as on the disk
        self._contents: dict[str, dict[str, str]] = {}  # folder -> its names by their text
        self._small: dict[str, dict[str, str]] = {}  # folder -> texts of its names without capitals

    def find(self, name: str) -> tuple[str, str]:
        """Finds a file.

        Args:
            name: as in the table, without blanks around it.

        Returns:
            The name, with "/" between folders, and the path, where there may be no file.
        """
        path = os.path.join(self.root, name)
        if os.path.exists(path):
            return name, path
        plain = _plain(name)
        path = os.path.join(self.root, plain)
        if plain != name and os.path.exists(path):
            return plain, path
        same = self._find_same_text(path)
        if same is None:
            self.missing.append(plain)
            return plain, path
        self.other_bytes.append(plain)
        return plain, same

    def lies_outside(self, path: str) -> bool:
        """Returns whether a path, without "..", leads out of the folder of the table."""
        return not path.startswith(self._inside)

    def suggest_capitals(self, name: str) -> str:
        """Returns the name of a file in the same folder that differs in capitals only, or ""."""
        above, _, last = name.rpartition("/")
        if above not in self._small:
            names = self._names(os.path.join(self.root, above))
            self._small[above] = {text.casefold(): text for text in names}
        found = self._small[above].get(class_names.decode(last).casefold())
        return os.path.join(above, found) if found else ""

    def suggest(self, name: str) -> str:
        """Returns the name of a file that a missing one may stand for, or ""."""
        return next((name for name in self._suggestions(name) if name), "")

    def _suggestions(self, name: str) -> Iterator[str]:
        parts = [part for part in re.split(r"[\\/]+", name) if part not in ("", ".")]
        for start in range(len(parts)):  # a path on another computer ends alike
            shorter = "/".join(parts[start:])
            if os.path.exists(os.path.join(self.root, shorter)):
                yield shorter
        if os.path.exists(name):
            yield os.path.relpath(name, self.root)
        yield self.suggest_capitals(name)
        above, _, last = name.rpartition("/")
        for text in self._names(os.path.join(self.root, above)):
            if os.path.splitext(text)[0] in (last, os.path.splitext(last)[0]):
                yield os.path.join(above, text)

    def _find_same_text(self, path: str) -> str | None:
        """Returns the path on the disk that is the same text; None if there is none."""
        above, last = os.path.split(path)
        if above not in self._real:
            folder: str | None = os.sep
            for part in pathlib.PurePath(above).parts[1:]:
                folder = folder and self._find_in(folder, part)
            self._real[above] = folder
        folder = self._real[above]
        return self._find_in(folder, last) if folder and last else None

    def _find_in(self, folder: str, name: str) -> str | None:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
        known = self._names(folder).get(class_names.decode(name))
        return None if known is None else os.path.join(folder, known)

    def _names(self, folder: str) -> dict[str, str]:
        """Returns the names in a folder by their text; none if it cannot be read."""
        if folder not in self._contents:
            try:
                names = sorted(os.listdir(folder), reverse=True)  # of two, the first one stays
            except (OSError, ValueError):
                names = []
            self._contents[folder] = {class_names.decode(name): name for name in names}
        return self._contents[folder]


def is_on_another_computer(name: str) -> bool:
    """Returns whether a name is an address in the network that no file has."""
    return bool(_URL.match(name)) and not name.lower().startswith("file://")


def _plain(name: str) -> str:
    """Returns a name as a path of this system: without file://, and with "/" between folders."""
    if name.lower().startswith("file://"):
        return urllib.parse.unquote(re.sub(r"^file://(localhost(?=/))?", "", name, flags=re.I))
    if name.startswith("~"):
        return os.path.expanduser(name)
    return name.replace("\\", "/")
