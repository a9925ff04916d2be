"""Tables of papers, filled with runs; and the numbers that papers publish for a run."""

import collections
import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tf_ssgan import papers
from tf_ssgan.common import startup
from tf_ssgan.reports import common_data
from tf_ssgan.reports.finished_runs import NOISE, FinishedRun
from tf_ssgan.reports.result_table import (
    PublishedNumber,
    ResultCell,
    ResultTable,
    add_paired_differences,
    make_cell,
    refuse_mixture,
    refuse_other_fingerprints,
)
from tf_ssgan.training import config


def fill_table(
    table: papers.Table, runs: Sequence[FinishedRun], budget: str = "", number: str = "",
    against: str = "",
) -> ResultTable:  # fmt: skip
    """Fills a paper's table.

    Args:
        table: The table.
        runs: Any runs; those that fit no cell are ignored. Of runs on different data under one
            name, those that most runs of the table have are taken.
        budget: Takes only runs of this budget; empty takes any. "full" imports TensorFlow to look
            up the length in the methods' recipes.
        number: Which number of a run to take; empty takes the one that the paper reports.
        against: The row to compare with; empty takes the first row with runs.

    Raises:
        UserError: Two runs on the same data fit a cell and differ in more than their seeds.
    """
    number = number or table.number
    fitting = [_fitting(table, cell, runs, budget) for cell in table.cells]
    in_table = {run.folder: run for own in fitting for run in own}
    kept, left_out = common_data.keep_common_data(list(in_table.values()))
    folders = {run.folder for run in kept}
    cells = {}
    for cell, own in zip(table.cells, fitting, strict=True):
        chosen, others = common_data.keep_common_splits(
            [run for run in own if run.folder in folders]
        )
        cells[cell.row, cell.column] = _fill_cell(table, cell, chosen, budget, number)
        left_out += others
    filled = ResultTable(
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
        left_out=tuple(dict.fromkeys(left_out)),
    )
    return add_paired_differences(filled, against)


def _fitting(
    table: papers.Table, cell: papers.PublishedCell, runs: Sequence[FinishedRun], budget: str
) -> list[FinishedRun]:
    """The runs that fit a cell."""
    return [run for run in runs if cell.trained and _fits(table, cell, budget, run)]


def _fill_cell(
    table: papers.Table, cell: papers.PublishedCell, fitting: Sequence[FinishedRun], budget: str,
    number: str,
) -> ResultCell:  # fmt: skip
    where = f"{cell.row}, {cell.column} of {table.name}"
    refuse_mixture(where, fitting)
    refuse_other_fingerprints(where, fitting, table.measure)
    name = (budget or _budget(table, cell, fitting)) if fitting else ""
    return make_cell(fitting, table.measure, number, _published_number(table, cell), name)


def published_error(run: FinishedRun) -> PublishedNumber | None:
    """The error in percent that a paper publishes for such a run; the first paper that has one."""
    for table, cell in papers.cells_of_run(run.flags):
        if cell.published is None or _has_other_labels(run, cell.flags):
            continue
        if table.measure in ("test_error", "accuracy"):
            error = 100 - cell.published if table.measure == "accuracy" else cell.published
            return PublishedNumber(
                round(error, 4), cell.spread, table.source, table.images, table.number
            )
    return None


def _columns(table: papers.Table) -> tuple[str, ...]:
    """The columns in the order of the row with most cells: other rows lack some."""
    by_row = collections.defaultdict(list)
    for cell in table.cells:
        by_row[cell.row].append(cell.column)
    fullest = sorted(by_row.values(), key=len, reverse=True)
    return tuple(dict.fromkeys(column for row in fullest for column in row))


def _fits(table: papers.Table, cell: papers.PublishedCell, budget: str, run: FinishedRun) -> bool:
    """Whether a run belongs to a cell, and to a budget if one is given."""
    flags = table.flags(cell, budget, run.result["seed"]) if budget else dict(cell.flags)
    if budget == "full":
        flags |= _recipe_length(json.dumps(flags))
    if flags.get("noise_rate") == 0:
        flags |= {"noise": "none"}  # at rate 0 the kind does not matter
    equal = all(_has_value(run, name, value) for name, value in flags.items())
    return equal and not _has_other_labels(run, flags)


@functools.cache
def _recipe_length(flags: str) -> dict[str, int]:
    """The length that a method's recipe gives a run with these flags; imports TensorFlow."""
    given = json.loads(flags)
    with startup.start_up():
        settings = config.resolve_flags(given["method"], given["dataset"], given)
    return {name: settings[name] for name in ("epochs", "max_steps")}


def _has_value(run: FinishedRun, name: str, value: Any) -> bool:
    """Whether a run has a flag's value; labels may also be given by their resulting number."""
    own_value = (run.protocol if name in NOISE else run.flags).get(name)
    return own_value == value or (name == "labels" and run.result["labels"] == value)


def _has_other_labels(run: FinishedRun, flags: Mapping[str, Any]) -> bool:
    """Whether a run has label noise, another split or weights that a cell does not mention."""
    usual = {"noise": "none", "label_split": "balanced", "clean_fraction": 0.0, "checked": False,
             "folds": 0, "group_by": "", "class_weight": "none"}  # fmt: skip
    own = run.flags | run.protocol
    return any(own.get(name, value) != value for name, value in usual.items() if name not in flags)


def _budget(table: papers.Table, cell: papers.PublishedCell, runs: Sequence[FinishedRun]) -> str:
    """The budget of some runs by their flags; empty if they have none."""
    for budget in papers.BUDGETS[1:]:  # "full" adds hardly any flags, so any run would fit it
        if runs and all(_fits(table, cell, budget, run) for run in runs):
            return budget
    return ""


def _published_number(table: papers.Table, cell: papers.PublishedCell) -> PublishedNumber | None:
    if cell.published is None:
        return None
    return PublishedNumber(cell.published, cell.spread, table.source, table.images, table.number)
