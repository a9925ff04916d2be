"""Evaluation of classifiers, by the same function for networks in memory and exported ones."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from tf_ssgan.common import plain_text
from tf_ssgan.nn import inference

LONGEST_NAME = 40  # columns of a class name in a table


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of a classifier for a set of images, and metrics of them.

    Attributes:
        scores: float [n, classes], the logits or probabilities of the classifier.
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
        """Percentage of wrong predictions; NaN without images."""
        wrong = int((self.predicted != self.labels).sum())
        return 100.0 * wrong / len(self.labels) if len(self.labels) else float("nan")

    @property
    def confusion(self) -> np.ndarray:
        """Images by true class (row) and predicted class, int [classes, classes]; n at least 1."""
        from sklearn import metrics  # slow to import, and needed once a run

        classes = range(self.scores.shape[1])
        return metrics.confusion_matrix(self.labels, self.predicted, labels=classes)

    @property
    def class_counts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each class its images, those classified correctly, and all that are taken for it."""
        classes = self.scores.shape[1]
        right = self.labels[self.predicted == self.labels]
        parts = (self.labels, right, self.predicted)
        return tuple(np.bincount(part, minlength=classes) for part in parts)

    def probabilities(self, temperature: float = 1.0) -> np.ndarray:
        """Softmax of the scores (logits) divided by a temperature; float64 [n, classes]."""
        return special.softmax(self.scores.astype(np.float64) / temperature, axis=-1)

    def classification_report(self, names: tuple[str, ...]) -> str:
        """Precision, recall, F1 and images of each class, as a table of text; n at least 1.

        Names that are long or not ASCII follow as a list with the numbers that figures may show.
        """
        from sklearn import metrics  # slow to import, and needed once a run

        names = [plain_text.escape(name) for name in names]
        short = [plain_text.shorten(name, LONGEST_NAME) for name in names]
        table = metrics.classification_report(
            self.labels,
            self.predicted,
            labels=range(self.scores.shape[1]),
            target_names=short,
            digits=4,
            zero_division=0,
        )
        if short == names and all(map(str.isascii, names)):
            return table
        rows = (f"#{label} {name}\n" for label, name in enumerate(names))
        return f"{table}\nThe classes by their numbers:\n{''.join(rows)}"


def evaluate(
    predict: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    pause: Callable[[], None] = lambda: None,
) -> Predictions:
    """Predicts all images batch by batch; the last batch may be smaller.

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
    logits: np.ndarray, threshold: float | np.ndarray, strict: bool = False
) -> dict[str, Any]:
    """Counts the pseudo-labels that the confident predictions of a classifier would be.

    Args:
        logits: float32 [n, classes], n at least 1.
        threshold: Smallest probability of a confident prediction, or that of each predicted class,
            [classes].
        strict: Whether the probability must be larger than the threshold.

    Returns:
        "pseudo_label_percent", the percentage of confident predictions; "confident" and "all",
        int64 [classes], the number of confident predictions and of all predictions for each class.
    """
    predicted, confident = _confident_predictions(logits, threshold, strict)
    classes = logits.shape[1]
    return {
        "pseudo_label_percent": 100.0 * float(confident.mean()),
        "confident": np.bincount(predicted[confident], minlength=classes),
        "all": np.bincount(predicted, minlength=classes),
    }


def judge_noisy_labels(detected: np.ndarray, wrong: np.ndarray) -> dict[str, Any]:
    """Compares labels that a method takes as noisy with those that are wrong.

    Args:
        detected: bool [n], n at least 1.
        wrong: bool [n].

    Returns:
        "noisy_label_precision_percent", the percentage of wrong ones among the detected labels;
        "noisy_label_recall_percent", the percentage of detected ones among the wrong labels; None
        if there are none.
    """
    both = 100.0 * float((detected & wrong).sum())
    shares = {"noisy_label_precision_percent": detected, "noisy_label_recall_percent": wrong}
    return {name: both / int(of.sum()) if of.any() else None for name, of in shares.items()}


def judge_pseudo_labels(
    logits: np.ndarray, labels: np.ndarray, threshold: float | np.ndarray, strict: bool = False
) -> dict[str, Any]:
    """Compares pseudo-labels with the true classes of images that the classifier has not learned.

    Args:
        logits: float32 [n, classes]; n may be 0.
        labels: int64 [n], the true classes.
        threshold: Smallest probability of a confident prediction, or that of each predicted class,
            [classes].
        strict: Whether the probability must be larger than the threshold.

    Returns:
        "pseudo_label_right_percent", the percentage of right ones among the confident predictions,
        None if there are none; "pseudo_label_judged", the number of these.
    """
    predicted, confident = _confident_predictions(logits, threshold, strict)
    judged = int(confident.sum())
    right = int((predicted[confident] == labels[confident]).sum())
    return {
        "pseudo_label_right_percent": 100.0 * right / judged if judged else None,
        "pseudo_label_judged": judged,
    }


def _confident_predictions(
    logits: np.ndarray, threshold: float | np.ndarray, strict: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The predicted classes, int64 [n], and which are confident, bool [n]."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    largest = 1.0 / shifted.sum(axis=-1)
    predicted = logits.argmax(axis=-1)
    limits = np.broadcast_to(np.asarray(threshold, largest.dtype), logits.shape[1])[predicted]
    return predicted, largest > limits if strict else largest >= limits
