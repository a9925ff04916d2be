"""Calibration: of predictions with a confidence of 80 %, four in five should be right.

Networks trained to the end are overconfident. Temperature scaling (Guo et al. 2017, "On Calibration
of Modern Neural Networks") divides the logits by one number, which is fitted on images that the
network was not trained on. It changes no predicted class.
"""

import dataclasses
import math

import numpy as np
from scipy import optimize, special

from tf_ssgan.common import few_images

BINS = 15  # as in Guo et al. 2017
_LOWEST, _HIGHEST = 0.05, 20.0


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A temperature, and its effect on the images that it was fitted on.

    Attributes:
        temperature: The logits are divided by it; 1 if none was fitted.
        images: Number of images that it was fitted on; 0 if none was fitted.
        ece_before: Expected calibration error at temperature 1; like the next three, None if no
            temperature was fitted.
        ece_after: Expected calibration error at this temperature.
        nll_before: Negative log-likelihood at temperature 1, in nats.
        nll_after: Negative log-likelihood at this temperature.
    """

    temperature: float = 1.0
    images: int = 0
    ece_before: float | None = None
    ece_after: float | None = None
    nll_before: float | None = None
    nll_after: float | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether a temperature was fitted."""
        return self.images > 0


def calibrate(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """Fits a temperature and measures its effect; fits none on few images.

    Args:
        logits: float [n, K].
        labels: int [n], the right classes.

    Returns:
        The temperature; 1 and nothing measured below `few_images.ENOUGH_HELD_OUT` images.
    """
    if not few_images.may_choose(len(labels)):
        return Calibration()
    temperature = fit_temperature(logits, labels)
    errors, likelihoods = [], []
    for scaled in (logits, logits / temperature):
        probabilities = special.softmax(scaled.astype(np.float64), axis=-1)
        errors.append(expected_calibration_error(probabilities, labels))
        likelihoods.append(negative_log_likelihood(scaled, labels))
    return Calibration(temperature, len(labels), *errors, *likelihoods)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Finds the temperature that maximizes the likelihood of the right classes.

    The targets are smoothed as in Platt 1999: (n + 1) / (n + 2) for the right class, and the rest
    shared by the others. Otherwise, if all predictions are right, lower is always better.

    Args:
        logits: float [n, K].
        labels: int [n], the right classes.

    Returns:
        A number in [0.05, 20]; 1 without images, or if no other temperature is better.
    """
    images, classes = logits.shape
    if not images:
        return 1.0
    logits = logits.astype(np.float64)
    smoothed = 1 / (images + 2) / max(1, classes - 1)
    targets = np.full((images, classes), smoothed)
    targets[np.arange(images), labels] = (images + 1) / (images + 2)

    def loss(log_temperature: float) -> float:
        return _cross_entropy(targets, logits / math.exp(log_temperature))

    bounds = (math.log(_LOWEST), math.log(_HIGHEST))
    best = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(best.x) if best.fun < loss(0.0) else 1.0


@dataclasses.dataclass(frozen=True)
class Reliability:
    """Confidence and accuracy of predictions in bins of confidence.

    Attributes:
        count: int [bins], number of predictions in each bin.
        confidence: float64 [bins], their mean confidence; NaN for an empty bin.
        accuracy: float64 [bins], the fraction that is right; NaN for an empty bin.
    """

    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    def error(self) -> float:
        """The expected calibration error, in [0, 1]; NaN without predictions."""
        if not self.count.any():
            return float("nan")
        gaps = self.count * np.abs(self.accuracy - self.confidence)
        return float(np.nansum(gaps) / self.count.sum())


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Sorts predictions into bins of confidence and measures the accuracy of each bin.

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.
        bins: Number of bins of equal width, each without its lower bound.
    """
    confidence = probabilities.max(axis=-1).astype(np.float64)
    right = probabilities.argmax(axis=-1) == labels
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    empty = np.full(bins, np.nan)
    exact = [math.fsum(confidence[index == one]) for one in range(bins)]
    sums = exact, np.bincount(index, right, bins)
    means = [np.divide(each, count, out=empty.copy(), where=count > 0) for each in sums]
    return Reliability(count, *means)


def expected_calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS
) -> float:
    """Measures the gap between confidence and accuracy (ECE, Naeini et al. 2015).

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.
        bins: Number of bins, as for `reliability`.

    Returns:
        The mean over all predictions of |accuracy - mean confidence| of their bin, in [0, 1]; NaN
        without predictions.
    """
    return reliability(probabilities, labels, bins).error()


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Measures the squared error of probabilities against the one-hot labels.

    Brier 1950, "Verification of Forecasts Expressed in Terms of Probability".

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.

    Returns:
        The mean over the images of the sum over the classes of the squared differences, in [0, 2];
        NaN without images.
    """
    if not len(labels):
        return float("nan")
    truth = np.eye(probabilities.shape[1])[labels]
    return _mean(np.square(probabilities - truth).sum(axis=-1))


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -log p(right class).

    Args:
        logits: float [n, K]; not probabilities, because small ones round to 0.
        labels: int [n], the right classes.

    Returns:
        Nats, at least 0; NaN without images.
    """
    if not len(labels):
        return float("nan")
    return _cross_entropy(np.eye(logits.shape[1])[labels], logits.astype(np.float64))


def _cross_entropy(targets: np.ndarray, logits: np.ndarray) -> float:
    """Mean over the images, in nats."""
    return _mean(-(targets * special.log_softmax(logits, axis=-1)).sum(axis=-1))


def _mean(values: np.ndarray) -> float:
    """Mean over the images, whatever their order: their sum is rounded once."""
    return math.fsum(values) / len(values)
