"""Which rows of a column are ahead: rows are ranked and compared on the same splits.

The splits are the largest set that two rows share. Rows that have all of them are ranked by their
means over them. Rows that lack some are not ranked, because those that they have may be the easy or
the hard ones; nor do they decide on which splits the others are ranked.
"""

import collections
import dataclasses
import itertools
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from tf_ssgan.metrics.across_seeds import MeanOverSeeds
from tf_ssgan.reports.result_table import ResultCell, values_by_split

Split = tuple[int, str]  # split seed, SHA-256 of the split


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
    """The largest set of splits that two rows share; of equal ones, that of most rows."""
    sets = [frozenset(row) for row in rows]
    shared = {one & two for one, two in itertools.combinations(sets, 2)}

    def order(splits: frozenset[Split]) -> tuple:
        return -len(splits), -sum(splits <= own for own in sets), sorted(splits)

    return min(shared, key=order, default=frozenset())
