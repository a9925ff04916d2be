"""Whether one of two classifiers is better, on the same images."""

import dataclasses

import numpy as np
from scipy import stats


@dataclasses.dataclass(frozen=True)
class McNemarTest:
    """Two classifiers on the same images.

    Attributes:
        both: Images that both name rightly.
        only_first: Images that only the first one does.
        only_second: Images that only the second one does.
        neither: Images that neither does.
        p: How likely counts at least as unequal would be, were both equally good.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float


def mcnemar(right_first: np.ndarray, right_second: np.ndarray) -> McNemarTest:
    """Asks whether one of two classifiers is better, on images that both were asked about.

    McNemar 1947, in its exact form: of the n images that just one of them names rightly, the number
    of the first's is Binomial(n, 1/2) if both are equally good. p is two-sided,
    min(1, 2 P(X <= min(b, c))), and 1 where they differ on no image.

    Args:
        right_first: bool [n], the images that the first one names rightly.
        right_second: bool [n], the same of the second one.
    """
    first, second = np.asarray(right_first, bool), np.asarray(right_second, bool)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    different = only_first + only_second
    p = stats.binomtest(only_first, different).pvalue if different else 1.0
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    return McNemarTest(both, only_first, only_second, neither, float(p))
