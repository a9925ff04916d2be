"""Tables of runs, whose cells hold runs that differ only in their seeds.

In tables by protocol, runs that learned in another way or from other data go to another row or
column. In a paper's table rows and columns are fixed: runs on other data are left out with the
reason, and those that learned in another way are refused.
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
from tf_ssgan.reports.common_data import LeftOut
from tf_ssgan.reports.finished_runs import FinishedRun

BASELINE = "supervised"


@dataclasses.dataclass(frozen=True)
class PublishedNumber:
    """A number that a paper has published.

    Attributes:
        value: In the unit of the table.
        spread: Its standard deviation; None if none is published.
        source: The paper, and the number of its table.
        images: Training images of its data set; 0 if not known.
        number: Which number of a run the paper reports.
    """

    value: float
    spread: float | None
    source: str
    images: int
    number: str = "test_error"


@dataclasses.dataclass(frozen=True)
class ResultCell:
    """Runs that differ only in their seeds.

    Attributes:
        runs: The runs that have this quantity, by seed.
        values: Their values, in the unit of the table.
        published: The number that a paper has for such runs.
        paired: Difference to the table's baseline; None if no split is shared, and in the baseline.
        budget: The budget that the runs have; empty if they have none.
        difference: Our mean minus the published number, both of the number that the paper reports;
            None if one is missing, or if they have different scales.
        test_images: Test images that each value is a share of; 0 if it is not a share.
        fingerprint: What its scores depend on besides the images; None if they are no scores.
        lacking: The runs that are left out, because they do not have this quantity.
    """

    runs: tuple[FinishedRun, ...] = ()
    values: tuple[float, ...] = ()
    published: PublishedNumber | None = None
    paired: PairedDifference | None = None
    budget: str = ""
    difference: float | None = None
    test_images: int = 0
    fingerprint: Any = None
    lacking: tuple[FinishedRun, ...] = ()

    @property
    def mean(self) -> MeanOverSeeds | None:
        """The mean over the seeds; None without runs."""
        return MeanOverSeeds(self.values) if self.values else None

    @property
    def lacks_folds(self) -> bool:
        """Whether folds of its runs are missing, so that it is compared with nothing."""
        return any(run.missing_folds for run in self.runs)

    @property
    def other_images(self) -> bool:
        """Whether these runs had other images than the paper, so that numbers may differ."""
        official = self.published.images if self.published else 0
        return bool(official) and any(run.images != official for run in self.runs)


@dataclasses.dataclass(frozen=True)
class ResultTable:
    """A table of runs.

    Attributes:
        name: Used in files and anchors.
        title: One line.
        rows: In order.
        columns: In order.
        cells: (row, column) -> cell; missing cells are empty.
        measure: What its numbers are.
        number: Which number of a run it takes.
        baseline: The row that others are compared with; empty without one.
        source: Source of the published numbers; empty if each cell has its own.
        note: What a reader must know.
        shows: Images and charts that belong to it.
        left_out: Folders of runs that would share a cell with runs on other data, and the reasons.
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
    left_out: tuple[LeftOut, ...] = ()

    def cell(self, row: str, column: str) -> ResultCell:
        """The cell in a row and column; an empty one if it is missing."""
        return self.cells.get((row, column), ResultCell())

    @property
    def runs(self) -> list[FinishedRun]:
        """All its runs, row by row; the folds of a seed are one."""
        return [run for r in self.rows for c in self.columns for run in self.cell(r, c).runs]

    @property
    def parts(self) -> list[FinishedRun]:
        """All its runs, row by row; each fold is one."""
        return [part for run in self.runs for part in run.parts]


def add_paired_differences(table: ResultTable, against: str = "") -> ResultTable:
    """Adds the paired differences to a baseline.

    Args:
        table: A table.
        against: One of its rows; empty takes a row of `supervised`, else the first row of a paper's
            table, or the method whose name comes first.

    Raises:
        UserError: It has no such row.
    """
    filled = [
        row
        for row in table.rows
        if any(
            cell.runs and not cell.lacks_folds
            for cell in (table.cell(row, c) for c in table.columns)
        )
    ]
    if against and against not in table.rows:
        raise errors.UserError(
            f"--against={against} is not a row of {table.name}. {errors.nearest(against, filled)}"
        )
    if len(filled) < 2 and not against:
        return table
    baseline = against or min(filled, key=functools.partial(_baseline_order, table))
    cells = {
        (row, column): dataclasses.replace(
            cell,
            paired=compare_cells(cell, table.cell(baseline, column)) if row != baseline else None,
        )
        for (row, column), cell in table.cells.items()
    }
    return dataclasses.replace(table, cells=cells, baseline=baseline)


