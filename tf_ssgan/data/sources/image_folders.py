"""Lists the image files of a folder.

    DIR/labeled/<class>/...      images with a label       or, if all are labeled,
    DIR/checked/<class>/...      those that are checked      DIR/<class>/...
    DIR/unlabeled/...            images without a label
    DIR/validation/<class>/...   held-out images
    DIR/test/<class>/...         test images

One of `labeled` and `checked` is enough, and other names of parts are understood (`folder_layout`).
Folders inside the folder of a class belong to the class. Classes are sorted by name.
"""

import pathlib
from collections.abc import Iterator, Mapping, Sequence

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import class_names
from tf_ssgan.data.sources import class_folders, folder_layout
from tf_ssgan.data.sources.class_folders import ClassFolder
from tf_ssgan.data.sources.folder_layout import CHECKED
from tf_ssgan.data.sources.folder_walk import FolderWalk, join_names, say_files
from tf_ssgan.data.sources.image_entries import (
    LABELED,
    LAYOUT,
    TEST,
    UNLABELED,
    VALIDATION,
    Entry,
    Listing,
    Remark,
)

_CLASSES = 2  # at least


def list_folder(root: pathlib.Path | None, name: str, training: bool = True) -> Listing:
    """Lists the files of a folder.

    Args:
        root: the folder; None if its name is empty.
        name: name of the data set, for messages.
        training: whether it is for training; otherwise test images are enough, of any classes.

    Raises:
        UserError: It is no folder or has another layout, a folder in it cannot be read, or a class
            has no labeled images.
        OSError: It cannot be read.
    """
    if root is None or not root.is_dir():
        raise errors.UserError(f"--dataset={name}: {str(root or '')!r} is not a folder. {LAYOUT}")
    try:
        return _FolderLister(root, training).listing()
    except errors.UserError as error:
        raise errors.UserError(f"--dataset={name}: {error}") from error


