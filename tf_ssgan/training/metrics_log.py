"""Metrics of a run as files: `metrics.jsonl` and `history.csv`, one line per evaluation."""

import contextlib
import csv
import io
import json
import pathlib
from typing import Any

from tf_ssgan.common import files


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


def history(path: pathlib.Path, until: int | None = None) -> list[dict[str, Any]]:
    """The lines of `metrics.jsonl`; a last line cut short by a kill is left out.

    Args:
        path: The file; it may be missing.
        until: Leave out lines of later steps.
    """
    lines = []
    for text in path.read_text().splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError):
            lines.append(json.loads(text))
    return [line for line in lines if until is None or line["step"] <= until]


def rewind(path: pathlib.Path, step: int) -> None:
    """Removes the lines after a step from both files; a continued run writes them again."""
    kept = history(path, until=step)
    files.replace(path, "".join(json.dumps(line) + "\n" for line in kept))
    files.replace(path.with_name("history.csv"), _table(kept))


def _header(table: pathlib.Path) -> list[str]:
    """Column names of a table; an empty list for a missing or empty file."""
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return next(csv.reader(file), [])


def _table(lines: list[dict[str, Any]]) -> str:
    """Lines as CSV, with a column for every name that occurs."""
    table = io.StringIO()
    if lines:
        writer = csv.DictWriter(table, dict.fromkeys(name for line in lines for name in line))
        writer.writeheader()
        writer.writerows(lines)
    return table.getvalue()
