"""How tight the classes of real and of generated images are, and a common t-SNE of them.

The distances of tables are taken in the features themselves, where those of a set do not depend on
the sets beside it; nor do those in principal components of the real images. Distances in a t-SNE
depend on all its sets, and its scale is arbitrary: they compare the sets of one picture, never two
evaluations.
"""

import dataclasses
from typing import Any

import numpy as np

from tf_ssgan.metrics import generative

POINTS = 1000  # of each set
MIN_POINTS = 100  # of all sets together; a t-SNE of perplexity 30 means nothing for fewer
DIMENSIONS = 50
PERPLEXITY = 30
ITERATIONS = 1000


@dataclasses.dataclass(frozen=True)
class Embedding:
    """A set of n images.

    Attributes:
        points: float32 [n, 2], from t-SNE.
        features: float [n, d].
        components: float [n, at most 50], the principal components of the real images.
        labels: int64 [n].
    """

    points: np.ndarray
    features: np.ndarray
    components: np.ndarray
    labels: np.ndarray

    def metrics(self) -> dict[str, Any]:
        """The number of images, and their cluster metric in three spaces.

        Returns:
            "points"; "distance" in all features, which the tables show; "tsne" in the plane, which
            is not compared across evaluations; "pca" in the principal components of the real
            images.
        """
        spaces = {"distance": self.features, "tsne": self.points, "pca": self.components}
        metrics = {
            name: dict(
                zip(("mean", "std"), generative.cluster_metric(own, self.labels), strict=True)
            )
            for name, own in spaces.items()
        }
        return {"points": len(self.labels)} | metrics


def images_per_class(test_labels: np.ndarray, classes: int) -> int:
    """How many images of each class a set has: as many as the rarest class of real images allows.

    Args:
        test_labels: int [n], of the real images.
        classes: How many.
    """
    rarest = int(np.bincount(test_labels, minlength=classes).min())
    return max(1, min(POINTS // classes, rarest))


def embed(sets: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, Embedding]:
    """Embeds sets of features together, so that one picture shows them.

    Dravid et al. (2022) do not say how they made their t-SNE. Here all points together are reduced
    to 50 dimensions by PCA, then to 2 by t-SNE (van der Maaten and Hinton 2008) of perplexity 30,
    initialized with the first two principal components, 1,000 iterations, always the same seed.

    Args:
        sets: Name -> features float [n, d] and labels int [n]. The first set is that of the real
            images, whose principal components all sets are measured in.

    Returns:
        Name -> the embedding of the set.
    """
    import threadpoolctl
    from sklearn import decomposition, manifold  # slow to import, and used once an evaluation

    features = np.concatenate([features for features, _ in sets.values()]).astype(np.float64)
    dimensions = min(DIMENSIONS, *features.shape)
    reduced = decomposition.PCA(dimensions, svd_solver="full").fit_transform(features)
    tsne = manifold.TSNE(perplexity=PERPLEXITY, init="pca", max_iter=ITERATIONS, random_state=0)
    # Several threads add up in another order each time, and the points end elsewhere.
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        plane = tsne.fit_transform(reduced)
    ends = np.cumsum([len(labels) for _, labels in sets.values()])[:-1]
    parts = zip(np.split(plane, ends), sets.items(), strict=True)
    real = _fit_components(next(iter(sets.values()))[0])
    return {
        name: Embedding(points, own, real.transform(own.astype(np.float64)), labels)
        for points, (name, (own, labels)) in parts
    }


def _fit_components(features: np.ndarray) -> Any:
    """Fits a `sklearn.decomposition.PCA` to one set, so that it depends on no other."""
    from sklearn import decomposition  # slow to import

    dimensions = min(DIMENSIONS, *features.shape)
    return decomposition.PCA(dimensions, svd_solver="full").fit(features.astype(np.float64))
