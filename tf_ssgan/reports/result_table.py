"""Runs put into the cells of tables: as a paper has them, or by what they are.

A cell holds runs that differ in nothing but their seeds. By themselves, runs that learned otherwise
or from something else come into another row or column; in a paper's table, where rows and columns
are fixed, such runs are refused.
"""

import collections
import dataclasses
import functools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tf_ssgan import papers
from tf_ssgan.common import errors
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference, paired_difference
from tf_ssgan.reports import quantities
from tf_ssgan.reports.finished_runs import FinishedRun

BASELINE = "supervised"


@dataclasses.dataclass(frozen=True)
class PublishedNumber:
    """A number as a paper has it.

    Attributes:
        value: In the unit of the sheet.
        spread: Its standard deviation, where printed.
        source: Which paper, which table.
        images: Training images of the data set that it is for; 0 where not known.
        number: Which number of a run the paper reports.
    """

    value: float
    spread: float | None
    source: str
    images: int
    number: str = "test_error"


@dataclasses.dataclass(frozen=True)
class ResultCell:
    """Runs that differ in their seeds alone.

    Attributes:
        records: The runs, by seed; those without this quantity are not among them.
        values: Of each run, in the unit of the sheet.
        printed: What a paper has for such runs.
        paired: Against the sheet's baseline; None where no split is shared, and for itself.
        budget: Of which of the budgets the runs are; empty: of none.
        difference: Ours minus the printed one, of the number that the paper reports; None where
            one is missing.
    """

    records: tuple[FinishedRun, ...] = ()
    values: tuple[float, ...] = ()
    printed: PublishedNumber | None = None
    paired: PairedDifference | None = None
    budget: str = ""
    difference: float | None = None

    @property
    def mean(self) -> MeanOverSeeds | None:
        """Over the seeds; None without runs."""
        return MeanOverSeeds(self.values) if self.values else None

    @property
    def other_images(self) -> bool:
        """Whether these runs had other images than the paper's, so that the numbers part ways."""
        official = self.printed.images if self.printed else 0
        return bool(official) and any(r.images not in (None, official) for r in self.records)


@dataclasses.dataclass(frozen=True)
class ResultTable:
    """One table.

    Attributes:
        name: For files and anchors.
        title: What it is of.
        rows: In order.
        columns: In order.
        cells: (row, column) -> cell; those missing are empty.
        measure: What its numbers are.
        number: Which of a run's numbers it takes.
        baseline: The row that others are compared with; empty without one.
        source: Where the printed numbers are from; empty if each cell says its own.
        note: What a reader must know.
        shows: Pictures that belong to it.
    """

    name: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], ResultCell]
    measure: papers.Quantity
    number: str
    baseline: str = ""
    source: str = ""
    note: str = ""
    shows: tuple[str, ...] = ()

    def cell(self, row: str, column: str) -> ResultCell:
        """The cell there, or an empty one."""
        return self.cells.get((row, column), ResultCell())

    @property
    def records(self) -> list[FinishedRun]:
        """All its runs, row by row."""
        return [
            record for r in self.rows for c in self.columns for record in self.cell(r, c).records
        ]


def compared(sheet: ResultTable, against: str = "") -> ResultTable:
    """Adds the paired differences to a baseline.

    Args:
        sheet: A table.
        against: One of its rows; empty takes one of `supervised`, else the paper's first, or that
            of the method whose name comes first.

    Raises:
        UserError: It has no such row.
    """
    filled = [row for row in sheet.rows if any(sheet.cell(row, c).records for c in sheet.columns)]
    if against and against not in sheet.rows:
        raise errors.UserError(
            f"--against={against} is no row of {sheet.name}. {errors.nearest(against, filled)}"
        )
    if len(filled) < 2 and not against:
        return sheet
    baseline = against or min(filled, key=functools.partial(_standing, sheet))
    cells = {
        (row, column): dataclasses.replace(
            cell, paired=_paired(cell, sheet.cell(baseline, column)) if row != baseline else None
        )
        for (row, column), cell in sheet.cells.items()
    }
    return dataclasses.replace(sheet, cells=cells, baseline=baseline)