class _FolderLister:
    """Lists one folder; every step refuses what it cannot understand."""

    def __init__(self, root: pathlib.Path, training: bool):
        self._root = root
        self._training = training
        self._walk = FolderWalk(root)
        folders, self._beside_files = self._walk.contents("")
        self._check_readable()
        self._layout = folder_layout.find_layout(folders)
        self._loose: dict[str, list[str]] = {}  # part -> files of no class
        self._kinds: dict[str, list[ClassFolder]] = {}  # part -> folders of classes
        self._unlabeled: list[str] = []
        self._unlabeled_folders: list[str] = []

    def listing(self) -> Listing:
        """Returns the files and what was found.

        Raises:
            UserError: as `list_folder`.
        """
        self._check_parts()
        self._scan()
        self._check_readable()
        self._check_held_back()
        self._check_labeled()
        labeled = self._labeled()
        of_folder = class_folders.unite(self._with_files(LABELED), self._with_files(CHECKED))
        classes = tuple(sorted({*of_folder.values()}))
        if not self._training:
            others = [*self._with_files(VALIDATION), *self._with_files(TEST)]
            classes = class_names.extend(classes, (kind.name for kind in others))
        everything = [kind for kinds in self._kinds.values() for kind in kinds]
        class_folders.check_twins(kind for kind in everything if kind.files)
        class_folders.check_inside(everything, classes, str(self._root))
        if not self._layout.parts:
            class_folders.check_no_parts(labeled)
        entries = self._entries(LABELED, labeled, of_folder, classes)
        around = self._layout.parts.get(UNLABELED, "")
        entries += [self._entry(UNLABELED, -1, around, file) for file in self._unlabeled]
        for part in (VALIDATION, TEST):
            kinds = self._with_files(part)
            found = class_folders.match(self._layout.parts.get(part, part), kinds, classes)
            entries += self._entries(part, kinds, found, classes)
            of_folder |= found
        matched = [f"{kind.folder} is read as {of_folder[kind.folder]}" for kind in everything
                   if kind.name != of_folder.get(kind.folder, kind.name)]  # fmt: skip
        remarks = (*self._remarks(everything, classes, matched),)
        self._check_readable()
        return Listing(self._root, self._root, classes, tuple(entries), remarks)

    # --- Steps ------------------------------------------------------------------------------------

    def _check_readable(self) -> None:
        if unreadable := self._walk.unreadable():
            raise errors.UserError(
                f"{unreadable}. Change their permissions, or move them elsewhere."
            )

    def _check_parts(self) -> None:
        """Refuses parts without labeled/, or checked/ alone with folders beside it."""
        parts, others = self._layout.parts, self._layout.others
        alone = CHECKED in parts and not others
        enough = LABELED in parts or alone or (not self._training and TEST in parts)
        if parts and not enough:
            found = " and ".join(f"{escape(folder)}/" for folder in parts.values())
            meant = [name for name in others if folder_layout.likely_part(name) == LABELED]
            advice = LAYOUT
            if meant:
                advice = f"Did you mean labeled/ by {join_names(meant)}?"
            elif not self._training and VALIDATION in parts:
                advice = "If its images should judge, call it test/."
            elif others:
                advice = (
                    f"Move the folders of classes into labeled/"
                    f"{', and others elsewhere' * (CHECKED in parts)}: {join_names(others)}. If "
                    f"{found} is a class itself, give it another name."
                )
            raise errors.UserError(f"{self._root} has {found} but no labeled/. {advice}")

    def _scan(self) -> None:
        """Lists the files of all parts."""
        if not self._layout.parts:
            self._kinds[LABELED] = class_folders.scan(self._walk, self._layout.others)
        for part, folder in self._layout.parts.items():
            if part == UNLABELED:
                self._unlabeled, self._unlabeled_folders = self._walk.files_below(folder)
                continue
            folders, files = self._walk.contents(folder)
            self._loose[part] = files
            self._kinds[part] = class_folders.scan(self._walk, folders)

    def _check_held_back(self) -> None:
        """Refuses checked, held-out and test images without classes: their labels are needed."""
        for part in (CHECKED, VALIDATION, TEST):
            files = self._loose.get(part)
            if files and not self._with_files(part):
                raise errors.UserError(_without_classes(self._layout.parts[part], files))

    def _check_labeled(self) -> None:
        """Refuses fewer than two classes, and says what their folder may be."""
        kinds = self._labeled()
        enough = len({kind.name for kind in kinds}) >= _CLASSES
        if enough or (not self._training and (kinds or self._with_files(TEST))):
            return
        parts, others = self._layout.parts, self._layout.others
        folder = parts.get(LABELED, parts.get(CHECKED, ""))
        shown = escape(folder)
        if folder and others:
            renamed = f" If {shown}/ is a class itself, rename it, for example to {shown}_class/."
            raise errors.UserError(
                f"{shown}/ has fewer than {_CLASSES} classes with images, and what lies beside it "
                f"is not read: {join_names(others)}. Move the folders of classes into {shown}/."
                f"{renamed * (folder != LABELED)}"
            )
        if kinds and kinds[0].inner:
            self._refuse_wrapped(kinds[0])
        loose = self._beside_files
        if folder:
            loose = [*self._loose.get(LABELED, ()), *self._loose.get(CHECKED, ())]
        table = next((file for file in self._beside_files if file.lower().endswith(".csv")), None)
        if table:
            raise errors.UserError(
                f"{self._root} has fewer than {_CLASSES} folders of classes, but a table. Did you "
                f"mean --dataset=csv:{self._root}/{escape(table)}?"
            )
        if loose and not kinds:
            raise errors.UserError(_without_classes(folder or str(self._root), loose))

    def _refuse_wrapped(self, only: ClassFolder) -> None:
        """Refuses a folder around the folders of classes, as it comes out of an archive."""
        around, folders = only.folder, list(only.inner)
        while len(folders) == 1 and not folder_layout.is_taken(folders[0]):
            around = f"{around}/{folders[0]}"
            folders = [name.rpartition("/")[2] for name in self._walk.contents(around)[0]]
        if not folders:
            return
        part = only.folder.rpartition("/")[0]
        advice = (
            f"move them into {part}/" if part else f"give --dataset=folder:{self._root}/{around}"
        )
        raise errors.UserError(
            f"The only folder with images is {escape(around)}/, which holds "
            f"{join_names(folders[:5])}. If these are parts or classes, {escape(advice)}."
        )

    # --- What is found ----------------------------------------------------------------------------

    def _with_files(self, part: str) -> list[ClassFolder]:
        return [kind for kind in self._kinds.get(part, ()) if kind.files]

    def _labeled(self) -> list[ClassFolder]:
        """The folders of classes with images to learn from."""
        return [*self._with_files(LABELED), *self._with_files(CHECKED)]

    def _entries(
        self, part: str, kinds: Sequence[ClassFolder], found: Mapping[str, str], classes: tuple
    ) -> list[Entry]:
        """The files of folders, by class; `found` tells the class of each folder."""
        checked = {kind.folder for kind in self._with_files(CHECKED)}
        return [
            self._entry(part, classes.index(found[kind.folder]), kind.folder, file,
                        kind.folder in checked)
            for kind in sorted(kinds, key=lambda kind: (found[kind.folder], kind.folder))
            for file in kind.files
        ]  # fmt: skip

    def _entry(self, part: str, label: int, around: str, file: str, checked: bool = False) -> Entry:
        within = file.removeprefix(f"{around}/")
        return Entry(file, self._walk.path(file), part, label, within, checked=checked)

    def _remarks(
        self, kinds: list[ClassFolder], classes: tuple[str, ...], matched: list[str]
    ) -> Iterator[Remark]:
        """How the folder was understood, and what in it is not read."""
        renamed = self._layout.renamed()
        if renamed:
            yield Remark(
                "note", f"{len(renamed):,} folder(s) are read as parts of other names",
                "rename them if they are something else", tuple(renamed),
            )  # fmt: skip
        yield from self._remarks_beside()
        loose = [file for files in self._loose.values() for file in files]
        if loose:
            yield Remark(
                "warning", f"{len(loose):,} file(s) in parts belong to no class and are not read",
                "move images among them into the folder of a class", tuple(loose),
            )  # fmt: skip
        yield from self._walk.remarks()
        empty = [kind.folder for kind in kinds if not kind.files]
        empty += [folder for part, folder in self._layout.parts.items()
                  if not (self._unlabeled if part == UNLABELED else self._kinds[part])]  # fmt: skip
        if empty:
            yield Remark(
                "warning", f"{len(empty):,} folder(s) without files are not used",
                "add images to them, or remove them", tuple(empty),
            )  # fmt: skip
        yield from class_folders.remarks(kinds, classes)
        if matched:
            yield Remark(
                "note", f"{len(matched):,} folder(s) are read as classes of other names",
                "rename them if they are other classes", tuple(matched),
            )  # fmt: skip
        yield from self._remarks_inside(classes)

    def _remarks_beside(self) -> Iterator[Remark]:
        """What lies beside the parts, or beside the folders of classes."""
        beside = []
        for folder in self._layout.others if self._layout.parts else ():
            part = folder_layout.likely_part(folder)
            meant = f", did you mean {part}/?" if part else ""
            count = self._walk.count_files(folder, self._walk.remember_unreadable)
            beside.append(f"{folder}/ ({say_files(count)}{meant})")
        if beside:
            parts = join_names(self._layout.parts.values())
            yield Remark(
                "warning", f"{len(beside):,} folder(s) beside {parts} are not read",
                "move their images into one of the parts, or move them elsewhere", tuple(beside),
            )  # fmt: skip
        if self._beside_files:
            yield Remark(
                "note", f"{len(self._beside_files):,} file(s) belong to no class and are not read",
                "move images among them into the folder of a class", tuple(self._beside_files),
            )  # fmt: skip

    def _remarks_inside(self, classes: tuple[str, ...]) -> Iterator[Remark]:
        """Folders that may be classes, but do not decide on labels."""
        found = class_names.match([name.rpartition("/")[2] for name in self._unlabeled_folders],
                                  classes)  # fmt: skip
        named = [name for name in self._unlabeled_folders if found[name.rpartition("/")[2]]]
        if named:
            yield Remark(
                "note", f"{len(named):,} folder(s) of unlabeled images are named as classes; their "
                "names are not used", "move them into labeled/ to use them", tuple(named),
            )  # fmt: skip
        parts = [name for name in self._unlabeled_folders
                 if folder_layout.is_taken(name.rpartition("/")[2])]  # fmt: skip
        if parts:
            yield Remark(
                "warning", f"{len(parts):,} folder(s) of unlabeled images are named as parts, and "
                "are read as unlabeled images", "move them out if they are not", tuple(parts),
            )  # fmt: skip
        labeled = self._labeled()
        inner = {tuple(sorted(map(class_names.fold, kind.inner))) for kind in labeled}
        apart = all(kind.holds_folders_only for kind in labeled)
        if len(inner) == 1 and len(*inner) >= _CLASSES and apart:
            yield Remark(
                "warning", f"all {len(labeled):,} classes hold the same folders",
                "if these are the classes, name the folders around them labeled/, unlabeled/, "
                "validation/ or test/", tuple(labeled[0].inner),
            )  # fmt: skip


def _without_classes(folder: str, files: Sequence[str]) -> str:
    return (
        f"{escape(folder)}/ has {len(files):,} file(s), but no folders of classes. Move each "
        f"to {escape(folder)}/<class>/."
    )
