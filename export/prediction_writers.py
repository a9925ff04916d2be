r"""Writes predictions as CSV, JSON lines or HTML, a row for each path.

Rows are written one after another and not stored, so memory does not grow with their number.
The output is UTF-8. Bytes of a file's name that are not UTF-8 become \udc80 to \udcff, which JSON
reads as escapes and `os.fsencode` turns back into the original bytes.
"""

import contextlib
import csv
import glob
import io
import json
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from export import html_writer, predictions
from tf_ssgan.common import errors, files, plain_text
from tf_ssgan.data import image_files, image_formats
from tf_ssgan.reports import escaping

# --- The writers ----------------------------------------------------------------------------------


class CsvWriter:
    """path, label, probability, label_2, probability_2, ..., reason; a line for each row.

    A spreadsheet takes no cell for a formula: such a path begins with ./, such a label with '.
    """

    thumbnails = False

    def __init__(self, file: TextIO, facts: Mapping[str, str], top: int):
        """Writes the names of the columns.

        Args:
            file: The open file.
            facts: What is known of the model; not written.
            top: Classes in each row.
        """
        del facts
        self._file, self._top = file, top
        # csv of Python 3.11 quotes a carriage return only if the line end has one; `write` puts
        # the end right.
        self._rows = csv.writer(self, lineterminator="\r\n")
        further = [f"{name}_{k}" for k in range(2, top + 1) for name in ("label", "probability")]
        self._rows.writerow(["path", "label", "probability", *further, "reason"])

    def add(self, row: predictions.Prediction) -> None:
        """Writes a row."""
        cells = [cell for name, value in row.top for cell in (name, f"{value:.6f}")]
        cells += [""] * (2 * self._top - len(cells))
        cells[0] = row.label or ""
        cells = [escaping.csv_cell(cell) for cell in cells]
        # The path stays one of the same file.
        path = f"./{row.path}" if escaping.is_formula(row.path) else row.path
        self._rows.writerow([path, *cells, row.reason or ""])

    def write(self, line: str) -> None:
        """Takes a line from the csv module."""
        line = line.removesuffix("\r\n")
        if self._file.isatty():  # a name with a line end is no further row to the eye
            line = plain_text.escape(line)
        self._file.write(line + "\n")

    def end(self, counts: predictions.PredictionCounts) -> None:
        """Writes nothing."""


class JsonLinesWriter:
    """An object for each row, one a line: path, label, probability, top, abstained, reason."""

    thumbnails = False

    def __init__(self, file: TextIO, facts: Mapping[str, str], top: int):
        """Takes the file; what is known of the model is not written."""
        del facts, top
        self._file = file

    def add(self, row: predictions.Prediction) -> None:
        """Writes a row."""
        top = [{"label": name, "probability": round(value, 6)} for name, value in row.top]
        content = {
            "path": row.path,
            "label": row.label,
            "probability": top[0]["probability"] if top else None,
            "top": top,
            "abstained": row.abstained,
            "reason": row.reason,
        }
        self._file.write(json.dumps(content, ensure_ascii=False) + "\n")

    def end(self, counts: predictions.PredictionCounts) -> None:
        """Writes nothing."""


Writer = CsvWriter | JsonLinesWriter | html_writer.HtmlWriter
WRITERS = {"csv": CsvWriter, "jsonl": JsonLinesWriter, "html": html_writer.HtmlWriter}


# --- The output -----------------------------------------------------------------------------------


@contextlib.contextmanager
def open_output(to: str, paths: Sequence[str]) -> Iterator[tuple[TextIO, tuple[str, ...]]]:
    """Opens the output: a file that appears whole or not at all, or standard output.

    Args:
        to: The file; empty for standard output.
        paths: What is read, and must not be overwritten.

    Yields:
        The open file, and the real paths of the files that are being written.

    Raises:
        UserError: The output cannot be written, or would overwrite something.
    """
    encoding = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    if to:
        _check_output(to, paths)
        with _replacing(to, encoding) as opened:
            yield opened
        return
    try:
        sys.stdout.reconfigure(**encoding)
        yield (_Terminal(sys.stdout) if sys.stdout.isatty() else sys.stdout), ()
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more when it ends, and that would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise SystemExit(141) from None  # a shell's status for SIGPIPE, as with `head`
        raise errors.UserError(
            f"Standard output cannot be written ({error.strerror}). Give --to=FILE elsewhere."
        ) from error


@contextlib.contextmanager
def _replacing(to: str, encoding: dict[str, str]) -> Iterator[tuple[TextIO, tuple[str, ...]]]:
    target = os.path.realpath(to)  # a link stays a link
    folder, name = os.path.split(target)
    hidden = os.path.join(folder, f".{name}")
    partial = files.partial_name(hidden)
    try:
        files.remove_leftovers(pathlib.Path(folder), [glob.escape(f".{name}")])
        with open(partial, "w", **encoding) as file:
            yield file, (target, partial)
        os.replace(partial, target)
    except OSError as error:
        raise errors.UserError(
            f"--to={to} cannot be written ({error.strerror}). Give a file in a folder in which "
            "you can write."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(partial)


class _Terminal(io.TextIOBase):
    """A terminal that gets no control characters but the ends of lines."""

    def __init__(self, file: TextIO):
        self._file = file

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return self._file.write("\n".join(map(plain_text.escape, text.split("\n"))))


def _check_output(to: str, paths: Sequence[str]) -> None:
    """Refuses to overwrite an image, a path that is read, or something that is not a file."""
    problem = ""
    if image_formats.format_from_suffix(pathlib.PurePath(to)):
        problem = "has the name of an image"
    elif os.path.islink(os.path.realpath(to)):
        problem = "is a link to itself"
    elif os.path.exists(to):
        problem = "" if os.path.isfile(to) else "exists and is not a file"
        if any(os.path.exists(path) and os.path.samefile(path, to) for path in paths):
            problem = "is among the paths to read"
        with contextlib.suppress(image_formats.ImageFileError):
            problem = f"is an image ({image_files.read_header(to).format})"
    if problem:
        raise errors.UserError(f"--to={to} {problem}. Give another name, say answers.csv.")
