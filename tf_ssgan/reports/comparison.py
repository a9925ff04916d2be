"""Which method is ahead, said as cautiously as the runs allow."""

import statistics
from collections.abc import Iterator, Mapping

from tf_ssgan.metrics.across_seeds import paired_difference
from tf_ssgan.reports import cell_text
from tf_ssgan.reports.result_table import ResultCell, ResultTable, by_split

Splits = dict[object, list[float]]  # split -> the values of its runs


def of(sheet: ResultTable) -> Iterator[str]:
    """A sentence or two for each column in which methods can be compared.

    Args:
        sheet: A table of errors or accuracies; of other quantities nothing is said.
    """
    digits = cell_text.decimals(sheet)
    for column in sheet.columns:
        ranked = _ranked(sheet, column)
        if len(ranked) > 1:
            lead, held_out = _lead(ranked, digits), _held_out(sheet, ranked, digits)
            yield f"{column}: {lead}{held_out}"


def best(sheet: ResultTable, column: str) -> str | None:
    """The row that is ahead in a column; None where nothing can be compared.

    Rows are ranked by the splits that all of them share, where there are any.
    """
    ranked = _ranked(sheet, column)
    return next(iter(ranked)) if len(ranked) > 1 else None


def _ranked(sheet: ResultTable, column: str) -> dict[str, ResultCell]:
    """The rows of a column with runs, the one ahead first; none of what is no error."""
    if not cell_text.of_errors(sheet):
        return {}
    cells = {row: cell for row in sheet.rows if (cell := sheet.cell(row, column)).records}
    sign = 1 if sheet.measure.better == "lower" else -1
    means = _means({row: by_split(cell) for row, cell in cells.items()})
    return {row: cells[row] for row in sorted(means, key=lambda row: sign * means[row])}


def _shared(rows: Mapping[str, Splits]) -> set[object]:
    """The splits that all rows have."""
    return set.intersection(*map(set, rows.values())) if rows else set()


def _means(rows: Mapping[str, Splits]) -> dict[str, float]:
    """The mean of each row over the splits that all share; over its own where none is."""
    shared = _shared(rows)
    return {
        row: statistics.fmean(statistics.fmean(found[split]) for split in shared or found)
        for row, found in rows.items()
    }


def _lead(ranked: Mapping[str, ResultCell], digits: int) -> str:
    """Who is ahead, of whom, and by how much on the same splits."""
    splits = {row: by_split(cell) for row, cell in ranked.items()}
    shared, means = _shared(splits), _means(splits)
    ahead, second, *_ = ranked
    first, then = (
        f"{means[row]:.{digits}f} on the splits that all share"
        if shared and shared != set(splits[row])
        else cell_text.mean(ranked[row].mean, digits)
        for row in (ahead, second)
    )
    told = f"{ahead} has {first}, {second} comes next with {then}"
    found = paired_difference(splits[ahead], splits[second])
    if found is None:
        return f"{told}: on other splits, which cannot be compared."
    half = found.differences.half_width
    if half is None:
        return f"{told}: one split does not tell them apart."
    apart = "" if abs(found.differences.mean) > half else ", which do not tell them apart"
    return f"{told}: {cell_text.difference(found, digits)} on the same splits{apart}."


def _held_out(sheet: ResultTable, ranked: Mapping[str, ResultCell], digits: int) -> str:
    """Whom held-out images would have chosen, where they say so of this number."""
    validation = {row: by_split(cell, "validation_error") for row, cell in ranked.items()}
    if sheet.number != "test_error" or not all(validation.values()):
        return ""
    means = _means(validation)
    chosen = [row for row in means if means[row] == min(means.values())]
    if len(chosen) > 1:
        return f" Held-out images could not have told {' from '.join(chosen)}."
    if chosen == [next(iter(ranked))]:
        return " Held-out images would have chosen it too."
    mean = cell_text.mean(ranked[chosen[0]].mean, digits)
    return f" Held-out images would have chosen {chosen[0]}, {mean}."
