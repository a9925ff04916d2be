"""The weights of classes in the labeled loss (`--class_weight`), and the frequencies of labels."""

import numpy as np

from tf_ssgan.common import plain_text

LONGEST_NAME = 40  # columns of a class name in a sentence


def of_task(kind: str, labels: np.ndarray, classes: int) -> dict[str, tuple[float, ...]]:
    """The fields of a `Task` that describe its labels; the arguments are those of `weights`."""
    return {
        "class_frequencies": frequencies(labels, classes),
        "class_weights": weights(kind, labels, classes),
    }


def frequencies(labels: np.ndarray, classes: int) -> tuple[float, ...]:
    """The share of each class among some labels; empty without labels.

    Args:
        labels: int64 [n], each in 0..classes-1.
        classes: Number of classes.
    """
    if not len(labels):
        return ()
    return tuple((np.bincount(labels, minlength=classes) / len(labels)).tolist())


def weights(kind: str, labels: np.ndarray, classes: int) -> tuple[float, ...]:
    """The weight of each class in the labeled loss; empty if all labels weigh the same.

    "balanced" is w_k = n / (K n_k) for n labels, n_k of class k, as scikit-learn's
    `compute_class_weight`: the labels of each class weigh the same together, and the mean weight
    of the n labels is 1. A class without labels has the weight 0, which nothing reads, and K
    counts the classes that have some.

    Args:
        kind: "none" or "balanced".
        labels: int64 [n], the labels that the run learns from, with noise; n is at least 1 if they
            are balanced, see `combinations.RULES`.
        classes: Number of classes.
    """
    if kind == "none":
        return ()
    counts = np.bincount(labels, minlength=classes)
    shares = np.count_nonzero(counts) * counts / len(labels)
    return tuple(np.divide(1.0, shares, out=np.zeros(classes), where=counts > 0).tolist())


def describe(weights: tuple[float, ...], labels: np.ndarray, names: tuple[str, ...]) -> str:
    """A sentence on the classes whose labels weigh least and most; empty without weights.

    Args:
        weights: Of each class, see `weights`.
        labels: int64 [n], the labels of the run.
        names: Names of the classes.
    """
    if not weights:
        return ""
    counts = np.bincount(labels, minlength=len(names))
    with_labels = sorted(np.flatnonzero(counts), key=lambda k: weights[k])
    least, most = with_labels[0], with_labels[-1]
    if weights[least] == weights[most]:
        return "All classes with labels have equally many: --class_weight=balanced changes nothing."
    ends = (_one(weights[k], int(counts[k]), names[k]) for k in (least, most))
    return f"Labels weigh by the frequency of their class: from {' to '.join(ends)}."


def _one(weight: float, count: int, name: str) -> str:
    labels = "1 label" if count == 1 else f"{count:,} labels"
    shown = plain_text.shorten(plain_text.escape(name), LONGEST_NAME)
    return f"{weight:.3g} ({shown}, {labels})"
