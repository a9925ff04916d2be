"""The 95 % interval of an error or an accuracy that was measured on n images."""

import functools
import math

from scipy import stats

CONFIDENCE = 0.95


@functools.lru_cache(maxsize=10_000)  # a report of many runs asks for the same ones again
def wilson(count: int, images: int) -> tuple[float, float]:
    """The interval of a share of images in which the true share lies, by Wilson's score.

    Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference". Unlike the
    usual share ± 1.96 standard errors it stays in [0, 1], and is of use for few images and for
    shares near 0 and 1: of 10 images without an error the interval is 0 to 28 %.

    Args:
        count: Images that are misclassified, or classified correctly.
        images: Number of images, at least 1.

    Returns:
        Its ends in percent, in [0, 100].

    Raises:
        ValueError: There are no images, or `count` is not between 0 and their number.
    """
    interval = stats.binomtest(count, images).proportion_ci(CONFIDENCE, "wilson")
    return 100.0 * interval.low, 100.0 * interval.high


def of_error(error: float, images: int) -> tuple[float, float]:
    """The interval of an error that was measured on images, as `wilson`.

    Args:
        error: Percentage of images that are misclassified.
        images: Number of images, at least 1.
    """
    return wilson(round(error * images / 100.0), images)


def describe_error(count: int, images: int) -> str:
    """What an error is of, and its interval: "91 wrong of 279 images; 27.4 to 38.3 %".

    Args:
        count: Images that are misclassified.
        images: Number of images, at least 1.
    """
    low, high = wilson(count, images)
    noun = "image" if images == 1 else "images"
    return f"{count:,} wrong of {images:,} {noun}; {low:.1f} to {high:.1f} %"


def difference(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """The interval of the difference of two shares, of different images.

    Newcombe 1998, "Interval Estimation for the Difference Between Independent Proportions", method
    10: it is made of the two intervals by `wilson`. If the two sets share images, it is too wide.

    Args:
        first: As the arguments of `wilson`: images that are counted, and all images.
        second: The same of the other images.

    Returns:
        The ends of first - second in points, in [-100, 100]. If 0 is not between them, the two
        shares are told apart.
    """
    shares = [100.0 * count / images for count, images in (first, second)]
    (low, high), (other_low, other_high) = wilson(*first), wilson(*second)
    below = math.hypot(shares[0] - low, other_high - shares[1])
    above = math.hypot(high - shares[0], shares[1] - other_low)
    between = shares[0] - shares[1]
    return max(-100.0, between - below), min(100.0, between + above)
