"""Orders of labeled images, of which every prefix is a split of the requested kind.

A smaller split of one seed is therefore a part of every larger one.
"""

import numpy as np

from tf_ssgan.data import content_hash, label_noise

# Numbers that make the random streams of one split seed independent.
VALIDATION, LABELED, _CLASSES, CLEAN = range(4)


def first_classes(count: int, seed: int) -> np.ndarray:
    """Returns int64 [count], the classes in the order in which they come first among equals."""
    return label_noise.permutation(count, seed, _CLASSES)


def proportional(counts: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Returns int64 [count], classes as frequent as in `counts`, int64 [K]."""
    by_class = np.repeat(np.arange(len(counts)), counts)
    return by_class[class_order(counts, "proportional", seed)[:count]]


def order(
    labels: np.ndarray, keys: np.ndarray, label_split: str, seed: int, stream: int, classes: int
) -> np.ndarray:
    """Returns the indices of `labels` in an order of which every prefix has the requested split.

    Images of one class are in the random order of their keys.
    """
    shuffled = content_hash.random_order(keys, int(label_noise.bits(1, seed, stream)[0]))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return by_class[class_order(np.bincount(labels, minlength=classes), label_split, seed)]


def class_order(counts: np.ndarray, label_split: str, seed: int) -> np.ndarray:
    """Returns the indices of images sorted by class in an order as that of `order`.

    "balanced" sorts by the rank r within the class; "proportional" sorts by (r + 1/2) / class size,
    which is the Sainte-Laguë method for allocating seats: prefixes are proportional to within about
    one image.

    Args:
        counts: int64 [K], number of images of each class.
        label_split: "balanced" or "proportional".
        seed: determines which class comes first among equals.
    """
    rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    priority = rank if label_split == "balanced" else (rank + 0.5) / np.repeat(counts, counts)
    rank_of_class = np.argsort(first_classes(len(counts), seed))
    return np.lexsort((np.repeat(rank_of_class, counts), priority))
