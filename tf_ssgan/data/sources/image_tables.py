"""Lists the image files of a table.

A table has the columns `path` (relative to the folder of the table), `label` (empty for unlabeled
images) and optionally `split` (train, unlabeled, validation, test or empty) and `checked` (1 if the
label is checked). `table_reading` reads it, and `table_paths` finds the files.
"""

import collections
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tf_ssgan.common import counts, errors, few_images
from tf_ssgan.common.plain_text import escape, shorten
from tf_ssgan.data import checked_labels, class_names
from tf_ssgan.data.sources import folder_layout, table_paths, table_reading
from tf_ssgan.data.sources.image_entries import (
    LABELED,
    PARTS,
    TEST,
    UNLABELED,
    VALIDATION,
    Entry,
    Listing,
    Remark,
)
from tf_ssgan.data.sources.table_reading import Row

_SPLITS = "train, unlabeled, validation, test or nothing"
_CLASSES = 2  # at least
_SHOWN = 5  # classes in a message
_LONGEST_WORD = 40  # columns of a word in a message


class _Image(NamedTuple):
    """What a row says: a file, how it is used, its class, "" if unlabeled, and if it is checked."""

    line: int
    name: str
    path: str
    part: str
    kind: str
    group: str
    checked: bool


def list_table(path: pathlib.Path, name: str, training: bool = True, group_by: str = "") -> Listing:
    """Lists the files that a table names.

    Args:
        path: the table.
        name: name of the data set, for messages.
        training: whether it is for training; otherwise test images are enough, of any classes.
        group_by: the name of a column with groups of images; others are not found here.

    Raises:
        UserError: It is no table, a row is wrong, an image is there twice with different classes,
            uses or groups, none of the files exists, or a class has no labeled images for training.
        OSError: It cannot be read.
    """
    table = table_reading.read_table(path, group_by)
    lister = _TableLister(path, name, training)
    listing = lister.listing(table.rows)
    return Listing(
        path, path.parent, *listing, (*table.remarks, *lister.remarks()), table.columns,
        group_by if table.grouped else "",
    )  # fmt: skip


