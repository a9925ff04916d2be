"""Which pictures there are, of which class, and for what: a folder, or a table.

    DIR/labeled/<class>/...   pictures with a label        or, where all are labeled,
    DIR/unlabeled/...         pictures without               DIR/<class>/...
    DIR/test/<class>/...      pictures to judge on

`unlabeled` and `test` may be missing. A table (CSV, UTF-8) has the columns `path` (relative to the
table's folder), `label` (empty: unlabeled) and perhaps `split` (`train`, `test` or empty).

Folders within a class's folder belong to the class. Classes are ordered by name. Nothing is opened
here: whether a file is a picture turns out when it is read.
"""

import csv
import dataclasses
import os
import pathlib
from collections.abc import Iterator

from tf_ssgan.common import errors

PREFIXES = ("folder:", "csv:")
LABELED, UNLABELED, TEST = "labeled", "unlabeled", "test"

_LAYOUT = (
    "Expected DIR/labeled/<class>/*, and perhaps DIR/unlabeled/* and DIR/test/<class>/*; or "
    "DIR/<class>/* alone."
)
_SPLITS = {"": LABELED, "train": LABELED, "labeled": LABELED, "unlabeled": UNLABELED, "test": TEST}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file that may be a picture.

    Attributes:
        name: its path within the folder, or as the table has it; "/" between folders.
        path: where it is.
        part: "labeled", "unlabeled" or "test".
        label: place among the classes; -1 without.
    """

    name: str
    path: str
    part: str
    label: int


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a folder or a table holds.

    Attributes:
        source: the folder or the table.
        root: the folder that names are relative to.
        classes: names of the classes with a file in `labeled`, in order.
        entries: by part, class and name.
        hidden: files whose name begins with a dot, which are not read.
        stray: files that belong to no class and are none of the pictures, which are not read.
        empty: classes without a file, which are no classes.
    """

    source: pathlib.Path
    root: pathlib.Path
    classes: tuple[str, ...]
    entries: tuple[Entry, ...]
    hidden: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


def is_user_images(name: str) -> bool:
    """Returns whether a data set's name says a folder or a table of pictures."""
    return name.startswith(PREFIXES)


def list_images(name: str, data_dir: str | None = None) -> Listing:
    """Lists a data set of pictures.

    Args:
        name: "folder:DIR" or "csv:FILE".
        data_dir: the folder that a relative DIR or FILE is in, by default the working directory.

    Raises:
        UserError: no such folder or table, another layout, fewer than two classes, or test
            pictures of a class that has no others.
    """
    kind, place = name.split(":", 1)
    path = pathlib.Path(data_dir or ".").expanduser() / pathlib.Path(place).expanduser()
    try:
        found = _table(path, name) if kind == "csv" else _folder(path if place else None, name)
    except (OSError, ValueError) as error:  # a name too long, a folder that may not be read
        reason = getattr(error, "strerror", None) or error
        raise errors.UserError(f"--dataset={name}: {path} cannot be read ({reason}).") from error
    if len(found.classes) < 2:
        raise errors.UserError(
            f"--dataset={name}: found {len(found.classes)} classes with pictures "
            f"({', '.join(found.classes) or 'none'}), two are the least. {_LAYOUT}"
        )
    return found


# --- Folders --------------------------------------------------------------------------------------


def _folder(root: pathlib.Path | None, name: str) -> Listing:
    if root is None or not root.is_dir():
        raise errors.UserError(f"--dataset={name}: {str(root or '')!r} is not a folder. {_LAYOUT}")
    parts = {part: root / part for part in (LABELED, UNLABELED, TEST) if (root / part).is_dir()}
    if parts and LABELED not in parts:
        raise errors.UserError(
            f"--dataset={name}: {root} has {' and '.join(parts)}/ and no labeled/. {_LAYOUT}"
        )
    walk = _Walk(root)
    if not parts:
        labeled = walk.classes(root, LABELED)
        return walk.listing(labeled, [], [])
    labeled = walk.classes(parts[LABELED], LABELED)
    unlabeled = walk.files(parts[UNLABELED]) if UNLABELED in parts else []
    test = walk.classes(parts[TEST], TEST) if TEST in parts else {}
    missing = sorted(kind for kind, files in test.items() if files and not labeled.get(kind))
    if missing:
        raise errors.UserError(
            f"--dataset={name}: test/ has pictures of {', '.join(missing)}, labeled/ has none. "
            "Give some to labeled/, or take them out of test/."
        )
    return walk.listing(labeled, unlabeled, list(test.items()))


