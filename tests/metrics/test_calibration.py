"""Temperatures and calibration errors, by numbers worked out by hand."""

import math

import numpy as np
import pytest
from scipy import special
from sklearn import metrics

from tf_ssgan.metrics import calibration


def logits_and_labels(temperature, images=20_000, classes=4, seed=0):
    """Random logits, and labels sampled from softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (images, classes))
    noise = rng.gumbel(size=logits.shape)
    return logits.astype(np.float32), (logits / temperature + noise).argmax(axis=-1)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_of_sampled_labels_is_fitted(temperature):
    fitted = calibration.fit_temperature(*logits_and_labels(temperature))
    assert fitted == pytest.approx(temperature, rel=0.03)


def test_two_classes_by_hand():
    """Of four predictions with logit 2, three are right.

    The smoothed targets of the prediction have the mean (3 * 5/6 + 1/6) / 4 = 2/3, which
    1 / (1 + exp(-2 / T)) reaches at T = 2 / log 2.
    """
    logits = np.array([[2.0, 0.0]] * 4)
    temperature = calibration.fit_temperature(logits, np.array([0, 0, 0, 1]))
    assert temperature == pytest.approx(2 / math.log(2), rel=1e-4)


def test_three_classes_without_an_error_by_hand():
    """The target is 2/3 for the right class and 1/6 for the others: softmax(3 / T, 0, 0) at log 4."""
    temperature = calibration.fit_temperature(np.array([[0.0, 3.0, 0.0]]), np.array([1]))
    assert temperature == pytest.approx(3 / math.log(4), rel=1e-4)


def test_the_temperature_stays_in_its_bounds():
    confident = np.array([[100.0, 0.0]] * 50)
    assert calibration.fit_temperature(confident, np.ones(50, int)) == pytest.approx(20, rel=1e-4)
    faint = np.array([[0.001, 0.0]] * 50)
    assert calibration.fit_temperature(faint, np.zeros(50, int)) == pytest.approx(0.05, rel=1e-4)


@pytest.mark.parametrize("logits", [np.zeros((0, 3)), np.zeros((5, 3)), np.zeros((5, 1))])
def test_the_temperature_is_one_if_no_other_is_better(logits):
    assert calibration.fit_temperature(logits, np.zeros(len(logits), int)) == 1.0


def test_the_same_logits_give_the_same_temperature():
    first, again = (
        calibration.fit_temperature(*logits_and_labels(1.7, images=100)) for _ in range(2)
    )
    assert first == again


def test_the_calibration_error_by_hand():
    """Ten bins: confidences 0.6, 0.55 (one of two right) and 0.9 (right), 1.0 (wrong)."""
    probabilities = np.array([[0.6, 0.4], [0.45, 0.55], [0.1, 0.9], [1.0, 0.0]])
    labels = np.array([0, 0, 1, 1])
    expected = (abs(1 - 1.15) + abs(1 - 0.9) + abs(0 - 1.0)) / 4
    error = calibration.expected_calibration_error(probabilities, labels, 10)
    assert error == pytest.approx(expected)


def test_a_single_bin_compares_the_means():
    probabilities = np.array([[0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [1.0, 0.0]])
    error = calibration.expected_calibration_error(probabilities, np.array([0, 1, 0, 0]), 1)
    assert error == pytest.approx(abs(3 / 4 - 3.1 / 4))


def test_reliability_by_hand():
    """Four bins with their upper bounds: .5 in the second, .6 and .75 in the third, 1 in the last."""
    probabilities = np.array([[0.5, 0.5], [0.6, 0.4], [0.25, 0.75], [1.0, 0.0]])
    reliability = calibration.reliability(probabilities, np.array([1, 0, 0, 0]), 4)
    assert reliability.count.tolist() == [0, 1, 2, 1]
    np.testing.assert_allclose(reliability.confidence, [np.nan, 0.5, 0.675, 1.0])
    np.testing.assert_allclose(reliability.accuracy, [np.nan, 0.0, 0.5, 1.0])
    assert reliability.error() == pytest.approx((0.5 + 2 * 0.175 + 0.0) / 4)


def test_every_prediction_is_in_one_bin():
    logits, labels = logits_and_labels(1.0, images=500)
    probabilities = special.softmax(logits, axis=-1)
    reliability = calibration.reliability(probabilities, labels)
    assert reliability.count.shape == (calibration.BINS,) and reliability.count.sum() == 500
    full = reliability.count > 0
    confidence = np.average(reliability.confidence[full], weights=reliability.count[full])
    assert confidence == pytest.approx(probabilities.max(axis=-1).mean())
    accuracy = np.average(reliability.accuracy[full], weights=reliability.count[full])
    assert accuracy == pytest.approx((probabilities.argmax(axis=-1) == labels).mean())


@pytest.mark.parametrize(("label", "error"), [(0, 0.0), (1, 1.0)])
def test_the_calibration_error_reaches_its_bounds(label, error):
    probabilities = np.array([[1.0, 0.0]] * 3)
    value = calibration.expected_calibration_error(probabilities, np.full(3, label))
    assert value == error


def test_the_brier_score_by_hand():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    expected = (0.25 + 2 * 0.0625 + 0.01 + 0.81 + 0.64) / 2
    score = calibration.brier_score(probabilities, np.array([0, 1]))
    assert score == pytest.approx(expected)


@pytest.mark.parametrize(("label", "score"), [(0, 0.0), (1, 2.0)])
def test_the_brier_score_reaches_its_bounds(label, score):
    assert calibration.brier_score(np.array([[1.0, 0.0]] * 3), np.full(3, label)) == score


@pytest.mark.parametrize("classes", [2, 10])
def test_the_brier_score_of_uniform_probabilities_is_one_less_a_kth(classes):
    score = calibration.brier_score(np.full((7, classes), 1 / classes), np.arange(7) % classes)
    assert score == pytest.approx(1 - 1 / classes)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_brier_score_is_that_of_scikit_learn(classes):
    logits, labels = logits_and_labels(1.5, images=200, classes=classes)
    probabilities = special.softmax(logits.astype(np.float64), axis=-1)
    theirs = metrics.brier_score_loss(
        labels, probabilities, labels=range(classes), scale_by_half=False
    )
    assert calibration.brier_score(probabilities, labels) == pytest.approx(theirs)


def test_calibrated_probabilities_have_a_small_error():
    logits, labels = logits_and_labels(2.0)
    result = calibration.calibrate(logits, labels)
    assert result.images == 20_000 and result.temperature == pytest.approx(2.0, rel=0.03)
    assert result.ece_before > 0.1 > 0.02 > result.ece_after
    assert result.nll_after < result.nll_before


def test_the_negative_log_likelihood_by_hand():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    value = calibration.negative_log_likelihood(logits, np.array([0, 1]))
    assert value == pytest.approx((math.log(2) + math.log(10)) / 2)


def test_the_likelihood_of_a_probability_that_rounds_to_zero_is_finite():
    value = calibration.negative_log_likelihood(np.array([[1000.0, 0.0]]), np.array([1]))
    assert value == pytest.approx(1000.0)


def test_without_images_nothing_is_measured():
    none, labels = np.zeros((0, 3)), np.zeros(0, int)
    assert calibration.calibrate(none, labels) == calibration.Calibration(1.0, 0)
    assert math.isnan(calibration.expected_calibration_error(none, labels))
    assert math.isnan(calibration.brier_score(none, labels))
    assert math.isnan(calibration.negative_log_likelihood(none, labels))


def test_the_order_of_the_images_does_not_change_a_bit():
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(1000, 3)), random.integers(0, 3, 1000)
    order = random.permutation(1000)
    assert calibration.negative_log_likelihood(logits, labels) == (
        calibration.negative_log_likelihood(logits[order], labels[order])
    )
    probabilities = special.softmax(logits, axis=-1)
    for score in (calibration.brier_score, calibration.expected_calibration_error):
        assert score(probabilities, labels) == score(probabilities[order], labels[order])


def test_a_likelihood_of_one_is_a_positive_zero():
    score = calibration.negative_log_likelihood(np.array([[1e4, 0.0]]), np.array([0]))
    assert (score, math.copysign(1, score)) == (0.0, 1.0)
