"""Means over seeds, and paired differences between runs of the same split."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

from scipy import special

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class MeanOverSeeds:
    """Mean and spread of one quantity over several runs.

    Attributes:
        values: The value of each run, at least one.
    """

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """Number of values."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Mean of the values."""
        return statistics.fmean(self.values)

    @property
    def std(self) -> float | None:
        """Standard deviation with n - 1 in the denominator; None for a single value."""
        return statistics.stdev(self.values) if self.n > 1 else None

    @property
    def half_width(self) -> float | None:
        """Half the 95 % confidence interval of the mean (Student's t); None for a single value."""
        if self.std is None:
            return None
        quantile = special.stdtrit(self.n - 1, 0.5 + CONFIDENCE / 2)
        return float(quantile) * self.std / self.n**0.5


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """Differences between two methods, each between runs of the same split.

    Attributes:
        differences: One value for each split that both methods have.
    """

    differences: MeanOverSeeds

    @property
    def fewer(self) -> int:
        """Number of differences below 0."""
        return sum(value < 0 for value in self.differences.values)

    @property
    def more(self) -> int:
        """Number of differences above 0."""
        return sum(value > 0 for value in self.differences.values)


def paired_difference(
    ours: Mapping[object, Sequence[float]], theirs: Mapping[object, Sequence[float]]
) -> PairedDifference | None:
    """Compares two methods split by split.

    Several runs of one method on one split are averaged first, because they are not independent
    splits.

    Args:
        ours: Split -> values of one method.
        theirs: Split -> values of the other method.

    Returns:
        The differences ours - theirs; None if the methods have no split in common.
    """
    shared = [split for split in ours if split in theirs]
    if not shared:
        return None
    means = [statistics.fmean(ours[k]) - statistics.fmean(theirs[k]) for k in shared]
    return PairedDifference(MeanOverSeeds(tuple(means)))
