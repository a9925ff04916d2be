"""Tables as papers have them, filled with runs; and what papers have printed for a run."""

import collections
import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tf_ssgan import papers
from tf_ssgan.common import startup
from tf_ssgan.reports.finished_runs import NOISE, FinishedRun
from tf_ssgan.reports.result_table import (
    PublishedNumber,
    ResultTable,
    cell_of,
    compared,
    refuse_mixture,
    refuse_other_judges,
)
from tf_ssgan.training import config


def of_table(
    table: papers.Table, records: Sequence[FinishedRun], budget: str = "", number: str = "",
    against: str = "",
) -> ResultTable:  # fmt: skip
    """Fills a paper's table.

    Args:
        table: The table.
        records: Any runs; those that fit no cell are left alone.
        budget: Takes the runs of this budget alone; empty takes any. For "full", TensorFlow is
            asked how long the recipes of the methods are.
        number: Which of a run's numbers to take; empty takes what the paper reports.
        against: The row to compare with; empty takes the first row with runs.

    Raises:
        UserError: Two runs fit a cell and differ in more than their seeds.
    """
    number = number or table.number
    cells = {}
    for cell in table.cells:
        fitting = [r for r in records if cell.trained and _fits(table, cell, budget, r)]
        where = f"{cell.row}, {cell.column} of {table.name}"
        refuse_mixture(where, fitting)
        refuse_other_judges(where, fitting, table.measure)
        name = (budget or _budget(table, cell, fitting)) if fitting else ""
        cells[cell.row, cell.column] = cell_of(
            fitting, table.measure, number, _printed(table, cell), name
        )
    sheet = ResultTable(
        name=table.name,
        title=table.title,
        rows=tuple(dict.fromkeys(cell.row for cell in table.cells)),
        columns=_columns(table),
        cells=cells,
        measure=papers.QUANTITIES[table.measure],
        number=number,
        source=table.source,
        note=table.note,
        shows=table.shows,
    )
    return compared(sheet, against)


def known(record: FinishedRun) -> PublishedNumber | None:
    """What is printed for such a run, as an error in percent; the first paper that has it."""
    for table, cell in papers.published(record.flags):
        if cell.published is None or _astray(record, cell.flags):
            continue
        if table.measure in ("test_error", "accuracy"):
            turned = 100 - cell.published if table.measure == "accuracy" else cell.published
            return PublishedNumber(
                round(turned, 4), cell.spread, table.source, table.images, table.number
            )
    return None


def _columns(table: papers.Table) -> tuple[str, ...]:
    """The columns in the order of the fullest row: others lack some."""
    by_row = collections.defaultdict(list)
    for cell in table.cells:
        by_row[cell.row].append(cell.column)
    fullest = sorted(by_row.values(), key=len, reverse=True)
    return tuple(dict.fromkeys(column for row in fullest for column in row))


def _fits(
    table: papers.Table, cell: papers.PublishedCell, budget: str, record: FinishedRun
) -> bool:
    """Whether a run is of a cell, and of a budget where one is asked for."""
    wanted = table.flags(cell, budget, record.result["seed"]) if budget else dict(cell.flags)
    if budget == "full":
        wanted |= _length(json.dumps(wanted))
    if wanted.get("noise_rate") == 0:
        wanted |= {"noise": "none"}  # whatever kind it is that there is none of
    return all(_same(record, name, value) for name, value in wanted.items()) and not _astray(
        record, wanted
    )


@functools.cache
def _length(flags: str) -> dict[str, int]:
    """How long a run with these flags is where nothing more is said; brings TensorFlow."""
    given = json.loads(flags)
    with startup.start_up():
        settings = config.settings(given["method"], given["dataset"], given)
    return {name: settings[name] for name in ("epochs", "max_steps")}


def _same(record: FinishedRun, name: str, value: Any) -> bool:
    """Whether a run has a flag's value; of labels and noise, what they came to."""
    found = (record.protocol if name in NOISE else record.flags).get(name)
    return found == value or (name == "labels" and record.result["labels"] == value)


def _astray(record: FinishedRun, wanted: Mapping[str, Any]) -> bool:
    """Whether a run has label noise, or uneven labels, that the cell says nothing of."""
    usual = {"noise": "none", "label_split": "balanced", "clean_fraction": 0.0}
    return any(
        record.protocol[name] != value for name, value in usual.items() if name not in wanted
    )


def _budget(table: papers.Table, cell: papers.PublishedCell, records: Sequence[FinishedRun]) -> str:
    """The budget that runs are of, by their flags."""
    for budget in papers.BUDGETS[1:]:  # any run has all flags of "full", which adds hardly any
        if records and all(_fits(table, cell, budget, record) for record in records):
            return budget
    return ""


def _printed(table: papers.Table, cell: papers.PublishedCell) -> PublishedNumber | None:
    if cell.published is None:
        return None
    return PublishedNumber(cell.published, cell.spread, table.source, table.images, table.number)