class _Walk:
    """Collects files below a folder, in order, and what is passed over."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.hidden: list[str] = []
        self.stray: list[str] = []

    def classes(self, folder: pathlib.Path, part: str) -> dict[str, list[str]]:
        """Class -> its files, for the folders of a folder; files beside them belong to none."""
        found = {}
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name.startswith("."):
                if entry.is_file():
                    self.hidden.append(self._name(entry.path))
            elif entry.is_dir():
                found[entry.name] = self.files(pathlib.Path(entry.path))
            else:
                self.stray.append(self._name(entry.path))
        return found

    def files(self, folder: pathlib.Path) -> list[str]:
        """Files below a folder that a picture may be in, hidden ones and hidden folders apart."""
        found = []
        for above, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = os.path.join(above, name)
                if name.startswith("."):
                    self.hidden.append(self._name(path))
                elif name in _COMPANIONS:
                    self.stray.append(self._name(path))
                else:
                    found.append(path)
        return found

    def listing(
        self,
        labeled: dict[str, list[str]],
        unlabeled: list[str],
        test: list[tuple[str, list[str]]],
    ) -> Listing:
        """Puts it together."""
        classes = tuple(kind for kind, files in labeled.items() if files)
        number = {kind: place for place, kind in enumerate(classes)}
        entries = [
            *self._entries(LABELED, ((number[kind], labeled[kind]) for kind in classes)),
            *self._entries(UNLABELED, [(-1, unlabeled)]),
            *self._entries(TEST, ((number[kind], files) for kind, files in test if files)),
        ]
        return Listing(
            self.root,
            self.root,
            classes,
            tuple(entries),
            tuple(self.hidden),
            tuple(self.stray),
            tuple(kind for kind, files in labeled.items() if not files),
        )

    def _entries(self, part: str, groups) -> Iterator[Entry]:
        for label, files in groups:
            for path in files:
                yield Entry(self._name(path), path, part, label)

    def _name(self, path: str) -> str:
        return path[len(str(self.root)) + 1 :].replace(os.sep, "/")


_COMPANIONS = ("Thumbs.db", "desktop.ini")  # what Windows leaves in folders of pictures


# --- Tables ---------------------------------------------------------------------------------------


def _table(path: pathlib.Path, name: str) -> Listing:
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        rows = csv.DictReader(file)
        columns = [column.strip() for column in rows.fieldnames or []]
        rows.fieldnames = columns
        _check_columns(columns, path, name)
        try:
            read = [(rows.line_num, row) for row in rows]
        except csv.Error as error:
            raise ValueError(str(error)) from error
    lines = [_line(number, row, path) for number, row in read]
    kinds = [kind for _, kind, part in lines if part == LABELED]
    classes = tuple(sorted(set(kinds)))
    number = {kind: place for place, kind in enumerate(classes)}
    entries = []
    for file, kind, part in lines:
        if part == TEST and kind not in number:
            raise errors.UserError(
                f"--dataset={name}: class {kind!r} occurs in test rows only. Label some training "
                "rows with it, or leave it out."
            )
        label = -1 if part == UNLABELED else number[kind]
        entries.append(Entry(file, os.path.join(path.parent, file), part, label))
    order = (LABELED, UNLABELED, TEST)
    entries.sort(key=lambda e: (order.index(e.part), e.label, e.name))
    return Listing(path, path.parent, classes, tuple(entries))


def _check_columns(columns: list[str], path: pathlib.Path, name: str) -> None:
    missing = [column for column in ("path", "label") if column not in columns]
    if missing:
        raise errors.UserError(
            f"--dataset={name}: {path} lacks the column {' and '.join(missing)}; its first line is "
            f"{','.join(columns)!r}. Expected path,label and perhaps split."
        )


def _line(number: int, row: dict[str, str | None], path: pathlib.Path) -> tuple[str, str, str]:
    """A row -> (file, class, part)."""
    file, kind, split = ((row.get(column) or "").strip() for column in ("path", "label", "split"))
    if not file:
        raise errors.UserError(f"{path}, line {number}: the column path is empty.")
    if split.lower() not in _SPLITS:
        raise errors.UserError(
            f"{path}, line {number}: split {split!r} is unknown. Expected train, test or nothing."
        )
    part = _SPLITS[split.lower()]
    if part == TEST and not kind:
        raise errors.UserError(f"{path}, line {number}: a test picture without a label.")
    if not kind:
        part = UNLABELED
    return file, kind, part