class _TableLister:
    """Makes entries of the rows of one table."""

    def __init__(self, path: pathlib.Path, name: str, training: bool):
        self._training = training
        self._path = path
        self._name = name
        self._finder = table_paths.FileFinder(path.parent)
        self._parts: dict[str, str] = {}  # split as written -> part
        self._kinds: dict[str, str] = {}  # label as written -> its text in NFC
        self._not_used: list[str] = []  # labels of unlabeled rows
        self._repeated: list[str] = []
        self._outside: list[str] = []
        self._matched: dict[str, str] = {}  # label of a test row -> the class it stands for

    def listing(self, rows: Sequence[Row]) -> tuple[tuple[str, ...], tuple[Entry, ...]]:
        """Returns the classes and the entries.

        Raises:
            UserError: as `list_table`.
        """
        images = self._join_rows([self._read_row(row) for row in rows])
        self._check_files(images)
        classes = tuple(sorted({image.kind for image in images if image.part == LABELED}))
        if not self._training:
            classes = class_names.extend(classes, {image.kind for image in images} - {""})
        self._check_classes(classes)
        self._match_classes(images, classes)
        index = {kind: k for k, kind in enumerate(classes)} | {"": -1}
        entries = [
            Entry(image.name, image.path, image.part,
                  index[self._matched.get(image.kind, image.kind)], image.name, image.group,
                  image.checked)
            for image in images
        ]  # fmt: skip
        entries.sort(key=lambda entry: (PARTS.index(entry.part), entry.label, entry.name))
        return classes, tuple(entries)

    def remarks(self) -> Iterator[Remark]:
        """What was found in the rows."""
        taken = sorted(filter(folder_layout.is_taken, set(self._kinds.values())))
        if taken:
            yield Remark(
                "warning", f"{len(taken):,} label(s) of the table are names of splits, and are "
                "read as classes", "rename them, or move them to the column split if they are none",
                tuple(taken),
            )  # fmt: skip
        if twice := self._repeated:
            yield Remark(
                "warning", f"{len(twice):,} row(s) of the table name a file that another row names "
                "too; each file is used once", "keep one row of each", tuple(twice),
            )  # fmt: skip
        if self._not_used:
            yield Remark(
                "note", f"{len(self._not_used):,} row(s) of the table are unlabeled by their "
                "split, so their labels are not used", "empty the split if the labels count",
                tuple(self._not_used),
            )  # fmt: skip
        if self._matched:
            yield Remark(
                "note", f"{len(self._matched):,} label(s) of validation and test rows are read as "
                "the class that looks the same", "write them as in the training rows",
                tuple(f"{label} is read as {kind}" for label, kind in self._matched.items()),
            )  # fmt: skip
        yield from self._remarks_on_text()
        yield from self._remarks_on_files()

    def _remarks_on_text(self) -> Iterator[Remark]:
        """Labels that differ in bytes but not as text."""
        forms = collections.Counter(self._kinds.values())
        joined = tuple(kind for kind, count in forms.items() if count > 1)
        if joined:
            yield Remark(
                "note", f"{len(joined):,} label(s) are written in two Unicode forms, and are one "
                "class each", "nothing must be done", joined,
            )  # fmt: skip

    def _remarks_on_files(self) -> Iterator[Remark]:
        if other := self._finder.other_bytes:
            yield Remark(
                "note", f"{len(other):,} file(s) are found under the same name in another Unicode "
                "form or encoding than in the table", "nothing must be done", tuple(other),
            )  # fmt: skip
        meant = ((name, self._finder.suggest_capitals(name)) for name in self._finder.missing)
        if capitals := [f"{name}: did you mean {other}?" for name, other in meant if other]:
            yield Remark(
                "warning", f"{len(capitals):,} file(s) of the table are not there, but one in "
                "other capitals is", "write the name in the table as on the disk", tuple(capitals),
            )  # fmt: skip
        if self._outside:
            yield Remark(
                "note", f"{len(self._outside):,} file(s) lie outside the folder of the table",
                "take them along if you move the table", tuple(self._outside),
            )  # fmt: skip

    # --- One row ----------------------------------------------------------------------------------

    def _read_row(self, row: Row) -> _Image:
        if not row.path:
            raise self._error(row.line, "the column path is empty.")
        if table_paths.is_on_another_computer(row.path):
            raise self._error(
                row.line, f"{escape(row.path)} is an address in the network, and nothing is "
                "downloaded. Download the images, and give their paths.",
            )  # fmt: skip
        part, kind = self._part(row), self._kind(row)
        if not kind and (part in (VALIDATION, TEST) or row.split.lower().startswith("label")):
            said = "labeled" if part == LABELED else part
            raise self._error(row.line, f"this {said} image has no label. Give it one.")
        if part == UNLABELED and kind:
            self._not_used.append(f"{row.path} ({kind})")
        checked = self._checked(row, part, kind) and part == LABELED
        if part == UNLABELED or not kind:
            part, kind = UNLABELED, ""
        name, path = self._finder.find(row.path)
        return _Image(row.line, name, path, part, kind, row.group, checked)

    def _part(self, row: Row) -> str:
        if row.split not in self._parts:
            part = folder_layout.part_of(row.split) if row.split else LABELED
            if part not in PARTS:
                raise self._error(
                    row.line, f"split '{escape(row.split)}' is unknown. Expected {_SPLITS}."
                )
            self._parts[row.split] = part
        return self._parts[row.split]

    def _kind(self, row: Row) -> str:
        if row.label not in self._kinds:
            if row.label and not class_names.can_be_shown(row.label):
                raise self._error(
                    row.line, f"the label '{escape(row.label)}' has a control character. Give "
                    "the class a name that can be shown.",
                )  # fmt: skip
            self._kinds[row.label] = class_names.decode(row.label)
        return self._kinds[row.label]

    def _checked(self, row: Row, part: str, kind: str) -> bool:
        """Whether a label is checked; those of validation and test rows are taken as right."""
        checked = checked_labels.read_word(row.checked)
        if checked is None:
            raise self._error(
                row.line, f"checked is '{shorten(escape(row.checked), _LONGEST_WORD)}'. Expected "
                f"{checked_labels.EXPECTED}.",
            )  # fmt: skip
        if checked and not kind:
            raise self._error(row.line, "checked, but has no class. Give it one, or write 0.")
        if checked and part == UNLABELED:
            raise self._error(
                row.line, "checked, but its split is unlabeled, so its class is not used. Empty "
                "the split, or write 0.",
            )  # fmt: skip
        return checked

    def _error(self, line: int, text: str) -> errors.UserError:
        return errors.UserError(f"{self._path}, line {line}: {text}")

    # --- All rows ---------------------------------------------------------------------------------

    def _join_rows(self, images: list[_Image]) -> list[_Image]:
        """Returns one image for each file; refuses files with two classes, uses or groups."""
        by_path: dict[str, _Image] = {}
        clashes: list[tuple[_Image, _Image]] = []
        for image in images:
            path = os.path.normpath(image.path)
            other = by_path.setdefault(path, image)
            if other is image:
                if self._finder.lies_outside(path):
                    self._outside.append(image.name)
                continue
            joins = {other.part, image.part} == {LABELED, UNLABELED}
            same = (other.part, other.kind) == (image.part, image.kind)
            groups = {other.group, image.group} - {""}
            if len(groups) > 1 or not (joins or same):
                clashes.append((other, image))
            else:
                kept = image if image.kind and not other.kind else other
                checked = other.checked or image.checked
                by_path[path] = kept._replace(group="".join(groups), checked=checked)
            self._repeated.append(f"{image.name} (line {other.line} and {image.line})")
        if clashes:
            raise self._refuse(clashes)
        return list(by_path.values())

    def _refuse(self, clashes: list[tuple[_Image, _Image]]) -> errors.UserError:
        """Returns the error about files with two classes, or else with two uses or groups."""
        classes = [pair for pair in clashes if pair[0].kind and pair[1].kind
                   and pair[0].kind != pair[1].kind]  # fmt: skip
        found = classes or clashes
        one, other = found[0]
        what, values = "uses", (one.part, other.part)
        if classes:
            what, values = "classes", (one.kind, other.kind)
        elif one.part == other.part:
            what, values = "groups", (one.group, other.group)
        said = " and ".join(repr(escape(value)) for value in values)
        more = f" {len(found):,} rows are like this." if len(found) > 1 else ""
        return errors.UserError(
            f"{self._path}, lines {one.line} and {other.line}: {escape(other.name)} has two "
            f"{what}, {said}. Keep one row of each file.{more}"
        )

    def _check_files(self, images: list[_Image]) -> None:
        """Refuses a table of which no file exists."""
        missing = set(self._finder.missing)
        if not all(image.name in missing for image in images):
            return
        first = images[0]
        close = self._finder.suggest(first.name)
        meant = f" Did you mean {escape(close)}?" if close else ""
        raise self._error(
            first.line, f"none of the {len(images):,} files of the table is there. The first one, "
            f"{escape(first.name)}, was looked for as {escape(first.path)}. Paths are "
            f"relative to the folder of the table.{meant}",
        )  # fmt: skip

    def _check_classes(self, classes: tuple[str, ...]) -> None:
        if len(classes) >= _CLASSES and all(map(folder_layout.is_taken, classes)):
            raise errors.UserError(
                f"--dataset={self._name}: all labels are names of splits ({_join(classes)}). "
                "Are the columns label and split swapped?"
            )
        if len(classes) < (_CLASSES if self._training else 1):
            raise errors.UserError(
                f"--dataset={self._name}: found {len(classes)} classes with images "
                f"({_join(classes) or 'none'}), but at least two are needed. Expected a label in "
                "the training rows of the table."
            )

    def _match_classes(self, images: list[_Image], classes: tuple[str, ...]) -> None:
        """Finds the classes of validation and test rows, which must have training rows too."""
        odd = {image.kind for image in images if image.kind} - set(classes)
        found = class_names.match(sorted(odd), classes)
        missing = [kind for kind, known in found.items() if not known]
        if missing:
            close = errors.closest(missing[0], classes)
            meant = f" Did you mean {close!r} by {missing[0]!r}?" if close else ""
            raise errors.UserError(
                f"--dataset={self._name}: {counts.say(len(missing), 'class', 'occur')} in "
                f"validation or test rows only: {few_images.join(missing)}. Give these labels to "
                f"some training rows, or remove the rows.{meant}"
            )
        for kind, known in found.items():
            if len(known) > 1:
                raise errors.UserError(
                    f"--dataset={self._name}: the label {kind!r} of validation or test rows could "
                    f"stand for {' or '.join(map(repr, known))}. Write one of them."
                )
            self._matched[kind] = known[0]


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(map(escape, names[:_SHOWN])) + more