def _standing(sheet: ResultTable, row: str) -> tuple:
    """How fit a row is to be the baseline, the least most so; its errors have no say."""
    records = [record for column in sheet.columns for record in sheet.cell(row, column).records]
    method = records[0].method
    order = sheet.rows.index(row) if sheet.source else method
    return method != BASELINE, order, -len(records), row


def cell_of(
    records: Iterable[FinishedRun],
    measure: str,
    number: str,
    printed: PublishedNumber | None,
    budget: str,
) -> ResultCell:
    """A cell of the runs that have the quantity.

    Args:
        records: Runs that differ in their seeds alone.
        measure: A name of `tables.MEASURES`.
        number: Which of a run's numbers to take.
        printed: What a paper has for such runs.
        budget: Of which budget they are.
    """
    ordered = sorted(records, key=lambda record: record.seeds)
    measured = [(record, quantities.of(record, measure, number)) for record in ordered]
    measured = [(record, value) for record, value in measured if value is not None]
    difference = None
    if measured and printed:
        like = [quantities.of(record, measure, printed.number) for record, _ in measured]
        known = [value for value in like if value is not None]
        difference = statistics.fmean(known) - printed.value if len(known) == len(like) else None
    return ResultCell(
        records=tuple(record for record, _ in measured),
        values=tuple(value for _, value in measured),
        printed=printed,
        budget=budget,
        difference=difference,
    )


def refuse_mixture(where: str, records: Sequence[FinishedRun]) -> None:
    """Raises UserError where runs of one cell differ in more than their seeds."""
    for other in records[1:]:
        first, told = records[0], ""
        for part in ("protocol", "settings"):
            mine, theirs = getattr(first, part), getattr(other, part)
            names = [k for k in dict.fromkeys([*mine, *theirs]) if mine.get(k) != theirs.get(k)]
            told = told or ", ".join(f"{k} ({mine.get(k)}, {theirs.get(k)})" for k in names)
        if told:
            raise errors.UserError(
                f"{first.folder} and {other.folder} both fit the cell {where}, and differ in "
                f"{told}: no mean is of both. Name the runs of one kind, or give --budget."
            )
    _refuse_other_images(where, records)


def refuse_other_judges(where: str, records: Sequence[FinishedRun], measure: str) -> None:
    """Raises UserError where runs of one cell were scored by different judges."""
    known = [(r, judge) for r in records if (judge := quantities.judge(r, measure)) is not None]
    for record, judge in known:
        if judge != known[0][1]:
            raise errors.UserError(
                f"{known[0][0].folder} and {record.folder} both fit the cell {where}, and were "
                "scored by different judges, or by other numbers of images: no mean is of both. "
                "Judge them again: python -m tf_ssgan.judge --run=FOLDER"
            )


def _refuse_other_images(where: str, records: Sequence[FinishedRun]) -> None:
    """Raises UserError where one split seed has drawn different images."""
    drawn: dict[int, FinishedRun] = {}
    for record in records:
        first = drawn.setdefault(record.seeds[0], record)
        mine, theirs = (r.result.get("split_sha256") for r in (first, record))
        if mine != theirs:
            raise errors.UserError(
                f"{first.folder} and {record.folder} both fit the cell {where}, and have other "
                f"labeled images by the same split seed {record.seeds[0]}: their data sets are not "
                "the same. Name the runs of one of them."
            )


def _paired(ours: ResultCell, theirs: ResultCell) -> PairedDifference | None:
    """Differences between runs that learned from the same labeled images."""
    return paired_difference(by_split(ours), by_split(theirs))


def by_split(cell: ResultCell, name: str = "") -> dict[Any, list[float]]:
    """The values of a cell's runs by what they learned from.

    Args:
        cell: The cell.
        name: A number of `result.json`; empty takes the sheet's own quantity.

    Returns:
        (split seed, what it has drawn) -> values; empty where a run does not have the number.
    """
    found = collections.defaultdict(list)
    for record, value in zip(cell.records, cell.values, strict=True):
        value = record.result.get(name) if name else value
        if value is None:
            return {}
        found[record.seeds[0], record.result.get("split_sha256")].append(value)
    return dict(found)
