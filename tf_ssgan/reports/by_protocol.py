"""Tables of runs by what they are: a row a method, a column a protocol."""

import collections
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.reports import by_paper
from tf_ssgan.reports.finished_runs import NOISE, FinishedRun
from tf_ssgan.reports.result_table import ResultCell, ResultTable, cell_of, compared, refuse_mixture


def by_protocol(
    records: Sequence[FinishedRun], number: str = "test_error", against: str = ""
) -> list[ResultTable]:
    """Makes a table for each data set: a row a method, a column a protocol.

    Args:
        records: Any runs.
        number: Which of a run's errors to take.
        against: The row to compare with; empty takes `supervised`, or the first.

    Raises:
        UserError: No table has the row to compare with, or two runs of a cell learned from
            different images under one name.
    """
    by_dataset = collections.defaultdict(list)
    for record in records:
        by_dataset[record.result["dataset"]].append(record)
    found = [_sheet(name, found, number) for name, found in by_dataset.items()]
    if against and not any(against in sheet.rows for sheet in found):
        rows = dict.fromkeys(row for sheet in found for row in sheet.rows)
        raise errors.UserError(
            f"--against={against} is no row of the tables. {errors.nearest(against, rows)}"
        )
    return [compared(sheet, against if against in sheet.rows else "") for sheet in found]


def _sheet(dataset: str, records: list[FinishedRun], number: str) -> ResultTable:
    """The table of a data set."""
    columns = _named([record.protocol for record in records], _column_name)
    rows = _row_names(records)
    grouped = collections.defaultdict(list)
    for record, row, column in zip(records, rows, columns, strict=True):
        grouped[row, column].append(record)
    cells = {}
    for (row, column), found in grouped.items():
        refuse_mixture(f"{row}, {column}", found)
        cells[row, column] = cell_of(found, "test_error", number, by_paper.known(found[0]), "")
    order = {row: _place(row, cells) for row in dict.fromkeys(rows)}
    return ResultTable(
        name=dataset,
        title=dataset,
        rows=tuple(sorted(order, key=lambda row: (order[row], row))),
        columns=tuple(sorted(dict.fromkeys(columns), key=_column_order(records, columns))),
        cells=cells,
        measure=papers.QUANTITIES["test_error"],
        number=number,
    )


def _row_names(records: Sequence[FinishedRun]) -> list[str]:
    """A name a run: its method, and what sets it apart from other runs of it on the same images."""
    alike = collections.defaultdict(list)
    for record in records:
        key = record.method, tuple(sorted(map(str, record.protocol.items())))
        alike[key].append(record)
    apart = collections.defaultdict(dict)  # an ordered set of names for each method
    for (method, _), found in alike.items():
        apart[method] |= dict.fromkeys(_differing([r.settings for r in found]))
    return [
        " ".join([record.method, *(f"{k}={record.settings.get(k)}" for k in apart[record.method])])
        for record in records
    ]


def named_without_noise(records: Sequence[FinishedRun]) -> list[str]:
    """A name a run: its labels, and what sets its protocol apart but for what is wrong in them."""
    return _named([r.protocol | dict.fromkeys(NOISE, 0) for r in records], _column_name)


def _named(
    parts: Sequence[Mapping[str, Any]], name: Callable[[Mapping[str, Any], list[str]], str]
) -> list[str]:
    differing = _differing(parts)
    return [name(part, differing) for part in parts]


def _column_name(protocol: Mapping[str, Any], differing: list[str]) -> str:
    """Labels, and what sets a protocol apart from the others."""
    labels = protocol["labels"]
    told = [f"{labels:,} labels" if labels != 1 else "1 label"]
    if set(NOISE) & set(differing):
        told.append(noise(protocol))
    if "validation" in differing:
        held = protocol["validation"]
        told.append("usual share held out" if held == -1 else f"{held:,} held out")
    if "images" in differing:
        many = protocol["images"]
        told.append(f"{many:,} training images" if many else "images not counted")
    known = ("labels", "dataset", "validation", "images", *NOISE)
    return ", ".join([*told, *(f"{k}={protocol[k]}" for k in differing if k not in known)])


def noise(protocol: Mapping[str, Any]) -> str:
    """What is wrong with the labels of a protocol, in words."""
    kind, rate, clean = (protocol[name] for name in NOISE)
    known = f"{100 * clean:.9g} % known to be right, others"
    if kind == "none":
        return f"{known} right too" if clean else "right labels"
    words = {"wrong": "wrong", "uniform": "drawn anew", "permute": "permuted", "pair": "the next"}
    told = words.get(kind, kind) if rate == 1 else f"{100 * rate:.9g} % {words.get(kind, kind)}"
    return f"{known} {told}" if clean else told


def _differing(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys in which some mappings differ, in their order."""
    names = dict.fromkeys(key for part in parts for key in part)
    return [k for k in names if any(part.get(k) != parts[0].get(k) for part in parts)]


def _column_order(records: Sequence[FinishedRun], columns: Sequence[str]) -> Callable[[str], tuple]:
    """Fewer labels first, then less noise, then the name."""
    known = {}
    for record, column in zip(records, columns, strict=True):
        protocol = record.protocol
        known[column] = (
            protocol["labels"],
            protocol["noise_rate"],
            protocol["clean_fraction"],
            column,
        )
    return lambda column: known[column]


def _place(row: str, cells: Mapping[tuple[str, str], ResultCell]) -> float:
    """Where a row stands: at its mean distance to the means of the columns that it is in."""
    by_column = collections.defaultdict(dict)
    for (name, column), cell in cells.items():
        if cell.mean:
            by_column[column][name] = cell.mean.mean
    distances = [
        found[row] - statistics.fmean(found.values())
        for found in by_column.values()
        if row in found and len(found) > 1
    ]
    return statistics.fmean(distances) if distances else float("inf")
