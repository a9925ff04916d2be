"""Metrics of a run as files: `metrics.jsonl` and `history.csv`, one line per evaluation."""

import contextlib
import csv
import dataclasses
import io
import json
import os
import pathlib
from typing import Any

from tf_ssgan.common import errors, files, json_text
from tf_ssgan.training import run_file_contents, run_files

_TAIL = 2**16  # bytes at the end of the file that surely hold a whole line


@dataclasses.dataclass(frozen=True)
class MetricsHistory:
    """The evaluations of a run.

    Attributes:
        lines: The lines of `metrics.jsonl` in ascending order of their steps.
        damaged: For each line that is skipped because it is damaged, its number and the reason.
    """

    lines: list[dict[str, Any]]
    damaged: tuple[str, ...] = ()

    def describe_damage(self, path: pathlib.Path, verb: str = "Skipped") -> str:
        """A sentence about the damaged lines; empty if there are none."""
        if not self.damaged:
            return ""
        count = len(self.damaged)
        lines = "a damaged line" if count == 1 else f"{count:,} damaged lines"
        more = ", ..." if count > 1 else ""
        return f"{verb} {lines} of {path} ({self.damaged[0]}{more})."


def append(path: pathlib.Path, line: dict[str, Any]) -> None:
    """Adds a line to `metrics.jsonl` and to `history.csv` beside it.

    A line with new names, such as those of another stage, adds columns to the table.
    """
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    table = path.with_name("history.csv")
    names = _header(table)
    if not set(line) <= set(names):
        files.replace(table, _table(history(path)))
        return
    with table.open("a", newline="") as file:
        csv.DictWriter(file, names).writerow(line)


def read(path: pathlib.Path) -> MetricsHistory:
    """Reads `metrics.jsonl`, and skips damaged lines.

    A last line without a line end is read if it is whole; a kill may have cut it short, which is no
    damage.

    Args:
        path: The file; it may be missing.

    Raises:
        UserError: It cannot be read.
    """
    try:
        content = files.read_whole(path, run_files.LARGEST_FILE) or b""
    except ValueError as error:
        raise run_files.damaged(path, str(error), "Remove it.") from error
    except OSError as error:
        raise errors.UserError(f"{path} cannot be read: {error.strerror}.") from error
    lines, damaged = [], []
    for number, text in enumerate(_whole_lines(content), 1):
        try:
            line = _parsed(text)
            if lines and line["step"] <= lines[-1]["step"]:
                raise ValueError(f"step {line['step']} comes after step {lines[-1]['step']}")
            lines.append(line)
        except ValueError as error:
            damaged.append(f"line {number}: {errors.first_line(error)}")
    return MetricsHistory(lines, tuple(damaged))


def history(path: pathlib.Path, until: int | None = None) -> list[dict[str, Any]]:
    """The undamaged lines of `metrics.jsonl`; see `read`.

    Args:
        path: The file; it may be missing.
        until: Leave out lines of later steps.
    """
    return [line for line in read(path).lines if until is None or line["step"] <= until]


def last(path: pathlib.Path) -> dict[str, Any] | None:
    """The last undamaged line, read without the ones before it; None if there is none."""
    if not os.path.isfile(path):  # opening a pipe would wait
        return None
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            content = file.read()
    except OSError:
        return None
    for text in reversed(_whole_lines(content)):
        try:
            return _parsed(text)
        except ValueError:
            continue
    return None


def rewind(path: pathlib.Path, step: int) -> str:
    """Removes the lines after a step from both files; a continued run writes them again.

    Returns:
        A sentence about damaged lines, which are removed too; empty if there are none.
    """
    found = read(path)
    kept = [line for line in found.lines if line["step"] <= step]
    files.replace(path, "".join(json.dumps(line) + "\n" for line in kept))
    files.replace(path.with_name("history.csv"), _table(kept))
    return found.describe_damage(path, "Removed")


def _whole_lines(content: bytes) -> list[bytes]:
    """The lines of a file; the last one only if it has its end, or is whole JSON without it."""
    *lines, last_one = content.split(b"\n")
    if last_one:
        with contextlib.suppress(ValueError):
            json_text.loads(last_one)
            lines.append(last_one)
    return lines


def _parsed(text: bytes) -> dict[str, Any]:
    """A line; raises ValueError if it is damaged."""
    line = json_text.loads(text)
    run_files.check(run_file_contents.MetricsLine, line)
    return line


def _header(table: pathlib.Path) -> list[str]:
    """Column names of a table; an empty list for a missing, empty or damaged file."""
    try:
        content = files.read_whole(table, run_files.LARGEST_FILE) or b""
        return next(csv.reader(io.StringIO(content.decode(), newline="")), [])
    except (OSError, ValueError, csv.Error):  # it is written anew
        return []


def _table(lines: list[dict[str, Any]]) -> str:
    """Lines as CSV, with a column for every name that occurs."""
    table = io.StringIO()
    if lines:
        writer = csv.DictWriter(table, dict.fromkeys(name for line in lines for name in line))
        writer.writeheader()
        writer.writerows(lines)
    return table.getvalue()
