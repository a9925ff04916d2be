"""Lists user images: which files there are, of which class, and for what use.

    DIR/labeled/<class>/...   images with a label          or, if all are labeled,
    DIR/unlabeled/...         images without a label         DIR/<class>/...
    DIR/test/<class>/...      test images

`unlabeled` and `test` are optional. A table (CSV, UTF-8) has the columns `path` (relative to the
folder of the table), `label` (empty for unlabeled images) and optionally `split` (`train`, `test`
or empty).

Folders inside the folder of a class belong to the class. Classes are sorted by name. No file is
opened: whether a file is an image is known only when it is read.
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
    "Expected DIR/labeled/<class>/*, and optionally DIR/unlabeled/* and DIR/test/<class>/*; or "
    "DIR/<class>/* alone."
)
_SPLITS = {"": LABELED, "train": LABELED, "labeled": LABELED, "unlabeled": UNLABELED, "test": TEST}
_SYSTEM_FILES = ("Thumbs.db", "desktop.ini")  # which Windows creates in folders of images


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file that may be an image.

    Attributes:
        name: path within the folder, or as in the table; with "/" between folders.
        path: path of the file.
        part: "labeled", "unlabeled" or "test".
        label: index of the class; -1 for unlabeled files.
    """

    name: str
    path: str
    part: str
    label: int


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a folder or a table.

    Attributes:
        source: the folder or the table.
        root: the folder that names are relative to.
        classes: sorted names of the classes that have a file in `labeled`.
        entries: sorted by part, class and name.
        hidden: files whose name begins with a dot; they are not read.
        stray: files that belong to no class, and files of the operating system; they are not read.
        empty: folders in `labeled` without a file; they are not classes.
    """

    source: pathlib.Path
    root: pathlib.Path
    classes: tuple[str, ...]
    entries: tuple[Entry, ...]
    hidden: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


def is_user_images(name: str) -> bool:
    """Returns whether the name of a data set stands for a folder or a table of user images."""
    return name.startswith(PREFIXES)


def exists(name: str, data_dir: str | None = None) -> bool:
    """Returns whether there is a file or folder where a data set of user images should be."""
    return not name.endswith(":") and os.path.exists(_path(name, data_dir))


def list_images(name: str, data_dir: str | None = None) -> Listing:
    """Lists the files of a data set of user images.

    Args:
        name: "folder:DIR" or "csv:FILE".
        data_dir: the folder that a relative DIR or FILE is in; the working directory by default.

    Raises:
        UserError: The folder or table does not exist or has another layout, there are fewer than
            two classes, or a class has test images only.
    """
    kind, location = name.split(":", 1)
    source = _path(name, data_dir)
    try:
        if kind == "csv":
            listing = _list_table(source, name)
        else:
            listing = _list_folder(source if location else None, name)
    except (OSError, ValueError) as error:  # a name that is too long, or a folder without access
        reason = getattr(error, "strerror", None) or error
        raise errors.UserError(f"--dataset={name}: {source} cannot be read ({reason}).") from error
    if len(listing.classes) < 2:
        raise errors.UserError(
            f"--dataset={name}: found {len(listing.classes)} classes with images "
            f"({', '.join(listing.classes) or 'none'}), but at least two are needed. {_LAYOUT}"
        )
    return listing


def _path(name: str, data_dir: str | None) -> pathlib.Path:
    """Returns the path of the folder or table."""
    location = name.split(":", 1)[1]
    return pathlib.Path(data_dir or ".").expanduser() / pathlib.Path(location).expanduser()


# --- Folders --------------------------------------------------------------------------------------


def _list_folder(root: pathlib.Path | None, name: str) -> Listing:
    if root is None or not root.is_dir():
        raise errors.UserError(f"--dataset={name}: {str(root or '')!r} is not a folder. {_LAYOUT}")
    parts = {part: root / part for part in (LABELED, UNLABELED, TEST) if (root / part).is_dir()}
    if parts and LABELED not in parts:
        raise errors.UserError(
            f"--dataset={name}: {root} has {' and '.join(parts)}/ but no labeled/. {_LAYOUT}"
        )
    scanner = _FolderScanner(root)
    if not parts:
        labeled = scanner.scan_classes(root)
        return scanner.listing(labeled, [], [])
    labeled = scanner.scan_classes(parts[LABELED])
    unlabeled = scanner.scan_files(parts[UNLABELED]) if UNLABELED in parts else []
    test = scanner.scan_classes(parts[TEST]) if TEST in parts else {}
    missing = sorted(kind for kind, files in test.items() if files and not labeled.get(kind))
    if missing:
        raise errors.UserError(
            f"--dataset={name}: test/ has images of {', '.join(missing)}, but labeled/ has none. "
            "Move some to labeled/, or remove them from test/."
        )
    return scanner.listing(labeled, unlabeled, list(test.items()))


class _FolderScanner:
    """Collects the files in a folder, in order, and the names of skipped files."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.hidden: list[str] = []
        self.stray: list[str] = []

    def scan_classes(self, folder: pathlib.Path) -> dict[str, list[str]]:
        """Returns class -> files, for the subfolders of a folder; other files are stray."""
        files = {}
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name.startswith("."):
                if entry.is_file():
                    self.hidden.append(self._name(entry.path))
            elif entry.is_dir():
                files[entry.name] = self.scan_files(pathlib.Path(entry.path))
            else:
                self.stray.append(self._name(entry.path))
        return files

    def scan_files(self, folder: pathlib.Path) -> list[str]:
        """Returns the files below a folder, without hidden files and those in hidden folders."""
        paths = []
        for above, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = os.path.join(above, name)
                if name.startswith("."):
                    self.hidden.append(self._name(path))
                elif name in _SYSTEM_FILES:
                    self.stray.append(self._name(path))
                else:
                    paths.append(path)
        return paths

    def listing(
        self,
        labeled: dict[str, list[str]],
        unlabeled: list[str],
        test: list[tuple[str, list[str]]],
    ) -> Listing:
        """Makes a listing of the files that were collected."""
        classes = tuple(kind for kind, files in labeled.items() if files)
        index = {kind: k for k, kind in enumerate(classes)}
        entries = [
            *self._entries(LABELED, ((index[kind], labeled[kind]) for kind in classes)),
            *self._entries(UNLABELED, [(-1, unlabeled)]),
            *self._entries(TEST, ((index[kind], files) for kind, files in test if files)),
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


# --- Tables ---------------------------------------------------------------------------------------


def _list_table(path: pathlib.Path, name: str) -> Listing:
    rows = [_parse_row(line, row, path) for line, row in _read_rows(path, name)]
    classes = tuple(sorted({kind for _, kind, part in rows if part == LABELED}))
    index = {kind: k for k, kind in enumerate(classes)}
    entries = []
    for file, kind, part in rows:
        if part == TEST and kind not in index:
            raise errors.UserError(
                f"--dataset={name}: class {kind!r} occurs in test rows only. Give this label to "
                "some training rows, or remove the test rows."
            )
        label = -1 if part == UNLABELED else index[kind]
        entries.append(Entry(file, os.path.join(path.parent, file), part, label))
    order = (LABELED, UNLABELED, TEST)
    entries.sort(key=lambda e: (order.index(e.part), e.label, e.name))
    return Listing(path, path.parent, classes, tuple(entries))


def _read_rows(path: pathlib.Path, name: str) -> list[tuple[int, dict[str, str | None]]]:
    """Returns line numbers and rows of a table."""
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        rows = csv.DictReader(file)
        rows.fieldnames = [column.strip() for column in rows.fieldnames or []]
        _check_columns(rows.fieldnames, path, name)
        try:
            return [(rows.line_num, row) for row in rows]
        except csv.Error as error:
            raise ValueError(str(error)) from error


def _check_columns(columns: list[str], path: pathlib.Path, name: str) -> None:
    missing = [column for column in ("path", "label") if column not in columns]
    if missing:
        raise errors.UserError(
            f"--dataset={name}: {path} lacks the column {' and '.join(missing)}; its first line is "
            f"{','.join(columns)!r}. Expected path,label and optionally split."
        )


def _parse_row(line: int, row: dict[str, str | None], path: pathlib.Path) -> tuple[str, str, str]:
    """Returns the file, class and part of a row."""
    file, kind, split = ((row.get(column) or "").strip() for column in ("path", "label", "split"))
    if not file:
        raise errors.UserError(f"{path}, line {line}: the column path is empty.")
    if split.lower() not in _SPLITS:
        raise errors.UserError(
            f"{path}, line {line}: split {split!r} is unknown. Expected train, test or nothing."
        )
    part = _SPLITS[split.lower()]
    if part == TEST and not kind:
        raise errors.UserError(f"{path}, line {line}: this test image has no label. Give it one.")
    if not kind:
        part = UNLABELED
    return file, kind, part
