"""Reads a table that a person made: its separator, its columns and its rows, as text.

Read are the columns `path`, `label` and optionally `split`, or columns with obvious other names,
and `checked`, which has no other name.
"""

import csv
import dataclasses
import itertools
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import class_names, image_formats, text_files
from tf_ssgan.data.sources.image_entries import Remark

EXPECTED = "a table saved as CSV UTF-8"
_SEPARATORS = ",;\t|"
_NEEDED = ("path", "label")
_SYNONYMS = {
    "path": ("file", "filename", "file_name", "filepath", "file_path", "image", "image_path",
             "imagepath", "image_file", "image_name", "img", "img_path", "picture"),
    "label": ("labels", "class", "class_name", "classname", "category", "target"),
    "split": ("subset", "set", "partition"),
    "checked": (),  # a word like it may mean the reverse, as `noisy` does
}  # fmt: skip
# Words of columns that tell which labels are right, but are not read. Who has one expects it to be.
_ABOUT_LABELS = {"clean", "checked", "verified", "correct", "noisy", "noise", "trusted", "reviewed"}
_SHOWN = 100  # characters of a line in a message
_FIRST_LINE = 10_000  # characters of it that tell the separator


class Row(NamedTuple):
    """A row: the number of its line, counted from 1, and what its columns say, without blanks."""

    line: int
    path: str
    label: str
    split: str
    group: str = ""
    checked: str = ""


@dataclasses.dataclass(frozen=True)
class TableRows:
    """The rows of a table that name a file, and what was found in reading them.

    Attributes:
        rows: the rows.
        remarks: what was found.
        columns: the names in the first line.
        grouped: whether there is the column of groups.
    """

    rows: list[Row]
    remarks: tuple[Remark, ...]
    columns: tuple[str, ...] = ()
    grouped: bool = False


def read_table(path: pathlib.Path, group_by: str = "") -> TableRows:
    """Reads a table.

    Args:
        path: the file.
        group_by: the name of a column with groups of images; it is not read if there is none.

    Raises:
        UserError: It is no table, a column is missing or is there twice, or a row has more or
            fewer fields than the first line.
        OSError: It cannot be read.
    """
    return _TableReader(path, text_files.read(path, EXPECTED), group_by).read()


