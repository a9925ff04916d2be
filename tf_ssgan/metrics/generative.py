"""Scores of generated images and of clusters, from NumPy arrays.

The scores of generated images are computed from the outputs of a reference network and depend on
it, so reports name the network (see `tf_ssgan.evaluation`).
"""

import warnings

import numpy as np
from scipy import linalg, special

SPLITS = 10  # as in the public code of Salimans et al. 2016
_EPSILON = 1e-6  # times I, added to covariances whose product has no finite root


def inception_score(probabilities: np.ndarray, splits: int = SPLITS) -> tuple[float, float]:
    """Measures how confident and how varied a classifier's predictions are.

    Salimans et al. 2016, "Improved Techniques for Training GANs", section 4, in the form of their
    public code: for each of `splits` consecutive parts,

        exp( mean_i sum_k p_ik (log p_ik - log q_k) ),   q = mean_i p_i,

    which is 1 if all predictions are equal and K if they are certain and spread evenly over the
    classes. Rows that are sorted by class must be shuffled first.

    Args:
        probabilities: float [n, K], rows that sum to 1; 0 is allowed.
        splits: Number of parts, at most n; their sizes differ by at most one row.

    Returns:
        Mean and standard deviation over the parts.

    Raises:
        ValueError: There are fewer rows than parts.
    """
    if len(probabilities) < splits:
        raise ValueError(f"{len(probabilities)} rows cannot be cut into {splits} parts")
    scores = []
    for part in np.array_split(probabilities.astype(np.float64), splits):
        marginal = part.mean(axis=0, keepdims=True)
        scores.append(np.exp(special.rel_entr(part, marginal).sum(axis=1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


def frechet_distance(
    mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray
) -> float:
    """The squared Fréchet distance of two normal distributions.

        || m1 - m2 ||^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))

    Dowson and Landau 1982; for features of images, Heusel et al. 2017, "GANs Trained by a Two
    Time-Scale Update Rule", equation 6. The root is computed in float64. As in their public code,
    1e-6 I is added to both covariances if the root is not finite, and an imaginary part, which
    comes from rounding, is dropped.

    Args:
        mean1: float [d].
        covariance1: float [d, d].
        mean2: float [d].
        covariance2: float [d, d].

    Returns:
        A number of at least 0.
    """
    mean1, covariance1, mean2, covariance2 = (
        np.asarray(array, np.float64) for array in (mean1, covariance1, mean2, covariance2)
    )
    root = _root(covariance1 @ covariance2)
    if not np.isfinite(root).all():
        offset = _EPSILON * np.eye(len(mean1))
        root = _root((covariance1 + offset) @ (covariance2 + offset))
    traces = np.trace(covariance1) + np.trace(covariance2) - 2 * np.trace(root).real
    return max(0.0, float(np.sum((mean1 - mean2) ** 2) + traces))


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean, float64 [d], and the unbiased covariance, [d, d], of features [n, d]."""
    features = features.astype(np.float64)
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def kernel_distance(
    one: np.ndarray, two: np.ndarray, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The kernel distance of two sets of features, without bias for small sets.

    Binkowski et al. 2018, "Demystifying MMD GANs", section 4: the unbiased estimate of the squared
    maximum mean discrepancy with the kernel k(x, y) = (x.y / d + 1)^3,

        sum_{i != j} [k(x_i, x_j) + k(y_i, y_j)] / (m (m - 1)) - 2 sum_{i, j} k(x_i, y_j) / m^2,

    of random subsets with m rows of each set. It can be negative if the sets are alike.

    Args:
        one: float [n, d].
        two: float [n', d].
        subsets: Number of pairs of subsets.
        size: Their size m; at most the size of the smaller set.
        seed: Seed that selects the subsets.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        ValueError: A set has fewer than two rows.
    """
    size = min(size, len(one), len(two))
    if size < 2:
        raise ValueError("an unbiased estimate needs at least two rows of each set")
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(subsets):
        x = one[rng.choice(len(one), size, replace=False)].astype(np.float64)
        y = two[rng.choice(len(two), size, replace=False)].astype(np.float64)
        within = sum(gram.sum() - np.trace(gram) for gram in (_cubic(x, x), _cubic(y, y)))
        estimates.append(within / (size * (size - 1)) - 2 * _cubic(x, y).mean())
    return float(np.mean(estimates)), float(np.std(estimates))


def cluster_metric(points: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Measures how compact the classes are.

    Dravid et al. 2022: the distances || x_i - m_{y_i} ||_2 of the points to the mean of their
    class, over all classes. They have the unit of the points, so only sets of points from one
    embedding can be compared.

    Args:
        points: float [n, d], n at least 1.
        labels: int [n].

    Returns:
        Mean and standard deviation over the points.
    """
    points = points.astype(np.float64)
    _, rows, counts = np.unique(labels, return_inverse=True, return_counts=True)
    centers = np.zeros((len(counts), points.shape[1]))
    np.add.at(centers, rows, points)
    distances = np.linalg.norm(points - (centers / counts[:, None])[rows], axis=1)
    return float(distances.mean()), float(distances.std())


def _root(matrix: np.ndarray) -> np.ndarray:
    """The principal square root; that of a singular matrix may be inaccurate or not finite."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # SciPy warns of that, and the caller checks
        return linalg.sqrtm(matrix)


def _cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[n, d] and [m, d] -> (x.y / d + 1)^3, [n, m]."""
    return (x @ y.T / x.shape[1] + 1) ** 3