def _baseline_order(table: ResultTable, row: str) -> tuple:
    """Sorts the rows so that the best baseline comes first; errors play no part in this."""
    runs = [run for column in table.columns for run in table.cell(row, column).runs]
    method = runs[0].method
    order = table.rows.index(row) if table.source else method
    return method != BASELINE, order, -len(runs), row


def make_cell(
    runs: Iterable[FinishedRun],
    measure: str,
    number: str,
    published: PublishedNumber | None,
    budget: str,
) -> ResultCell:
    """Makes a cell of the runs that have the quantity.

    Args:
        runs: Runs that differ only in their seeds.
        measure: A key of `papers.QUANTITIES`.
        number: Which number of a run to take.
        published: The number that a paper has for such runs.
        budget: Their budget.
    """
    ordered = sorted(runs, key=lambda run: run.seeds)
    measured = [(run, quantities.run_quantity(run, measure, number)) for run in ordered]
    measured = [(run, value) for run, value in measured if value is not None]
    difference = None
    own = [run for run, _ in measured]
    if measured and published and not papers.QUANTITIES[measure].published_scale:
        # The paper may report another number of a run than the table takes.
        values = [quantities.run_quantity(run, measure, published.number) for run in own]
        if None not in values:
            difference = statistics.fmean(values) - published.value
    return ResultCell(
        runs=tuple(own),
        values=tuple(value for _, value in measured),
        published=published,
        budget=budget,
        difference=difference,
        test_images=min((quantities.images_measured(run, measure) for run in own), default=0),
        fingerprint=quantities.score_fingerprint(own[0], measure) if own else None,
        lacking=tuple(run for run in ordered if run not in own),
    )


def refuse_mixture(where: str, runs: Sequence[FinishedRun]) -> None:
    """Raises UserError if runs of one cell differ in more than their seeds."""
    for other in runs[1:]:
        first, text = runs[0], ""
        for part in ("protocol", "settings"):
            mine, theirs = getattr(first, part), getattr(other, part)
            names = [k for k in dict.fromkeys([*mine, *theirs]) if mine.get(k) != theirs.get(k)]
            text = text or ", ".join(f"{k} ({mine.get(k)}, {theirs.get(k)})" for k in names)
        if text:
            raise errors.UserError(
                f"{first.folder} and {other.folder} both fit the cell {where}, and differ in "
                f"{text}: they have no common mean. Give runs of one kind only, or --budget."
            )


def refuse_other_fingerprints(where: str, runs: Sequence[FinishedRun], measure: str) -> None:
    """Raises UserError if runs of one cell have scores with different fingerprints."""
    scored = [(run, quantities.score_fingerprint(run, measure)) for run in runs]
    scored = [(run, fingerprint) for run, fingerprint in scored if fingerprint is not None]
    for run, fingerprint in scored:
        first, expected = scored[0]
        if fingerprint != expected:
            raise errors.UserError(
                f"{first.folder} and {run.folder} both fit the cell {where}, and were scored by "
                "different reference classifiers, or by other numbers of images: they have no "
                "common mean. Evaluate them again: python -m tf_ssgan.evaluate --run=FOLDER "
                "--generator"
            )


def compare_cells(ours: ResultCell, theirs: ResultCell) -> PairedDifference | None:
    """Differences between runs that learned from the same labeled images of the same data.

    Returns:
        None if there are no such runs, or if their scores have different fingerprints.
    """
    if ours.fingerprint != theirs.fingerprint:
        return None
    images = ours.test_images, theirs.test_images
    return paired_difference(values_by_split(ours), values_by_split(theirs), images)


def values_by_split(cell: ResultCell, name: str = "") -> dict[Any, list[float]]:
    """The values of a cell's runs, grouped by the labeled images that they learned from.

    Args:
        cell: The cell.
        name: A number of `result.json`; empty takes the table's own quantity.

    Returns:
        (split seed, SHA-256 of the split, fingerprint of the data) -> values; empty if a run does
        not have the number, or lacks folds.
    """
    if cell.lacks_folds:
        return {}
    splits = collections.defaultdict(list)
    for run, value in zip(cell.runs, cell.values, strict=True):
        value = run.result.get(name) if name else value
        if value is None:
            return {}
        splits[split_of(run)].append(value)
    return dict(splits)


def split_of(run: FinishedRun) -> tuple[int, str, str]:
    """What a run learned from: split seed, SHA-256 of the split, fingerprint of the data."""
    return run.seeds[0], run.result["split_sha256"], run.result["data_sha256"]