class _TableReader:
    """Reads one table."""

    def __init__(self, path: pathlib.Path, file: text_files.TextFile, group_by: str):
        self._path = path
        self._file = file
        self._group_by = group_by
        self._lines = file.lines_with_ends()
        self._passed = 0  # lines before those that the csv module counts
        self._remarks: list[Remark] = []

    def read(self) -> TableRows:
        """Returns the rows."""
        self._check_text()
        separator, first = self._find_separator()
        records = self._records(separator)
        _, header = next(records)
        header = [name.strip() for name in header]
        columns = self._find_columns(header, first) | self._find_groups(header)
        rows = self._read_rows(records, header, columns)
        if not rows:
            raise errors.UserError(
                f"{self._path} has no rows below its first line '{_shorten(first)}'. Expected a "
                "row for each image."
            )
        self._say_what_was_guessed()
        named = tuple(filter(None, header))
        return TableRows(rows, tuple(self._remarks), named, "group" in columns)

    # --- The first lines --------------------------------------------------------------------------

    def _check_text(self) -> None:
        start = self._file.text[:_SHOWN].lstrip()
        if not self._file.text.strip():
            raise errors.UserError(
                f"{self._path} is empty. Expected {EXPECTED}, with the columns path,label and "
                "optionally split."
            )
        kinds = {"<": "a page in HTML or XML", "{": "JSON", "[": "JSON"}
        if start[:1] in kinds:
            raise errors.UserError(f"{self._path} is {kinds[start[0]]}. Expected {EXPECTED}.")

    def _find_separator(self) -> tuple[str, str]:
        """Returns the separator and the line of the column names, to which it moves."""
        separators = _SEPARATORS
        while True:
            line = next(self._lines, "")
            named = re.fullmatch(r'"?sep=(.)"?', line.strip("\r\n"), re.IGNORECASE)
            if named:
                separators = named[1]
            elif line.strip() or not line:
                break
            self._passed += 1
        self._lines = itertools.chain([line], self._lines)
        first = line.strip("\r\n")
        if not first:
            raise errors.UserError(f"{self._path} has no rows. Expected {EXPECTED}.")
        start = [first[:_FIRST_LINE]]
        splits = {separator: next(csv.reader(start, delimiter=separator, skipinitialspace=True))
                  for separator in separators}  # fmt: skip
        known = {separator: (sum(bool(_candidates(column, names)) for column in _SYNONYMS),
                             len(names)) for separator, names in splits.items()}  # fmt: skip
        return max(separators, key=known.__getitem__), first

    def _find_columns(self, header: list[str], first: str) -> dict[str, int]:
        """Returns the column of path, label and perhaps split and checked: name -> index."""
        columns, renamed = {}, []
        for column in _SYNONYMS:
            found = _candidates(column, header)
            if len(found) > 1:
                names = " and ".join(repr(header[index]) for index in found)
                raise errors.UserError(
                    f"{self._path} has the columns {names}, which could each be {column}. Name one "
                    f"of them {column}, and rename or remove the others."
                )
            if found:
                columns[column] = found[0]
                if _plain(header[found[0]]) != column:
                    renamed.append(f"{header[found[0]]} as {column}")
        missing = [column for column in _NEEDED if column not in columns]
        if missing:
            raise errors.UserError(self._explain_missing(missing, header, first))
        if renamed:
            self._remarks.append(Remark(
                "note", f"{len(renamed):,} column(s) of the table are read by another name",
                "name them path, label and split, and others otherwise, if this is wrong",
                tuple(renamed),
            ))  # fmt: skip
        return columns

    def _find_groups(self, header: list[str]) -> dict[str, int]:
        """Returns the column of groups: "group" -> index; empty if there is none."""
        names, own = header, self._group_by
        if own and own not in header:  # perhaps in other capitals
            names, own = [_plain(name) for name in header], _plain(own)
        found = [index for index, name in enumerate(names) if name and name == own]
        if len(found) > 1:
            raise errors.UserError(
                f"{self._path} has {len(found)} columns that --group_by={escape(self._group_by)} "
                "could mean. Rename or remove the others."
            )
        return {"group": found[0]} if found else {}

    def _explain_missing(self, missing: list[str], header: list[str], first: str) -> str:
        line = _shorten(first)
        looks_like_a_row = any(
            image_formats.format_from_suffix(pathlib.PurePosixPath(field)) for field in header
        )
        if len(missing) == len(_NEEDED) and looks_like_a_row:
            return (
                f"{self._path} has no names of columns: its first line '{line}' names an image "
                "already. Put the line path,label above it."
            )
        close = [errors.closest(column, header) for column in missing]
        meant = "".join(f" Did you mean {column} by {name!r}?"
                        for column, name in zip(missing, close, strict=True) if name)  # fmt: skip
        separated = "" if len(header) > 1 else ", separated by a comma, a semicolon, a tab or |"
        return (
            f"{self._path} lacks the column {' and '.join(missing)}; its first line is '{line}'. "
            f"Expected path,label and optionally split{separated}.{meant}"
        )

    # --- Rows -------------------------------------------------------------------------------------

    def _records(self, separator: str) -> Iterator[tuple[int, list[str]]]:
        """Yields the first line and the fields of each record."""
        self._separator = separator
        records = csv.reader(self._lines, delimiter=separator, strict=True, skipinitialspace=True)
        line = 0
        try:
            while True:
                line = records.line_num + self._passed + 1
                yield line, next(records)
        except StopIteration:
            return
        except csv.Error as error:
            raise errors.UserError(f"{self._path}, line {line}: {_explain(error)}") from error

    def _read_rows(
        self, records: Iterator[tuple[int, list[str]]], header: list[str], columns: dict[str, int]
    ) -> list[Row]:
        """Returns the rows that name a file."""
        needed = 1 + max(at for at, name in enumerate(header) if name)
        unnamed = [at for at, name in enumerate(header) if not name]
        at_path, at_label = columns["path"], columns["label"]
        others = [columns.get(name) for name in ("split", "group", "checked")]
        rows, empty, again, filled = [], [], [], set()
        for line, fields in records:
            if not any(map(str.strip, fields)):
                empty += [f"line {line}"] if len(fields) > 1 else []
                continue
            if [field.strip("\ufeff \t") for field in fields] == header:  # tables that were joined
                again.append(f"line {line}")
                continue
            if len(fields) != len(header):
                self._check_count(line, len(fields), needed, len(header))
            if unnamed:
                filled |= {at for at in unnamed if fields[at : at + 1] and fields[at].strip()}
            said = ("" if at is None else fields[at].strip() for at in others)
            row = Row(line, fields[at_path].strip(), fields[at_label].strip(), *said)
            if re.search("[\r\n]", "".join(row[1:])):
                raise errors.UserError(
                    f"{self._path}, line {line}: there is a line break in {_broken(row)}. Is a "
                    "quotation mark missing?"
                )
            rows.append(row)
        unread = [name or f"column {at + 1}, which has no name" for at, name in enumerate(header)
                  if at not in columns.values() and (name or at in filled)]  # fmt: skip
        read = [*_SYNONYMS, *([header[columns["group"]]] if "group" in columns else ())]
        self._say_what_is_not_read(read, unread, "checked" in columns, empty, again)
        return rows

    def _check_count(self, line: int, count: int, needed: int, given: int) -> None:
        """Refuses a row that does not fit the columns: a comma in a path moves all behind it."""
        if not needed <= count <= given:
            raise errors.UserError(
                f"{self._path}, line {line}: this row has {count} field(s), but the first line has "
                f"{given}. Write {self._separator!r} between fields only, or put a field that "
                "contains it in quotation marks."
            )

    # --- What is said -----------------------------------------------------------------------------

    def _say_what_is_not_read(
        self,
        read: Sequence[str],
        unread: list[str],
        checked: bool,
        empty: list[str],
        again: list[str],
    ) -> None:
        about = [name for name in unread if _ABOUT_LABELS & set(_plain(name).split("_"))]
        others = [name for name in unread if name not in about]
        if about:
            self._remarks.append(Remark(
                "warning", f"{len(about):,} column(s) of the table seem to tell which labels are "
                "right, and are not read",
                "nothing must be done: the column checked is read" if checked else "did you mean "
                "checked? Name the column checked, with 1 for a label that you have checked",
                tuple(about),
            ))  # fmt: skip
        if others:
            self._remarks.append(Remark(
                "note", f"{len(others):,} column(s) of the table are not read",
                f"nothing must be done: only {', '.join(read[:-1])} and {read[-1]} are read",
                tuple(others),
            ))  # fmt: skip
        if empty:
            self._remarks.append(Remark(
                "note", f"{len(empty):,} row(s) of the table are empty and are passed over",
                "nothing must be done", tuple(empty),
            ))  # fmt: skip
        if again:
            self._remarks.append(Remark(
                "note", f"{len(again):,} row(s) of the table repeat the names of its columns, and "
                "are passed over", "nothing must be done", tuple(again),
            ))  # fmt: skip

    def _say_what_was_guessed(self) -> None:
        if guessed := self._file.guessed:
            lines = self._file.lines()
            self._remarks.append(Remark(
                "note", f"{len(guessed):,} line(s) of the table are not UTF-8, and are read as "
                f"{self._file.encoding}", "save the table as CSV UTF-8 if they are read wrongly",
                tuple(f"line {line}: {_shorten(lines[line - 1])}" for line in guessed),
            ))  # fmt: skip


