"""Average precision and top-k accuracy, by numbers worked out by hand."""

import math

import numpy as np
import pytest
from sklearn import metrics

from tf_ssgan.metrics import ranking

BY_HAND = np.array([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.4, 0.55, 0.05], [0.1, 0.2, 0.7]])


def drawn(images=200, classes=5, seed=0):
    """Scores without ties, and labels that they know something of."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, classes, images)
    scores = chance.normal(size=(images, classes)) + 1.5 * np.eye(classes)[labels]
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True), labels


def test_average_precision_by_hand():
    """Its own images stand first and third for class 0, third for class 1, first for class 2."""
    found = ranking.average_precision(BY_HAND, np.array([0, 1, 0, 2]))
    assert found.per_class == pytest.approx([(1 + 2 / 3) / 2, 1 / 3, 1.0])
    assert found.macro == pytest.approx((5 / 6 + 1 / 3 + 1) / 3)
    assert found.weighted == pytest.approx((2 * 5 / 6 + 1 / 3 + 1) / 4)


def test_pooled_average_precision_by_hand():
    """Right are .7, .6, .55 and .2: places 1, 2, 3 and the first of two .2 after .5, .4, .3, .3."""
    found = ranking.average_precision(BY_HAND, np.array([0, 1, 1, 2]))
    assert found.pooled == pytest.approx((1 + 1 + 1 + 4 / 8) / 4)


def test_a_class_without_images_is_in_no_mean():
    found = ranking.average_precision(BY_HAND, np.array([0, 0, 1, 1]))
    assert np.isnan(found.per_class[2]) and found.per_class[0] == 1.0
    assert found.macro == pytest.approx(found.per_class[:2].mean()) == found.weighted


@pytest.mark.parametrize("classes", [2, 5, 100])
def test_without_ties_it_is_what_scikit_learn_finds(classes):
    probabilities, labels = drawn(classes=classes)
    found = ranking.average_precision(probabilities, labels)
    right = np.eye(classes, dtype=int)[labels]
    theirs = [
        metrics.average_precision_score(right[:, c], probabilities[:, c])
        for c in np.unique(labels)
    ]  # fmt: skip
    assert found.per_class[np.unique(labels)] == pytest.approx(theirs)
    pooled = metrics.average_precision_score(right, probabilities, average="micro")
    assert found.pooled == pytest.approx(pooled)
    there = right.any(axis=0)
    for name in ("macro", "weighted"):
        mean = metrics.average_precision_score(
            right[:, there], probabilities[:, there], average=name
        )
        assert getattr(found, name) == pytest.approx(mean)


def test_of_classes_of_one_size_macro_and_weighted_are_the_same():
    probabilities, _ = drawn(images=60, classes=5)
    found = ranking.average_precision(probabilities, np.arange(60) % 5)
    assert found.macro == pytest.approx(found.weighted)


def test_a_perfect_ranking_is_one_and_the_worst_is_known():
    labels = np.arange(12) % 3
    found = ranking.average_precision(np.eye(3)[labels], labels)
    assert (found.macro, found.weighted, found.pooled) == (1.0, 1.0, 1.0)
    worst = ranking.average_precision(1 - np.eye(2), np.arange(2))  # one of two, always last
    assert worst.per_class.tolist() == [0.5, 0.5]


def test_equal_scores_stay_in_the_order_of_the_images():
    found = ranking.average_precision(np.full((4, 2), 0.5), np.array([0, 1, 0, 1]))
    assert found.per_class == pytest.approx([(1 + 2 / 3) / 2, (1 / 2 + 2 / 4) / 2])
    assert found.pooled == pytest.approx((1 + 2 / 4 + 3 / 5 + 4 / 8) / 4)


def test_single_precision_ranks_alike():
    probabilities, labels = drawn()
    half = ranking.average_precision(probabilities.astype(np.float32), labels)
    assert half.per_class.dtype == np.float64
    assert half.macro == pytest.approx(ranking.average_precision(probabilities, labels).macro)


def test_top_k_by_hand():
    labels = np.array([0, 1, 0, 2])  # named first, third, second, first
    found = [ranking.top_k_accuracy(BY_HAND, labels, k) for k in (1, 2, 3, 9)]
    assert found == [0.5, 0.75, 1.0, 1.0]


def test_the_best_class_is_the_one_of_argmax_even_of_equal_scores():
    scores = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    assert ranking.best(scores, 1)[:, 0].tolist() == scores.argmax(axis=-1).tolist()
    assert ranking.best(scores, 5).tolist() == [[0, 1, 2], [1, 2, 0], [0, 1, 2]]
    assert ranking.top_k_accuracy(scores, np.array([1, 2, 1]), 1) == 0.0


def test_without_images_nothing_is_measured():
    found = ranking.average_precision(np.zeros((0, 3)), np.zeros(0, int))
    assert np.isnan(found.per_class).all() and found.per_class.shape == (3,)
    assert math.isnan(found.macro) and math.isnan(found.weighted) and math.isnan(found.pooled)
    assert math.isnan(ranking.top_k_accuracy(np.zeros((0, 3)), np.zeros(0, int), 1))
