"""How well a classifier's scores rank images: average precision, top-k accuracy. NumPy alone."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class AveragePrecision:
    """How far up the images of a class stand in the ranking by its score.

    Attributes:
        per_class: float64 [K], in (0, 1]; NaN for a class without images.
        macro: The mean over the classes with images: the mAP of Hu et al. 2019. NaN where there
            are no images, like the next two.
        weighted: The mean over the images, each counted with its class.
        pooled: Of all n K pairs of an image and a class, ranked together: their AP_all.
    """

    per_class: np.ndarray
    macro: float
    weighted: float
    pooled: float


def average_precision(probabilities: np.ndarray, labels: np.ndarray) -> AveragePrecision:
    """Measures how purely the images of a class lead the ranking by its score.

    Hu et al. 2019, "Weakly Supervised Image Classification Through Noise Regularization",
    equation 8: with the images sorted by descending score of class c,

        AP_c = 1 / m_c sum_i Pre(i, c) I(i, c),

    where I(i, c) is 1 if the i-th image is of the class and else 0, Pre(i, c) the share of such
    images among the first i, and m_c how many there are. Equal scores stay in the order of the
    images; pooled ones in that of the images, then of the classes.

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.
    """
    right = labels[:, None] == np.arange(probabilities.shape[1])
    per_class = _average_precision(probabilities, right)
    (pooled,) = _average_precision(probabilities.reshape(-1, 1), right.reshape(-1, 1))
    support = right.sum(axis=0)
    there = support > 0
    if not there.any():
        return AveragePrecision(per_class, *[float("nan")] * 3)
    found = per_class[there]
    weighted = np.average(found, weights=support[there])
    return AveragePrecision(per_class, float(found.mean()), float(weighted), float(pooled))


def top_k_accuracy(probabilities: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Measures how often the right class is among the k best.

    Args:
        probabilities: float [n, K], or any scores; of equal ones the first class is better.
        labels: int [n], the right classes.
        k: How many may be named, at least 1; K and more name them all.

    Returns:
        A share in [0, 1]; NaN where there are no images.
    """
    if not len(labels):
        return float("nan")
    return float((best(probabilities, k) == labels[:, None]).any(axis=-1).mean())


def best(probabilities: np.ndarray, k: int) -> np.ndarray:
    """Returns int [n, min(k, K)], the classes of the highest scores [n, K], best first."""
    return np.argsort(-probabilities, axis=-1, kind="stable")[:, :k]


def _average_precision(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Scores [n, m] and which are right, bool -> float64 [m], NaN for a column with none right."""
    order = np.argsort(-scores, axis=0, kind="stable")
    right = np.take_along_axis(right, order, axis=0)
    precision = right.cumsum(axis=0) / np.arange(1, len(right) + 1)[:, None]
    support = right.sum(axis=0)
    total = (precision * right).sum(axis=0)
    return np.divide(total, support, out=np.full(len(support), np.nan), where=support > 0)
