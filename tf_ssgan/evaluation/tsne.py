"""Real and generated images laid out in a plane, and how tight their classes are there."""

import dataclasses
from typing import Any

import numpy as np

from tf_ssgan.metrics import generative

POINTS = 1000  # of each set
FEWEST = 100  # points of all sets together; t-SNE of a perplexity of 30 says nothing about fewer
DIMENSIONS = 50
PERPLEXITY = 30
ITERATIONS = 1000


@dataclasses.dataclass(frozen=True)
class Embedding:
    """A set of n images.

    Attributes:
        points: float32 [n, 2], from t-SNE.
        reduced: float [n, at most 50], from PCA.
        labels: int64 [n].
    """

    points: np.ndarray
    reduced: np.ndarray
    labels: np.ndarray

    def metrics(self) -> dict[str, Any]:
        """The cluster metric in the plane, and before t-SNE, which hangs on a seed."""
        found = {"points": len(self.labels)}
        for name, points in (("tsne", self.points), ("pca", self.reduced)):
            mean, deviation = generative.cluster_metric(points, self.labels)
            found[name] = {"mean": mean, "std": deviation}
        return found


def each(test_labels: np.ndarray, classes: int) -> int:
    """How many images of each class a set has: all sets as many as the rarest class allows.

    Args:
        test_labels: int [n], of the real images.
        classes: How many.
    """
    rarest = int(np.bincount(test_labels, minlength=classes).min())
    return max(1, min(POINTS // classes, rarest))


def embed(sets: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, Embedding]:
    """Lays sets of features out together, so that their scale is one.

    Dravid et al. 2022 do not say how their sets were laid out. Here all points together are reduced
    to 50 dimensions by PCA, then to 2 by t-SNE (van der Maaten and Hinton 2008) of perplexity 30,
    begun from the first two principal components, 1,000 iterations, always the same seed.

    Args:
        sets: Name -> features float [n, d] and labels int [n].

    Returns:
        Name -> where its points lie.
    """
    import threadpoolctl
    from sklearn import decomposition, manifold  # slow to import, and used once a judgment

    features = np.concatenate([features for features, _ in sets.values()]).astype(np.float64)
    dimensions = min(DIMENSIONS, *features.shape)
    reduced = decomposition.PCA(dimensions, svd_solver="full").fit_transform(features)
    tsne = manifold.TSNE(perplexity=PERPLEXITY, init="pca", max_iter=ITERATIONS, random_state=0)
    # Several threads add up in another order each time, and the points end elsewhere.
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        plane = tsne.fit_transform(reduced)
    ends = np.cumsum([len(labels) for _, labels in sets.values()])[:-1]
    parts = zip(np.split(plane, ends), np.split(reduced, ends), sets.items(), strict=True)
    return {
        name: Embedding(points, before, labels) for points, before, (name, (_, labels)) in parts
    }
