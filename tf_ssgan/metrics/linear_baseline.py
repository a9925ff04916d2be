"""What a linear classifier on the pixels makes of the labels that a run learned from.

A method that learns from images without labels should beat it. It takes about a second, and sees
no image without a label, and no test image before it answers.
"""

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import threadpoolctl

MOST_LABELS = 2_000  # for logistic regression, with which fewer labels go further
MOST_CLASSES = 100  # for logistic regression, which takes minutes for a thousand of them
MOST_FEATURES = 1_024
# Strength of the L2 penalty for each pixel: both prefer a variance of the answers that does not
# depend on the size of images. It is fixed, because few labels choose it badly. The first is that
# of benchmarks/linear_baseline.py: 0 to 4 points above the best one of each of 20 tasks; stronger
# ones answer the commonest class too often.
LOGISTIC = 1 / 30
_RIDGE = 1.0
# A pixel varies by this share of the mean of all, or is taken to. Otherwise the margin of a
# picture, which hardly varies in a few, decides: Fashion-MNIST with 30 labels had 6 points more.
_LEAST_SPREAD = 0.3
_ITERATIONS = 300
_TOLERANCE = 1e-4
_BATCH = 2**24  # pixels of all channels that are in memory at once as float32, 64 MiB


@dataclasses.dataclass(frozen=True, eq=False)
class LinearAnswers:
    """What a linear classifier answers.

    Attributes:
        model: How it was learned, in words.
        features: What it sees of an image, in words.
        predicted: int64 [n], its answers for the images that judge it.
    """

    model: str
    features: str
    predicted: np.ndarray


def learn_and_answer(
    images: np.ndarray,
    ids: np.ndarray,
    labels: np.ndarray,
    judges: np.ndarray,
    pause: Callable[[], None] = lambda: None,
) -> LinearAnswers | None:
    """Learns a linear classifier from labeled images, and classifies other ones.

    It is logistic regression up to `MOST_LABELS` labels of `MOST_CLASSES` classes, and beyond that
    ridge regression to -1 and 1 (scikit-learn's `RidgeClassifier`), whose cost does not grow with
    the number of classes. Equal images and labels in equal order give equal answers.

    Args:
        images: uint8 [m, h, w, c].
        ids: int64 [labeled], those with a label.
        labels: int64 [labeled], their labels; a class may have none.
        judges: uint8 [n, h, w, c].
        pause: Called between batches; may raise to interrupt.

    Returns:
        Its answers; None without labels.
    """
    if not len(ids):
        return None
    # One thread: several wait for each other longer than such small products take, ten times as
    # long where other processes use the cores. And sums do not depend on the number of cores.
    with threadpoolctl.threadpool_limits(1):
        return _learn_and_answer(images, ids, labels, judges, pause)


def _learn_and_answer(
    images: np.ndarray,
    ids: np.ndarray,
    labels: np.ndarray,
    judges: np.ndarray,
    pause: Callable[[], None],
) -> LinearAnswers:
    """As `learn_and_answer`, with one label or more."""
    pixels = _Pixels(images.shape[1:])
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) == 1:
        only = np.full(len(judges), classes[0], np.int64)
        return LinearAnswers("the only class among the labels", "no pixels", only)
    learned = ((batch, targets[part]) for batch, part in pixels.batches(images, ids, pause))
    if len(ids) <= MOST_LABELS and len(classes) <= MOST_CLASSES:
        model, learn = "logistic regression", _logistic_regression
    else:
        model, learn = "ridge classifier", _ridge
    weights, bias = learn(learned, len(classes))
    everything = pixels.batches(judges, np.arange(len(judges)), pause)
    parts = [(batch @ weights + bias).argmax(axis=-1) for batch, _ in everything]
    predicted = classes[np.concatenate(parts)] if parts else np.zeros(0, np.int64)
    return LinearAnswers(model, str(pixels), predicted.astype(np.int64))


