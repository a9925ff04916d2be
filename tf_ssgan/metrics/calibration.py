"""Probabilities that mean what they say: of answers given with 80 %, four of five should be right.

Networks trained to the end are too sure of themselves. Temperature scaling (Guo et al. 2017, "On
Calibration of Modern Neural Networks") divides the logits by one number, fitted on images that the
network did not learn from; no label changes by it.
"""

import dataclasses
import math

import numpy as np
from scipy import optimize, special

BINS = 15  # as in Guo et al. 2017
_COLDEST, _WARMEST = 0.05, 20.0


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A temperature, and what it changes on the images it was fitted on.

    Attributes:
        temperature: What logits are divided by.
        images: How many it was fitted on; without any it is 1.
        ece_before: Expected calibration error at temperature 1, None without images.
        ece_after: At this temperature.
        nll_before: Negative log-likelihood at temperature 1, in nats, None without images.
        nll_after: At this temperature.
    """

    temperature: float = 1.0
    images: int = 0
    ece_before: float | None = None
    ece_after: float | None = None
    nll_before: float | None = None
    nll_after: float | None = None


def calibrate(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """Fits a temperature and measures what it does.

    Args:
        logits: float [n, K].
        labels: int [n], the right classes.
    """
    if not len(labels):
        return Calibration()
    temperature = fit_temperature(logits, labels)
    errors, likelihoods = [], []
    for scaled in (logits, logits / temperature):
        probabilities = special.softmax(scaled.astype(np.float64), axis=-1)
        errors.append(expected_calibration_error(probabilities, labels))
        likelihoods.append(negative_log_likelihood(scaled, labels))
    return Calibration(temperature, len(labels), *errors, *likelihoods)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Finds the temperature that makes the right classes likeliest.

    The targets are smoothed as by Platt 1999: (n + 1) / (n + 2) for the right class, the rest
    shared by the others. Where no answer is wrong, any colder temperature would else be better.

    Args:
        logits: float [n, K].
        labels: int [n], the right classes.

    Returns:
        A number in [0.05, 20]; 1 where there are no images, or nothing is better.
    """
    images, classes = logits.shape
    if not images:
        return 1.0
    logits = logits.astype(np.float64)
    spared = 1 / (images + 2) / max(1, classes - 1)
    targets = np.full((images, classes), spared)
    targets[np.arange(images), labels] = (images + 1) / (images + 2)

    def loss(log_temperature: float) -> float:
        return _cross_entropy(targets, logits / math.exp(log_temperature))

    bounds = (math.log(_COLDEST), math.log(_WARMEST))
    found = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x) if found.fun < loss(0.0) else 1.0


@dataclasses.dataclass(frozen=True)
class Reliability:
    """Confidence and accuracy of answers that are equally sure.

    Attributes:
        count: int [bins], how many answers are in each bin of confidence.
        confidence: float64 [bins], their mean confidence; NaN where there are none.
        accuracy: float64 [bins], the share of right ones; NaN where there are none.
    """

    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    def error(self) -> float:
        """The expected calibration error, in [0, 1]; NaN where there are no answers at all."""
        if not self.count.any():
            return float("nan")
        gaps = self.count * np.abs(self.accuracy - self.confidence)
        return float(np.nansum(gaps) / self.count.sum())


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Sorts answers by confidence, and measures how often those of each bin are right.

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.
        bins: Of equal width, each without its lower bound.
    """
    confidence = probabilities.max(axis=-1).astype(np.float64)
    right = probabilities.argmax(axis=-1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    nothing = np.full(bins, np.nan)
    means = [
        np.divide(np.bincount(place, values, bins), count, out=nothing.copy(), where=count > 0)
        for values in (confidence, right)
    ]
    return Reliability(count, *means)


def expected_calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS
) -> float:
    """Measures how far confidence and accuracy lie apart (Naeini et al. 2015).

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.
        bins: As of `reliability`.

    Returns:
        The mean over all answers of |accuracy - mean confidence| of their bin, in [0, 1]; NaN
        where there are none.
    """
    return reliability(probabilities, labels, bins).error()


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Measures how far probabilities lie from the truth, which is 1 for the right class, else 0.

    Brier 1950, "Verification of Forecasts Expressed in Terms of Probability".

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.

    Returns:
        The mean over the images of the sum over the classes of the squared differences, in [0, 2];
        NaN where there are no images.
    """
    if not len(labels):
        return float("nan")
    truth = np.eye(probabilities.shape[1])[labels]
    return float(np.square(probabilities - truth).sum(axis=-1).mean())


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> float:
    """Measures how unlikely a network finds the right classes.

    Args:
        logits: float [n, K]; not probabilities, of which some round to 0.
        labels: int [n], the right classes.

    Returns:
        The mean of -log p(right class), in nats; NaN where there are no images.
    """
    if not len(labels):
        return float("nan")
    return _cross_entropy(np.eye(logits.shape[1])[labels], logits.astype(np.float64))


def _cross_entropy(targets: np.ndarray, logits: np.ndarray) -> float:
    """The mean over the images, in nats."""
    return float(-(targets * special.log_softmax(logits, axis=-1)).sum(axis=-1).mean())
