"""The recall of each class by each method, for each column of a table whose runs have it."""

import dataclasses
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_ssgan.reports import cell_text
from tf_ssgan.reports.result_table import ResultCell, ResultTable

MOST_CLASSES = 20  # of more classes, only the lowest are shown
LOWEST = 10
NEVER = "never predicted"
_COUNTS = ("images", "right", "predicted")


@dataclasses.dataclass(frozen=True)
class RecallTable:
    """The recall of classes by methods.

    Attributes:
        title: One line.
        rows: The headings, then a row of text for each class.
        never: Sentences on the classes that a method never predicts.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]
    never: tuple[str, ...]


def recall_tables(table: ResultTable) -> Iterator[RecallTable]:
    """The recalls of a table: of each class, or of the lowest ten if there are more than 20.

    Args:
        table: A table; columns whose runs have no recalls, as older ones, are left out.
    """
    for column in table.columns:
        cells = {row: table.cell(row, column) for row in table.rows}
        cells = {row: cell for row, cell in cells.items() if _has_recalls(cell)}
        if cells and cell_text.is_error_or_accuracy(table):
            yield _recall_table(column, cells)


def _recall_table(column: str, cells: Mapping[str, ResultCell]) -> RecallTable:
    counts = {row: _counts(cell) for row, cell in cells.items()}
    names = list(dict.fromkeys(name for own in counts.values() for name in own))
    title = f"Recall of each class, {column}"
    if len(names) > MOST_CLASSES:
        title = f"Recall of the lowest {LOWEST} of {len(names):,} classes, {column}"
        names = _lowest(names, counts)
    rows = [
        (name, *(_text(own.get(name), len(cells[row].runs)) for row, own in counts.items()))
        for name in names
    ]
    never = [_never(column, row, cells[row], own) for row, own in counts.items()]
    return RecallTable(title, (("class", *counts), *rows), tuple(filter(None, never)))


def _has_recalls(cell: ResultCell) -> bool:
    return bool(cell.runs) and all(run.result.get("class_recall") for run in cell.runs)


def _counts(cell: ResultCell) -> dict[str, dict[str, Any]]:
    """Class -> its counts over all runs of a cell, and in how many runs it is never predicted."""
    totals: dict[str, dict[str, Any]] = {}
    for run in cell.runs:
        for own in run.result["class_recall"]:
            total = totals.setdefault(own["name"], dict.fromkeys((*_COUNTS, "never"), 0))
            for name in _COUNTS:
                total[name] += own[name]
            total["never"] += own["predicted"] == 0
    return totals


def _lowest(names: Sequence[str], counts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The classes with the lowest recall in the mean over the methods, the lowest first."""

    def recall(name: str) -> float:
        own = [counts[row].get(name) for row in counts]
        shares = [one["right"] / one["images"] for one in own if one and one["images"]]
        return statistics.fmean(shares) if shares else 2.0  # after those with test images

    return sorted(names, key=recall)[:LOWEST]


def _text(counts: Mapping[str, Any] | None, runs: int) -> str:
    """87.1 % (27 of 31), or 85.0 % (79 of 93 in 3 runs); and that it is never predicted."""
    if counts is None:
        return cell_text.EMPTY
    if not counts["images"]:
        return "no test image"
    where = f" in {runs} runs" if runs > 1 else ""
    share = 100 * counts["right"] / counts["images"]
    text = f"{share:.1f} % ({counts['right']:,} of {counts['images']:,}{where})"
    if not counts["never"]:
        return text
    often = f" in {counts['never']} of {runs} runs" if counts["never"] < runs else ""
    return f"{text}, {NEVER}{often}"


def _never(column: str, row: str, cell: ResultCell, counts: Mapping[str, Mapping[str, Any]]) -> str:
    """Names the classes that no run of a method ever predicts; empty if there are none."""
    names = [
        name for name, own in counts.items() if own["images"] and own["never"] == len(cell.runs)
    ]
    if not names:
        return ""
    shown = ", ".join(names[:LOWEST]) + (
        f" and {len(names) - LOWEST:,} more" if len(names) > LOWEST else ""
    )
    return f"{column}: never predicted by {row}: {shown}."
