"""Average precision and top-k accuracy of a classifier's scores. Free of TensorFlow."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class AveragePrecision:
    """Average precision of each class and its means.

    Attributes:
        per_class: float64 [K], in (0, 1]; NaN for a class without images.
        macro: The mean over the classes that have images, the mAP of Hu et al. 2019. Like the next
            two, NaN without images.
        weighted: The mean over the classes, weighted by their images.
        pooled: Average precision of all n K pairs of an image and a class, ranked together; AP_all
            of Hu et al. 2019.
    """

    per_class: np.ndarray
    macro: float
    weighted: float
    pooled: float


def average_precision(probabilities: np.ndarray, labels: np.ndarray) -> AveragePrecision:
    """Average precision of the rankings of the images by the score of each class.

    Hu et al. 2019, "Weakly Supervised Image Classification Through Noise Regularization",
    equation 8: with the images sorted by descending score of class c,

        AP_c = 1 / m_c sum_i Pre(i, c) I(i, c),

    where I(i, c) is 1 if the i-th image belongs to the class and 0 otherwise, Pre(i, c) is the
    fraction of such images among the first i, and m_c is their number. Equal scores keep the order
    of the images; pooled ones the order of the images, then of the classes.

    Args:
        probabilities: float [n, K].
        labels: int [n], the right classes.
    """
    right = labels[:, None] == np.arange(probabilities.shape[1])
    per_class = _average_precision(probabilities, right)
    (pooled,) = _average_precision(probabilities.reshape(-1, 1), right.reshape(-1, 1))
    support = right.sum(axis=0)
    present = support > 0
    if not present.any():
        return AveragePrecision(per_class, *[float("nan")] * 3)
    macro = per_class[present].mean()
    weighted = np.average(per_class[present], weights=support[present])
    return AveragePrecision(per_class, float(macro), float(weighted), float(pooled))


def top_k_accuracy(probabilities: np.ndarray, labels: np.ndarray, k: int) -> float:
    """The fraction of images whose right class is among the k with the highest scores.

    Args:
        probabilities: float [n, K], or any scores; of equal scores, the first class comes first.
        labels: int [n], the right classes.
        k: At least 1; if larger than K, all classes count.

    Returns:
        A number in [0, 1]; NaN without images.
    """
    if not len(labels):
        return float("nan")
    return float((top_k(probabilities, k) == labels[:, None]).any(axis=-1).mean())


def top_k(probabilities: np.ndarray, k: int) -> np.ndarray:
    """Returns int [n, min(k, K)], the classes with the highest scores [n, K], highest first."""
    return np.argsort(-probabilities, axis=-1, kind="stable")[:, :k]


def _average_precision(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Scores [n, m], right bool [n, m] -> float64 [m]; NaN for a column that has none right."""
    order = np.argsort(-scores, axis=0, kind="stable")
    right = np.take_along_axis(right, order, axis=0)
    precision = right.cumsum(axis=0) / np.arange(1, len(right) + 1)[:, None]
    support = right.sum(axis=0)
    total = (precision * right).sum(axis=0)
    return np.divide(total, support, out=np.full(len(support), np.nan), where=support > 0)
