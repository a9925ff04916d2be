"""Significance of the difference between two classifiers on the same images."""

import dataclasses

import numpy as np
from scipy import stats

SIGNIFICANT = 0.05  # a smaller p tells two classifiers apart


@dataclasses.dataclass(frozen=True)
class McNemarTest:
    """McNemar's test of two classifiers on the same images.

    Attributes:
        both: Images that both classify correctly.
        only_first: Images that only the first classifies correctly.
        only_second: Images that only the second classifies correctly.
        neither: Images that both misclassify.
        p: Two-sided p-value of the hypothesis that both are equally good.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float


def mcnemar(right_first: np.ndarray, right_second: np.ndarray) -> McNemarTest:
    """Tests whether one of two classifiers is better.

    McNemar 1947, in its exact form: of the n images that only one of them classifies correctly, the
    number b of the first is Binomial(n, 1/2) distributed if both are equally good. The p-value is
    min(1, 2 P(X <= min(b, n - b))), and 1 if n is 0.

    Args:
        right_first: bool [n], the images that the first classifies correctly.
        right_second: bool [n], the images that the second classifies correctly.
    """
    first, second = np.asarray(right_first, bool), np.asarray(right_second, bool)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    p = exact_p(only_first, only_second)
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    return McNemarTest(both, only_first, only_second, neither, p)


def exact_p(only_first: int, only_second: int) -> float:
    """The p-value of `mcnemar`, from the images that only one classifies correctly.

    Args:
        only_first: How many only the first classifies correctly.
        only_second: How many only the second does.
    """
    different = only_first + only_second
    return float(stats.binomtest(only_first, different).pvalue) if different else 1.0
