"""McNemar's test against numbers worked by hand."""

import numpy as np
import pytest

from tf_ssgan.metrics import significance


def test_mcnemar_by_hand():
    """Only the first is right about five images, only the second about one: 2 (1 + 6) / 2^6."""
    first = np.array([1] * 3 + [1] * 5 + [0] * 1 + [0] * 2, bool)
    second = np.array([1] * 3 + [0] * 5 + [1] * 1 + [0] * 2, bool)
    test = significance.mcnemar(first, second)
    assert (test.both, test.only_first, test.only_second, test.neither) == (3, 5, 1, 2)
    assert test.p == pytest.approx(14 / 64)


def test_the_p_value_from_counts_alone():
    assert significance.exact_p(5, 1) == significance.exact_p(1, 5) == pytest.approx(14 / 64)
    assert significance.exact_p(0, 0) == significance.exact_p(3, 3) == 1.0


def test_mcnemar_is_symmetric():
    rng = np.random.default_rng(0)
    first, second = rng.random(300) < 0.9, rng.random(300) < 0.8
    assert significance.mcnemar(first, second).p == pytest.approx(
        significance.mcnemar(second, first).p
    )


@pytest.mark.parametrize("right", [np.zeros(0, bool), np.array([True, False])])
def test_the_p_value_of_equal_predictions_is_one(right):
    assert significance.mcnemar(right, right).p == 1.0


def test_the_p_value_of_equally_many_errors_is_one():
    assert significance.mcnemar([True, False], [False, True]).p == 1.0


def test_mcnemar_seldom_rejects_equally_good_classifiers():
    rng = np.random.default_rng(0)
    ps = []
    for _ in range(1000):
        right = rng.random((2, 400)) < 0.9
        ps.append(significance.mcnemar(*right).p)
    assert np.mean(np.array(ps) < 0.05) < 0.06
