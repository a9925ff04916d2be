"""Means over seeds, and paired differences between runs of the same split.

Two methods are told apart by at least three splits, if 0 is outside the interval of their mean
difference (`PairedDifference.tells_apart`). No other rule decides on this anywhere.
"""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

from scipy import special

from tf_ssgan.metrics import binomial

CONFIDENCE = 0.95
MIN_SPLITS = 3  # fewer never tell two methods apart


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


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """Differences between two methods, each between runs of the same split.

    Attributes:
        differences: One value for each split that both methods have.
        least_half_width: What `least_half_width` returns; 0 for quantities that are not shares of
            test images.
    """

    differences: MeanOverSeeds
    least_half_width: float = 0.0

    @property
    def half_width(self) -> float | None:
        """Half the 95 % interval of the mean difference; None for a single split.

        It is that of Student's t over the splits, which covers what changes with the labeled
        images and the seed. All splits share their test images, so their spread says nothing about
        these: the interval is never narrower than `least_half_width`, however many splits there
        are.
        """
        n, std = self.differences.n, self.differences.std
        if std is None:
            return None
        quantile = float(special.stdtrit(n - 1, 0.5 + CONFIDENCE / 2))
        return max(quantile * std / n**0.5, self.least_half_width)

    @property
    def tells_apart(self) -> bool:
        """Whether the two methods differ: by at least three splits, whose interval excludes 0."""
        half = self.half_width
        return self.differences.n >= MIN_SPLITS and abs(self.differences.mean) > half

    @property
    def fewer(self) -> int:
        """Number of differences below 0."""
        return sum(value < 0 for value in self.differences.values)

    @property
    def more(self) -> int:
        """Number of differences above 0."""
        return sum(value > 0 for value in self.differences.values)


def least_half_width(first: float, second: float, images: tuple[int, int]) -> float:
    """The least half width of the 95 % interval of a difference of two errors, or accuracies.

        100 z sqrt(s1^2 + s2^2),   z = 1.96,

    where s1 and s2 are the binomial standard errors of both (`binomial.standard_error`). It is
    always more than one test image. The formula is for test images that were drawn apart for each
    method. Both methods have the same ones, and mostly err on the same images, so that their
    difference varies less: the interval is rather too wide.

    Args:
        first: Mean of one method, in percent.
        second: Mean of the other, in percent.
        images: How many test images they were measured on.

    Returns:
        The half width, in points.
    """
    variances = (
        binomial.standard_error(mean / 100, n) ** 2
        for mean, n in zip((first, second), images, strict=True)
    )
    quantile = float(special.ndtri(0.5 + CONFIDENCE / 2))
    return 100 * quantile * sum(variances) ** 0.5


def paired_difference(
    ours: Mapping[object, Sequence[float]],
    theirs: Mapping[object, Sequence[float]],
    images: tuple[int, int] = (0, 0),
) -> PairedDifference | None:
    """Compares two methods split by split.

    Several runs of one method on one split are averaged first, because they are not independent
    splits.

    Args:
        ours: Split -> values of one method.
        theirs: Split -> values of the other method.
        images: How many test images the values of each are a share of, in percent; 0 if they are
            no such share.

    Returns:
        The differences ours - theirs; None if the methods have no split in common.
    """
    shared = [split for split in ours if split in theirs]
    if not shared:
        return None
    first, second = ([statistics.fmean(values[k]) for k in shared] for values in (ours, theirs))
    differences = MeanOverSeeds(tuple(a - b for a, b in zip(first, second, strict=True)))
    if not all(images):
        return PairedDifference(differences)
    means = statistics.fmean(first), statistics.fmean(second)
    return PairedDifference(differences, least_half_width(*means, images))
