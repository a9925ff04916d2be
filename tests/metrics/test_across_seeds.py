"""Means, their spread, and differences split by split; numbers worked by hand."""

import pytest

from tf_ssgan.metrics.across_seeds import (
    MeanOverSeeds,
    PairedDifference,
    least_half_width,
    paired_difference,
)


def test_three_values():
    errors = MeanOverSeeds((4.0, 5.0, 9.0))
    assert (errors.n, errors.mean) == (3, 6.0)
    assert errors.std == pytest.approx(7**0.5)  # (4 + 1 + 9) / 2


def test_a_single_value_has_no_spread():
    error = MeanOverSeeds((4.0,))
    assert (error.n, error.mean, error.std) == (1, 4.0, None)
    assert PairedDifference(error).half_width is None


# The quantiles of 97.5 % as tables have them.
@pytest.mark.parametrize("n, quantile", [(2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262)])
def test_half_widths_have_the_quantiles_of_tables(n, quantile):
    paired = PairedDifference(MeanOverSeeds(tuple(float(k) for k in range(n))))
    expected = quantile * paired.differences.std / n**0.5
    assert paired.half_width == pytest.approx(expected, rel=2e-4)


def by_split(values):
    return {split: [value] for split, value in enumerate(values)}


def on_500_images(ours, theirs):
    return paired_difference(by_split(ours), by_split(theirs), (500, 500))


def test_the_least_half_width_by_hand():
    """Errors 4.4 and 9.4 of 500: with the images added, (22 + 1) / 502 and (47 + 1) / 502."""
    first, second = 23 / 502, 48 / 502
    variance = first * (1 - first) / 500 + second * (1 - second) / 500
    assert least_half_width(4.4, 9.4, (500, 500)) == pytest.approx(196 * variance**0.5, rel=1e-4)
    accuracies = least_half_width(95.6, 90.6, (500, 500))
    assert accuracies == pytest.approx(least_half_width(4.4, 9.4, (500, 500)))


@pytest.mark.parametrize("first, second", [(0.0, 0.0), (100.0, 100.0), (0.0, 0.2), (30.0, 50.0)])
@pytest.mark.parametrize("images", [(2, 2), (500, 500), (500, 10_000), (10_000, 500)])
def test_it_is_more_than_one_image_and_than_the_binomial_errors(first, second, images):
    half = least_half_width(first, second, images)
    plain = sum(p / 100 * (1 - p / 100) / n for p, n in zip((first, second), images, strict=True))
    assert half > 100 / min(images) and half >= 195.99 * plain**0.5


def test_constant_differences_do_not_tell_methods_apart():
    """One image of 500 is 0.2 points: 5.0 and 5.4 beside 5.2 and 5.6, then a third such split."""
    two = on_500_images((5.0, 5.4), (5.2, 5.6))
    assert two.half_width == pytest.approx(196 * (2 * 0.0529 * 0.9471 / 500) ** 0.5, rel=0.05)
    three = on_500_images((5.0, 5.4, 6.0), (5.2, 5.6, 6.2))
    assert three.differences.values == pytest.approx((-0.2,) * 3)
    for paired in (two, three, on_500_images((0.0,) * 3, (0.2,) * 3)):
        assert paired.half_width > 0.5 and not paired.tells_apart


def test_more_splits_do_not_make_the_test_images_more():
    few, many = (on_500_images((5.0,) * n, (6.0,) * n) for n in (3, 300))
    assert few.half_width == many.half_width > 1 and not many.tells_apart


def test_a_wide_spread_is_not_widened():
    errors = on_500_images((5.0, 10.0, 15.0), (9.0, 20.0, 22.0))
    assert errors.half_width == pytest.approx(4.303 * 3 / 3**0.5, rel=1e-4)  # -4, -10, -7


def test_two_splits_never_tell_methods_apart():
    assert not on_500_images((5.0, 5.0), (90.0, 90.0)).tells_apart
    assert on_500_images((5.0,) * 3, (90.0,) * 3).tells_apart
    assert not on_500_images((5.0,), (90.0,)).tells_apart
    assert not PairedDifference(MeanOverSeeds((-1.0, -1.0))).tells_apart


def test_other_quantities_have_no_binomial_error():
    paired = paired_difference(by_split((3.0, 3.5, 4.0)), by_split((2.0, 2.5, 3.0)))
    assert (paired.half_width, paired.least_half_width, paired.tells_apart) == (0.0, 0.0, True)
    assert paired_difference(by_split((3.0,)), by_split((2.0,)), (500, 0)).least_half_width == 0


def test_differences_are_between_runs_of_the_same_split():
    difference = paired_difference(
        {0: [1.0], 1: [5.0], 2: [7.0]}, {2: [7.0], 0: [4.0], 1: [3.0], 9: [100.0]}
    )
    assert difference.differences.values == (-3.0, 2.0, 0.0)
    assert (difference.fewer, difference.more) == (1, 1)


def test_the_binomial_error_is_that_of_the_shared_splits():
    paired = paired_difference({0: [4.0], 1: [50.0]}, {0: [6.0]}, (500, 500))
    assert paired.least_half_width == least_half_width(4.0, 6.0, (500, 500))


def test_runs_of_one_split_are_averaged_first():
    difference = paired_difference({0: [1.0, 3.0, 8.0]}, {0: [5.0, 6.0]})
    assert difference.differences.values == (4.0 - 5.5,)


@pytest.mark.parametrize("theirs", [{}, {1: [2.0]}, {(0, "other images"): [2.0]}])
def test_without_a_common_split_there_is_no_difference(theirs):
    assert paired_difference({0: [1.0]}, theirs) is None
