"""Lists the image files of a table.

A table (CSV, UTF-8) has the columns `path` (relative to the folder of the table), `label` (empty
for unlabeled images) and optionally `split` (`train`, `test` or empty).
"""

import csv
import os
import pathlib

from tf_ssgan.common import errors
from tf_ssgan.data.sources.image_entries import LABELED, PARTS, TEST, UNLABELED, Entry, Listing

_SPLITS = {"": LABELED, "train": LABELED, "labeled": LABELED, "unlabeled": UNLABELED, "test": TEST}


def list_table(path: pathlib.Path, name: str) -> Listing:
    """Lists the files that a table names.

    Args:
        path: the table.
        name: name of the data set, for messages.

    Raises:
        UserError: A column is missing, a row is wrong, or a class has test images only.
        OSError: It cannot be read.
        ValueError: It is no table.
    """
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
    entries.sort(key=lambda entry: (PARTS.index(entry.part), entry.label, entry.name))
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
