"""Judging a classifier: one function for live networks and for exported ones."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from tf_ssgan.nn import inference


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """What a classifier said of a set of images, and what follows.

    Attributes:
        scores: float [n, classes], its logits or probabilities.
        labels: int [n], the right classes.
    """

    scores: np.ndarray
    labels: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The classes with the highest scores, int [n]."""
        return self.scores.argmax(axis=-1)

    @property
    def error(self) -> float:
        """The share of wrong answers in percent; NaN where there are no images."""
        wrong = int((self.predicted != self.labels).sum())
        return 100.0 * wrong / len(self.labels) if len(self.labels) else float("nan")

    @property
    def confusion(self) -> np.ndarray:
        """Images by true class (row) and predicted one, int [classes, classes]; n at least 1."""
        from sklearn import metrics  # slow to import, and asked for once a run

        every = range(self.scores.shape[1])
        return metrics.confusion_matrix(self.labels, self.predicted, labels=every)

    def probabilities(self, temperature: float = 1.0) -> np.ndarray:
        """The softmax of scores that are logits, over a temperature; float64 [n, classes]."""
        return special.softmax(self.scores.astype(np.float64) / temperature, axis=-1)

    def by_class(self, names: tuple[str, ...]) -> str:
        """Precision, recall, F1 and images of each class, as a table to read; n at least 1."""
        from sklearn import metrics  # slow to import, and asked for once a run

        return metrics.classification_report(
            self.labels,
            self.predicted,
            labels=range(self.scores.shape[1]),
            target_names=names,
            digits=4,
            zero_division=0,
        )


def evaluate(
    predict: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    pause: Callable[[], None] = lambda: None,
) -> Predictions:
    """Asks a classifier about all images, the ragged last batch included.

    Args:
        predict: uint8 images [n, h, w, c] -> scores [n, classes].
        images: uint8 [n, h, w, c].
        labels: int [n].
        classes: Number of classes.
        pause: Called between batches; may raise to interrupt.
    """
    parts = list(inference.predict_batches(predict, images, np.arange(len(images)), pause))
    return Predictions(np.concatenate(parts) if parts else np.zeros((0, classes)), labels)


def pseudo_label_quality(
    logits: np.ndarray, labels: np.ndarray, threshold: float
) -> dict[str, Any]:
    """How good labels would be that a classifier gives where it is sure.

    Args:
        logits: float32 [n, classes], n at least 1.
        labels: int64 [n], the true ones; -1 where nobody knows.
        threshold: Probability from which on it is sure.

    Returns:
        "pseudo_label_percent", how many images it is sure of; "pseudo_label_right_percent", of
        these with a known label, None where there is none; "sure" and "all", int64 [classes], how
        many images of those, and of all, are given to each class.
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    given, largest = logits.argmax(axis=-1), 1.0 / shifted.sum(axis=-1)
    sure = largest >= threshold
    judged = sure & (labels >= 0)
    right = 100.0 * float((given[judged] == labels[judged]).mean()) if judged.any() else None
    classes = logits.shape[1]
    return {
        "pseudo_label_percent": 100.0 * float(sure.mean()),
        "pseudo_label_right_percent": right,
        "sure": np.bincount(given[sure], minlength=classes),
        "all": np.bincount(given, minlength=classes),
    }
