"""Which method is ahead, in sentences that claim no more than the runs show."""

import statistics
from collections.abc import Iterator, Mapping

from tf_ssgan.metrics.across_seeds import paired_difference
from tf_ssgan.reports import cell_text
from tf_ssgan.reports.result_table import ResultCell, ResultTable, values_by_split

Splits = dict[object, list[float]]  # split -> the values of its runs


def compare_methods(table: ResultTable) -> Iterator[str]:
    """Compares the best two methods of each column that has at least two.

    Args:
        table: A table of errors or accuracies; other quantities are not compared.

    Yields:
        One or two sentences for each such column.
    """
    digits = cell_text.table_decimals(table)
    for column in table.columns:
        ranked = _ranked(table, column)
        if len(ranked) > 1:
            lead, held_out = _compare_best_two(ranked, digits), _held_out(table, ranked, digits)
            yield f"{column}: {lead}{held_out}"


def best_row(table: ResultTable, column: str) -> str | None:
    """The row that is ahead in a column; None if there are no two rows to compare.

    Rows are ranked by the splits that all of them share, if there are any.
    """
    ranked = _ranked(table, column)
    return next(iter(ranked)) if len(ranked) > 1 else None


def _ranked(table: ResultTable, column: str) -> dict[str, ResultCell]:
    """The rows of a column that have runs, the best first; empty for tables without errors."""
    if not cell_text.is_error_or_accuracy(table):
        return {}
    cells = {row: cell for row in table.rows if (cell := table.cell(row, column)).runs}
    sign = 1 if table.measure.better == "lower" else -1
    means = _means({row: values_by_split(cell) for row, cell in cells.items()})
    return {row: cells[row] for row in sorted(means, key=lambda row: sign * means[row])}


def _shared_splits(rows: Mapping[str, Splits]) -> set[object]:
    """The splits that all rows have."""
    return set.intersection(*map(set, rows.values())) if rows else set()


def _means(rows: Mapping[str, Splits]) -> dict[str, float]:
    """The mean of each row over the splits that all share; over its own if none is shared."""
    shared = _shared_splits(rows)
    return {
        row: statistics.fmean(statistics.fmean(splits[split]) for split in shared or splits)
        for row, splits in rows.items()
    }


def _compare_best_two(ranked: Mapping[str, ResultCell], digits: int) -> str:
    """The best method, the second best, and their difference on the same splits."""
    splits = {row: values_by_split(cell) for row, cell in ranked.items()}
    shared, means = _shared_splits(splits), _means(splits)
    best, second, *_ = ranked
    best_mean, second_mean = (
        f"{means[row]:.{digits}f} on the splits that all share"
        if shared and shared != set(splits[row])
        else cell_text.format_mean(ranked[row].mean, digits)
        for row in (best, second)
    )
    text = f"{best} has {best_mean}, {second} comes next with {second_mean}"
    paired = paired_difference(splits[best], splits[second])
    if paired is None:
        return f"{text}: on other splits, which cannot be compared."
    half = paired.differences.half_width
    if half is None:
        return f"{text}: one split is not enough to distinguish them."
    clear = abs(paired.differences.mean) > half
    doubt = "" if clear else ", which is not enough to distinguish them"
    return f"{text}: {cell_text.format_difference(paired, digits)} on the same splits{doubt}."


def _held_out(table: ResultTable, ranked: Mapping[str, ResultCell], digits: int) -> str:
    """Which method held-out images would have selected; empty if they do not apply to the number.

    They apply to the errors of the last step, if all runs have validation errors.
    """
    validation = {row: values_by_split(cell, "validation_error") for row, cell in ranked.items()}
    if table.number != "test_error" or not all(validation.values()):
        return ""
    means = _means(validation)
    chosen = [row for row in means if means[row] == min(means.values())]
    if len(chosen) > 1:
        return f" Held-out images do not distinguish {' from '.join(chosen)}."
    if chosen == [next(iter(ranked))]:
        return " Held-out images would have selected it too."
    mean = cell_text.format_mean(ranked[chosen[0]].mean, digits)
    return f" Held-out images would have selected {chosen[0]}, {mean}."
