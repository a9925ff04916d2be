"""Tests of metrics/intervals.py."""

import pytest
from support.wilson import wilson

from tf_ssgan.metrics import intervals


@pytest.mark.parametrize(("count", "images"), [(0, 10), (10, 10), (3, 7), (91, 279), (1, 1)])
def test_the_interval_is_wilsons_formula(count, images):
    assert intervals.wilson(count, images) == pytest.approx(wilson(count, images), abs=1e-9)


@pytest.mark.parametrize(("count", "images"), [(0, 1), (1, 3), (91, 279), (2_477, 10_000)])
def test_an_error_in_percent_has_the_interval_of_its_count(count, images):
    error = 100.0 * count / images
    assert intervals.of_error(error, images) == intervals.wilson(count, images)
    assert intervals.of_error(round(error, 3), images) == intervals.wilson(count, images)


def test_no_error_of_ten_images_may_be_28_percent():
    low, high = intervals.wilson(0, 10)
    assert low == pytest.approx(0, abs=1e-12)
    assert round(high) == 28


def test_an_error_and_its_accuracy_have_mirrored_intervals():
    low, high = intervals.wilson(30, 100)
    assert intervals.wilson(70, 100) == pytest.approx((100 - high, 100 - low))


@pytest.mark.parametrize(("count", "images"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(count, images):
    with pytest.raises(ValueError):
        intervals.wilson(count, images)


def test_in_words():
    assert intervals.describe_error(91, 279) == "91 wrong of 279 images; 27.4 to 38.3 %"
    assert intervals.describe_error(0, 1) == "0 wrong of 1 image; 0.0 to 79.3 %"


@pytest.mark.parametrize(("first", "second", "ends"), [
    ((56, 70), (48, 80), (5.24, 33.39)), ((9, 10), (3, 10), (17.05, 80.90)),
    ((10, 10), (0, 20), (67.91, 100.0)), ((0, 10), (0, 10), (-27.75, 27.75)),
])  # fmt: skip
def test_the_interval_of_a_difference_is_that_of_newcombe(first, second, ends):
    """Newcombe 1998, table II, examples (a), (b), (f) and (e) of method 10."""
    assert intervals.difference(first, second) == pytest.approx(ends, abs=0.006)


def test_a_difference_the_other_way_round_has_the_mirrored_interval():
    low, high = intervals.difference((3, 40), (9, 50))
    assert intervals.difference((9, 50), (3, 40)) == pytest.approx((-high, -low))
