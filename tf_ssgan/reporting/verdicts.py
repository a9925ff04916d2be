"""Which method is ahead, said as cautiously as the runs allow."""

import statistics
from collections.abc import Iterator, Mapping

from tf_ssgan.reporting import words
from tf_ssgan.reporting.sheets import Cell, Sheet, by_split
from tf_ssgan.reporting.statistics import paired

Splits = dict[object, list[float]]  # split -> the values of its runs


def of(sheet: Sheet) -> Iterator[str]:
    """A sentence or two for each column in which methods can be compared.

    Args:
        sheet: A table of errors or accuracies; of other quantities nothing is said.
    """
    for column in sheet.columns:
        if (ahead := best(sheet, column)) is not None:
            yield f"{column}: {_lead(sheet, column, ahead)}{_held_out(sheet, column, ahead)}"


def best(sheet: Sheet, column: str) -> str | None:
    """The row that is ahead in a column; None where nothing can be compared.

    Rows are ranked by the splits that all of them share, where there are any.
    """
    means = _means({row: by_split(cell) for row, cell in _rivals(sheet, column).items()})
    if len(means) < 2:
        return None
    sign = 1 if sheet.measure.better == "lower" else -1
    return min(means, key=lambda row: sign * means[row])


def _rivals(sheet: Sheet, column: str) -> dict[str, Cell]:
    """The rows of a column with runs; none of quantities that are no errors."""
    if not words.of_errors(sheet):
        return {}
    return {row: cell for row in sheet.rows if (cell := sheet.cell(row, column)).records}


def _means(rows: Mapping[str, Splits]) -> dict[str, float]:
    """The mean of each row over the splits that all share; over its own where none is."""
    shared = set.intersection(*map(set, rows.values())) if rows else set()
    return {
        row: statistics.fmean(statistics.fmean(found[split]) for split in shared or found)
        for row, found in rows.items()
    }


def _lead(sheet: Sheet, column: str, ahead: str) -> str:
    """Who is ahead, of whom, and by how much on the same splits."""
    digits, rivals = words.decimals(sheet), _rivals(sheet, column)
    sign = 1 if sheet.measure.better == "lower" else -1
    splits = {row: by_split(cell) for row, cell in rivals.items()}
    means = _means(splits)
    second = min((row for row in means if row != ahead), key=lambda row: sign * means[row])
    told = " comes next with ".join(
        (f"{ahead} has {_mean(rivals, splits, ahead, digits)}, {second}",
         f"{_mean(rivals, splits, second, digits)}")
    )  # fmt: skip
    found = paired(by_split(rivals[ahead]), by_split(rivals[second]))
    if found is None:
        return f"{told}: on other splits, which cannot be compared."
    half = found.differences.half_width
    if half is None:
        return f"{told}: one split does not tell them apart."
    difference = words.difference(found, digits)
    if abs(found.differences.mean) <= half:
        return f"{told}: {difference} on the same splits, which do not tell them apart."
    return f"{told}: {difference} on the same splits."


def _mean(rivals: Mapping[str, Cell], splits: Mapping[str, Splits], row: str, digits: int) -> str:
    """The mean by which a row is ranked."""
    shared = set.intersection(*map(set, splits.values()))
    if not shared or shared == set(splits[row]):
        return words.mean(rivals[row].mean, digits)
    return f"{_means(splits)[row]:.{digits}f} on the splits that all share"


def _held_out(sheet: Sheet, column: str, ahead: str) -> str:
    """Whom held-out images would have chosen, where they say so of this number."""
    rivals = _rivals(sheet, column)
    validation = {row: by_split(cell, "validation_error") for row, cell in rivals.items()}
    if sheet.number != "test_error" or not all(validation.values()):
        return ""
    means = _means(validation)
    chosen = [row for row in means if means[row] == min(means.values())]
    if len(chosen) > 1:
        return f" Held-out images could not have told {' from '.join(chosen)}."
    if chosen == [ahead]:
        return " Held-out images would have chosen it too."
    mean = words.mean(rivals[chosen[0]].mean, words.decimals(sheet))
    return f" Held-out images would have chosen {chosen[0]}, {mean}."
