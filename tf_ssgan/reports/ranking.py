"""Which rows of a column are ahead: rows are ranked and compared on the same splits.

The splits are those with the largest product of rows that have them all and splits, of at least
three if rows share so many. These rows are ranked by their means over the splits. Rows that lack
some are not ranked, because those that they have may be the easy or the hard ones. So a row of few
splits takes none from the others, and a split that only few rows have removes no row.
"""

import collections
import dataclasses
import itertools
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tf_ssgan.metrics.across_seeds import MIN_SPLITS, MeanOverSeeds
from tf_ssgan.reports.result_table import ResultCell, values_by_split

Split = tuple[int, str, str]  # split seed, SHA-256 of the split, fingerprint of the data
_COMBINED = 100  # sets of splits that are combined with one more row, at most


@dataclasses.dataclass(frozen=True)
class Ranking:
    """The rows of a column, ranked.

    Attributes:
        splits: The splits on which rows are ranked; empty if no two rows share one.
        means: Row -> its mean over these splits, the best first.
        lacking: Row that is not ranked -> how many of the splits it has.
    """

    splits: tuple[Split, ...]
    means: Mapping[str, MeanOverSeeds]
    lacking: Mapping[str, int]


def rank(cells: Mapping[str, ResultCell], better: str) -> Ranking:
    """Ranks the rows of a column.

    Args:
        cells: Row -> its cell; cells without runs are left out.
        better: "lower" or "higher".
    """
    rows = {row: values for row, cell in cells.items() if (values := values_by_split(cell))}
    splits = _common_splits(rows.values())
    means = {row: mean_over(v, splits) for row, v in rows.items() if splits and splits <= set(v)}
    sign = -1 if better == "higher" else 1
    return Ranking(
        splits=tuple(sorted(splits)),
        means={row: means[row] for row in sorted(means, key=lambda row: sign * means[row].mean)},
        lacking={row: len(splits & set(v)) for row, v in rows.items() if row not in means},
    )


def mean_over(values: Mapping[Split, list[float]], splits: Iterable[Split]) -> MeanOverSeeds:
    """The mean over some splits; several runs of one split count as one."""
    return MeanOverSeeds(tuple(statistics.fmean(values[split]) for split in sorted(splits)))


def sorted_rows(cells: Mapping[tuple[str, str], ResultCell], better: str) -> list[str]:
    """The rows of a table, by their mean distance to the ranked rows of the columns.

    Args:
        cells: (row, column) -> cell.
        better: "lower" or "higher".

    Returns:
        The best first; rows that no column ranks come last, by name.
    """
    columns, distances = collections.defaultdict(dict), collections.defaultdict(list)
    for (row, column), cell in cells.items():
        columns[column][row] = cell
        distances[row] += []  # of rows that no column ranks, too
    sign = -1 if better == "higher" else 1
    for own in columns.values():
        means = {row: mean.mean for row, mean in rank(own, better).means.items()}
        for row, mean in means.items():
            distances[row].append(sign * (mean - statistics.fmean(means.values())))
    order = {row: statistics.fmean(d) if d else float("inf") for row, d in distances.items()}
    return sorted(order, key=lambda row: (order[row], row))


def _common_splits(rows: Iterable[Iterable[Split]]) -> frozenset[Any]:
    """The splits on which rows are ranked; empty if no two rows share one.

    They have the largest product of rows and splits among the sets of at least three that rows
    share, or among all sets if there are none of three; of equal products, the most splits.
    """
    sets = [frozenset(row) for row in rows]

    def order(splits: frozenset[Split]) -> tuple:
        ranked = sum(splits <= own for own in sets)
        return len(splits) < MIN_SPLITS, -ranked * len(splits), -len(splits), sorted(splits)

    return min(_shared_sets(sets, order), key=order, default=frozenset())


def _shared_sets(
    sets: Sequence[frozenset[Any]], order: Callable[[frozenset[Any]], tuple]
) -> set[frozenset[Any]]:
    """The sets of splits that two rows share, three rows and so on; none is empty.

    All combinations of many rows would be too many. Only the first sets in this order are combined
    with one more row.
    """
    new = {one & two for one, two in itertools.combinations(sets, 2)} - {frozenset()}
    found = set(new)
    while new:
        first = sorted(new, key=order)[:_COMBINED]
        new = {one & own for one in first for own in set(sets)} - found - {frozenset()}
        found |= new
    return found
