"""Lists the image files of a folder.

    DIR/labeled/<class>/...   images with a label          or, if all are labeled,
    DIR/unlabeled/...         images without a label         DIR/<class>/...
    DIR/test/<class>/...      test images

`unlabeled` and `test` are optional. Folders inside the folder of a class belong to the class.
Classes are sorted by name.
"""

import os
import pathlib
from collections.abc import Iterator

from tf_ssgan.common import errors
from tf_ssgan.data.sources.image_entries import (
    LABELED,
    LAYOUT,
    TEST,
    UNLABELED,
    Entry,
    Listing,
    Remark,
)

_SYSTEM_FILES = ("Thumbs.db", "desktop.ini")  # which Windows creates in folders of images


def list_folder(root: pathlib.Path | None, name: str) -> Listing:
    """Lists the files of a folder.

    Args:
        root: the folder; None if its name is empty.
        name: name of the data set, for messages.

    Raises:
        UserError: It is no folder or has another layout, or a class has test images only.
        OSError: It cannot be read.
    """
    if root is None or not root.is_dir():
        raise errors.UserError(f"--dataset={name}: {str(root or '')!r} is not a folder. {LAYOUT}")
    parts = {part: root / part for part in (LABELED, UNLABELED, TEST) if (root / part).is_dir()}
    if parts and LABELED not in parts:
        raise errors.UserError(
            f"--dataset={name}: {root} has {' and '.join(parts)}/ but no labeled/. {LAYOUT}"
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
            tuple(self._remarks([kind for kind, files in labeled.items() if not files])),
        )

    def _remarks(self, empty: list[str]) -> Iterator[Remark]:
        """What is passed over: hidden files, files of no class, and empty folders."""
        if self.hidden:
            yield Remark(
                "note", f"{len(self.hidden):,} hidden file(s) are not read",
                "rename them if they are images", tuple(self.hidden),
            )  # fmt: skip
        if self.stray:
            yield Remark(
                "note", f"{len(self.stray):,} file(s) belong to no class and are not read",
                "move images among them into the folder of a class", tuple(self.stray),
            )  # fmt: skip
        if empty:
            yield Remark(
                "warning", f"{len(empty):,} folder(s) without files are not classes",
                "add images to them, or remove them", tuple(empty),
            )  # fmt: skip

    def _entries(self, part: str, groups) -> Iterator[Entry]:
        for label, files in groups:
            for path in files:
                yield Entry(self._name(path), path, part, label)

    def _name(self, path: str) -> str:
        return path[len(str(self.root)) + 1 :].replace(os.sep, "/")
