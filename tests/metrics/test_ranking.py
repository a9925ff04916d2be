"""Average precision and top-k accuracy, by numbers worked out by hand."""

import math

import numpy as np
import pytest
from sklearn import metrics

from tf_ssgan.metrics import ranking

BY_HAND = np.array([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.4, 0.55, 0.05], [0.1, 0.2, 0.7]])


def scores_and_labels(images=200, classes=5, seed=0):
    """Scores without ties, and labels that correlate with them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, images)
    scores = rng.normal(size=(images, classes)) + 1.5 * np.eye(classes)[labels]
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True), labels


def test_average_precision_by_hand():
    """The images of class 0 rank first and third, that of class 1 third, that of class 2 first."""
    precision = ranking.average_precision(BY_HAND, np.array([0, 1, 0, 2]))
    assert precision.per_class == pytest.approx([(1 + 2 / 3) / 2, 1 / 3, 1.0])
    assert precision.macro == pytest.approx((5 / 6 + 1 / 3 + 1) / 3)
    assert precision.weighted == pytest.approx((2 * 5 / 6 + 1 / 3 + 1) / 4)


def test_pooled_average_precision_by_hand():
    """Right are .7, .6, .55 and a .2, at ranks 1, 2, 3 and 8: the other .2 comes later."""
    precision = ranking.average_precision(BY_HAND, np.array([0, 1, 1, 2]))
    assert precision.pooled == pytest.approx((1 + 1 + 1 + 4 / 8) / 4)


def test_a_class_without_images_is_in_no_mean():
    precision = ranking.average_precision(BY_HAND, np.array([0, 0, 1, 1]))
    assert np.isnan(precision.per_class[2]) and precision.per_class[0] == 1.0
    assert precision.macro == pytest.approx(precision.per_class[:2].mean()) == precision.weighted


@pytest.mark.parametrize("classes", [2, 5, 100])
def test_without_ties_it_equals_that_of_scikit_learn(classes):
    probabilities, labels = scores_and_labels(classes=classes)
    precision = ranking.average_precision(probabilities, labels)
    right = np.eye(classes, dtype=int)[labels]
    theirs = [
        metrics.average_precision_score(right[:, c], probabilities[:, c])
        for c in np.unique(labels)
    ]  # fmt: skip
    assert precision.per_class[np.unique(labels)] == pytest.approx(theirs)
    pooled = metrics.average_precision_score(right, probabilities, average="micro")
    assert precision.pooled == pytest.approx(pooled)
    present = right.any(axis=0)
    for name in ("macro", "weighted"):
        mean = metrics.average_precision_score(
            right[:, present], probabilities[:, present], average=name
        )
        assert getattr(precision, name) == pytest.approx(mean)


def test_macro_and_weighted_are_equal_if_all_classes_have_as_many_images():
    probabilities, _ = scores_and_labels(images=60, classes=5)
    precision = ranking.average_precision(probabilities, np.arange(60) % 5)
    assert precision.macro == pytest.approx(precision.weighted)


def test_the_best_and_the_worst_ranking():
    labels = np.arange(12) % 3
    precision = ranking.average_precision(np.eye(3)[labels], labels)
    assert (precision.macro, precision.weighted, precision.pooled) == (1.0, 1.0, 1.0)
    worst = ranking.average_precision(1 - np.eye(2), np.arange(2))  # one of two, always last
    assert worst.per_class.tolist() == [0.5, 0.5]


def test_equal_scores_stay_in_the_order_of_the_images():
    precision = ranking.average_precision(np.full((4, 2), 0.5), np.array([0, 1, 0, 1]))
    assert precision.per_class == pytest.approx([(1 + 2 / 3) / 2, (1 / 2 + 2 / 4) / 2])
    assert precision.pooled == pytest.approx((1 + 2 / 4 + 3 / 5 + 4 / 8) / 4)


def test_float32_scores_have_the_same_ranking():
    probabilities, labels = scores_and_labels()
    half = ranking.average_precision(probabilities.astype(np.float32), labels)
    assert half.per_class.dtype == np.float64
    assert half.macro == pytest.approx(ranking.average_precision(probabilities, labels).macro)


def test_top_k_by_hand():
    labels = np.array([0, 1, 0, 2])  # ranked first, third, second, first
    accuracies = [ranking.top_k_accuracy(BY_HAND, labels, k) for k in (1, 2, 3, 9)]
    assert accuracies == [0.5, 0.75, 1.0, 1.0]


def test_top_1_is_argmax_also_of_equal_scores():
    scores = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    assert ranking.top_k(scores, 1)[:, 0].tolist() == scores.argmax(axis=-1).tolist()
    assert ranking.top_k(scores, 5).tolist() == [[0, 1, 2], [1, 2, 0], [0, 1, 2]]
    assert ranking.top_k_accuracy(scores, np.array([1, 2, 1]), 1) == 0.0


def test_without_images_nothing_is_measured():
    precision = ranking.average_precision(np.zeros((0, 3)), np.zeros(0, int))
    assert np.isnan(precision.per_class).all() and precision.per_class.shape == (3,)
    assert (
        math.isnan(precision.macro)
        and math.isnan(precision.weighted)
        and math.isnan(precision.pooled)
    )
    assert math.isnan(ranking.top_k_accuracy(np.zeros((0, 3)), np.zeros(0, int), 1))