class _Pixels:
    """The pixels of images as features; large images are averaged down to `MOST_FEATURES`."""

    def __init__(self, shape: tuple[int, int, int]):
        """Chooses the smallest factor by which images become small enough.

        Args:
            shape: Height, width and channels.
        """
        factor = 1
        while self._count(shape, factor) > max(MOST_FEATURES, shape[2]):
            factor += 1
        self.starts = [_starts(size, factor) for size in shape[:2]]
        self.areas = np.multiply.outer(
            *(np.diff([*starts, size]) for starts, size in zip(self.starts, shape, strict=False))
        )
        self.channels = shape[2]
        self.reduced = factor > 1

    def __str__(self) -> str:
        height, width = self.areas.shape
        size = f"pixels of {height}x{width}x{self.channels}"
        return f"{size}, averaged" if self.reduced else size

    @staticmethod
    def _count(shape: tuple[int, int, int], factor: int) -> int:
        height, width, channels = shape
        return -(-height // factor) * -(-width // factor) * channels

    def batches(
        self, images: np.ndarray, ids: np.ndarray, pause: Callable[[], None]
    ) -> Iterator[tuple[np.ndarray, slice]]:
        """Features in [0, 1], float64 [batch, features], and where in `ids` they are."""
        rows = max(1, _BATCH // math.prod(images.shape[1:]))
        for start in range(0, len(ids), rows):
            pause()
            part = slice(start, start + rows)
            yield self._features(images[ids[part]]), part

    def _features(self, images: np.ndarray) -> np.ndarray:
        values = images.astype(np.float32)
        if self.reduced:  # sums of whole numbers below 2^24, which float32 adds exactly
            for axis, starts in enumerate(self.starts, 1):
                values = np.add.reduceat(values, starts, axis=axis)
            values /= self.areas[..., None]
        return values.reshape(len(images), -1).astype(np.float64) / 255.0


def _starts(size: int, factor: int) -> np.ndarray:
    """Where the parts of a side of an image begin; their sizes differ by one pixel at most."""
    parts = -(-size // factor)
    return np.arange(parts) * size // parts


def _scales(variances: np.ndarray) -> np.ndarray:
    """What each pixel is multiplied by, so that it varies by 1 or less; 0 if none varies."""
    spread = np.sqrt(np.maximum(variances, 0.0))
    spread[spread < 1e-6] = 0.0  # rounding, far below a gray level
    floored = np.maximum(spread, _LEAST_SPREAD * spread.mean())
    return np.divide(1.0, floored, out=np.zeros_like(floored), where=spread > 0)


def _logistic_regression(
    batches: Iterator[tuple[np.ndarray, np.ndarray]], classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights [features, classes] and biases [classes] of logistic regression.

    With fewer images than features, the best weights lie in the span of the images, and the penalty
    does not change with the coordinates: the problem is solved in as many as there are images.

    Args:
        batches: Features float64 [batch, features], and classes int [batch].
        classes: Number of classes; each occurs.
    """
    from sklearn import linear_model  # slow to import, and needed once a run

    parts, targets = zip(*batches, strict=True)
    images = np.concatenate(parts)
    mean, scales = images.mean(axis=0), _scales(images.var(axis=0))
    images = (images - mean) * scales
    basis = None
    if len(images) < images.shape[1]:
        basis, triangle = np.linalg.qr(images.T)
        images = triangle.T
    model = linear_model.LogisticRegression(
        C=1.0 / (LOGISTIC * len(mean)), max_iter=_ITERATIONS, tol=_TOLERANCE
    )
    with warnings.catch_warnings():  # that it stopped early, that there are few labels a class
        warnings.simplefilter("ignore")
        model.fit(images, np.concatenate(targets))
    weights, bias = model.coef_.T, model.intercept_
    if classes == 2:  # scikit-learn keeps one column, that of the second class
        weights, bias = weights * [[0.0, 1.0]], bias * [0.0, 1.0]
    weights = (weights if basis is None else basis @ weights) * scales[:, None]
    return weights, bias - mean @ weights


def _ridge(
    batches: Iterator[tuple[np.ndarray, np.ndarray]], classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases of a ridge classifier; as `_logistic_regression`.

    The normal equations need sums over the images alone, so memory does not grow with their number.
    """
    count, products, sums = np.zeros(classes), 0.0, 0.0
    for images, targets in batches:
        chosen = np.zeros((classes, len(images)))
        chosen[targets, np.arange(len(images))] = 1.0
        count += chosen.sum(axis=1)
        sums = sums + chosen @ images
        products = products + images.T @ images
    images = count.sum()
    mean = sums.sum(axis=0) / images
    covariance = products / images - np.outer(mean, mean)
    scales = _scales(np.diagonal(covariance).copy())
    matrix = images * covariance * np.outer(scales, scales)
    matrix[np.diag_indices_from(matrix)] += _RIDGE * len(mean)
    # Targets are 1 for the own class and -1 for others, less their means.
    right = 2.0 * (sums - np.outer(count, mean)) * scales
    weights = np.linalg.solve(matrix, right.T) * scales[:, None]
    return weights, 2.0 * count / images - 1.0 - mean @ weights
