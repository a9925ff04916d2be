"""Means over seeds, and differences of what shares a seed."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

from scipy import special

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class MeanOverSeeds:
    """Some values of one quantity.

    Attributes:
        values: At least one.
    """

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.values)

    @property
    def std(self) -> float | None:
        """Their standard deviation with n - 1 in the denominator; None of a single value."""
        return statistics.stdev(self.values) if self.n > 1 else None

    @property
    def half_width(self) -> float | None:
        """Half of the mean's confidence interval (Student's t, 95 %); None of a single value."""
        if self.std is None:
            return None
        quantile = special.stdtrit(self.n - 1, 0.5 + CONFIDENCE / 2)
        return float(quantile) * self.std / self.n**0.5


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """Differences between two methods, each between runs that learned from the same split.

    Attributes:
        differences: One a split that both have.
    """

    differences: MeanOverSeeds

    @property
    def fewer(self) -> int:
        """How many are below 0."""
        return sum(value < 0 for value in self.differences.values)

    @property
    def more(self) -> int:
        """How many are above 0."""
        return sum(value > 0 for value in self.differences.values)


def paired_difference(
    ours: Mapping[object, Sequence[float]], theirs: Mapping[object, Sequence[float]]
) -> PairedDifference | None:
    """Compares two methods split by split.

    Runs that share a split are averaged first: they are no further splits.

    Args:
        ours: Split -> values of one method.
        theirs: The same of the other.

    Returns:
        The differences ours - theirs; None where no split is shared.
    """
    shared = [split for split in ours if split in theirs]
    if not shared:
        return None
    means = [statistics.fmean(ours[k]) - statistics.fmean(theirs[k]) for k in shared]
    return PairedDifference(MeanOverSeeds(tuple(means)))