def _candidates(column: str, header: Sequence[str]) -> list[int]:
    """Returns the indices of the columns with this name; without any, those that mean it."""
    plain = [_plain(name) for name in header]
    exact = [index for index, name in enumerate(plain) if name == column]
    return exact or [index for index, name in enumerate(plain) if name in _SYNONYMS[column]]


def _plain(name: str) -> str:
    """Returns the name of a column without capitals, with "_" between words."""
    return re.sub(r"[-\s_]+", "_", class_names.fold(name)).strip("_")


def _explain(error: csv.Error) -> str:
    """Returns what is wrong with a row, in words."""
    text = str(error)
    if "field limit" in text:
        return (
            f"a field is longer than {csv.field_size_limit():,} characters. Is a quotation mark "
            "missing?"
        )
    if "end of data" in text:
        return "a quotation mark opens a field that does not end. Add the second one."
    return (
        "there is more text behind the quotation mark that ends a field. Put the whole field in "
        "quotation marks, and double those inside it."
    )


def _broken(row: Row) -> str:
    """Returns the name and the start of the field that has a line break."""
    fields = row._asdict()
    column = next(name for name in (*_SYNONYMS, "group") if re.search("[\r\n]", fields[name]))
    return f"the {column} '{_shorten(fields[column])}'"


def _shorten(text: str) -> str:
    """Returns the start of a text, as a terminal can show it."""
    return escape(text[:_SHOWN]) + "..." * (len(text) > _SHOWN)
