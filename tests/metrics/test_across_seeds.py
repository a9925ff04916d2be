"""Means, their spread, and differences split by split; numbers worked by hand."""

import pytest

from tf_ssgan.metrics.across_seeds import MeanOverSeeds, paired_difference


def test_three_values():
    errors = MeanOverSeeds((4.0, 5.0, 9.0))
    assert (errors.n, errors.mean) == (3, 6.0)
    assert errors.std == pytest.approx(7**0.5)  # (4 + 1 + 9) / 2
    # Two degrees of freedom, 97.5 %: 4.303 in the tables.
    assert errors.half_width == pytest.approx(4.303 * (7 / 3) ** 0.5, rel=1e-4)


@pytest.mark.parametrize("n, quantile", [(2, 12.706), (5, 2.776), (10, 2.262)])
def test_half_widths_have_the_quantiles_of_tables(n, quantile):
    errors = MeanOverSeeds(tuple(float(k) for k in range(n)))
    assert errors.half_width == pytest.approx(quantile * errors.std / n**0.5, rel=2e-4)


def test_a_single_value_has_no_spread():
    error = MeanOverSeeds((4.0,))
    assert (error.n, error.mean, error.std, error.half_width) == (1, 4.0, None, None)


def test_equal_values_have_a_spread_of_zero():
    assert (MeanOverSeeds((2.0, 2.0)).std, MeanOverSeeds((2.0, 2.0)).half_width) == (0.0, 0.0)


def test_differences_are_between_runs_of_the_same_split():
    difference = paired_difference(
        {0: [1.0], 1: [5.0], 2: [7.0]}, {2: [7.0], 0: [4.0], 1: [3.0], 9: [100.0]}
    )
    assert difference.differences.values == (-3.0, 2.0, 0.0)
    assert (difference.fewer, difference.more) == (1, 1)


def test_runs_of_one_split_are_averaged_first():
    difference = paired_difference({0: [1.0, 3.0, 8.0]}, {0: [5.0, 6.0]})
    assert difference.differences.values == (4.0 - 5.5,)


@pytest.mark.parametrize("theirs", [{}, {1: [2.0]}, {(0, "other images"): [2.0]}])
def test_without_a_common_split_there_is_no_difference(theirs):
    assert paired_difference({0: [1.0]}, theirs) is None
