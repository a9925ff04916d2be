"""Scores of generated images, of clusters, and of two classifiers on the same images. NumPy alone.

The scores of generated images are functions of what some network says of them: with another network
they are other numbers. Who reports them says which network it was, see `judging`.
"""

import warnings

import numpy as np
from scipy import linalg, special

SPLITS = 10  # as in the public code of Salimans et al. 2016
_NUDGE = 1e-6  # times I, where a product of covariances has no finite root


def inception_score(probabilities: np.ndarray, splits: int = SPLITS) -> tuple[float, float]:
    """Measures how sure and how varied a classifier's answers are.

    Salimans et al. 2016, "Improved Techniques for Training GANs", section 4, in the form of their
    public code: of each of `splits` consecutive parts

        exp( mean_i sum_k p_ik (log p_ik - log q_k) ),   q = mean_i p_i,

    which is 1 where all answers are the same and K where they are sure and spread evenly. Whose
    rows are sorted by class shuffles them first.

    Args:
        probabilities: float [n, K], rows that sum to 1; 0 is allowed.
        splits: Parts, at most n; they may differ by one row.

    Returns:
        Mean and standard deviation over the parts.

    Raises:
        ValueError: There are fewer rows than parts.
    """
    if len(probabilities) < splits:
        raise ValueError(f"{len(probabilities)} rows cannot be cut into {splits} parts")
    found = []
    for part in np.array_split(probabilities.astype(np.float64), splits):
        marginal = part.mean(axis=0, keepdims=True)
        found.append(np.exp(special.rel_entr(part, marginal).sum(axis=1).mean()))
    return float(np.mean(found)), float(np.std(found))


def frechet_distance(
    mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray
) -> float:
    """Measures how far two normal distributions lie apart (squared, as is usual).

        || m1 - m2 ||^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))

    Dowson and Landau 1982; of features of images Heusel et al. 2017, "GANs Trained by a Two
    Time-Scale Update Rule", equation 6. The root is computed in float64. Where it is not finite,
    1e-6 I is added to both covariances, and an imaginary part, which is rounding, is left out; both
    as in their public code.

    Args:
        mean1: float [d].
        covariance1: float [d, d].
        mean2: float [d].
        covariance2: float [d, d].

    Returns:
        A number of at least 0.
    """
    mean1, covariance1, mean2, covariance2 = (
        np.asarray(given, np.float64) for given in (mean1, covariance1, mean2, covariance2)
    )
    root = _root(covariance1 @ covariance2)
    if not np.isfinite(root).all():
        nudge = _NUDGE * np.eye(len(mean1))
        root = _root((covariance1 + nudge) @ (covariance2 + nudge))
    traces = np.trace(covariance1) + np.trace(covariance2) - 2 * np.trace(root).real
    return max(0.0, float(np.sum((mean1 - mean2) ** 2) + traces))


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean, float64 [d], and the unbiased covariance, [d, d], of features [n, d]."""
    features = features.astype(np.float64)
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def kernel_distance(
    one: np.ndarray, two: np.ndarray, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Measures how far two sets of features lie apart, without bias for small sets.

    Binkowski et al. 2018, "Demystifying MMD GANs", section 4: the unbiased estimate of the squared
    maximum mean discrepancy with the kernel k(x, y) = (x.y / d + 1)^3,

        sum_{i != j} [k(x_i, x_j) + k(y_i, y_j)] / (m (m - 1)) - 2 sum_{i, j} k(x_i, y_j) / m^2,

    of random subsets of m of each. It can be negative where the sets are alike.

    Args:
        one: float [n, d].
        two: float [n', d].
        subsets: How many pairs of subsets.
        size: Their size m; all of the smaller set where it has fewer.
        seed: Chooses the subsets.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        ValueError: A set has fewer than two rows.
    """
    size = min(size, len(one), len(two))
    if size < 2:
        raise ValueError("an unbiased estimate takes at least two rows of each set")
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(subsets):
        x = one[chance.choice(len(one), size, replace=False)].astype(np.float64)
        y = two[chance.choice(len(two), size, replace=False)].astype(np.float64)
        within = sum(gram.sum() - np.trace(gram) for gram in (_cubic(x, x), _cubic(y, y)))
        found.append(within / (size * (size - 1)) - 2 * _cubic(x, y).mean())
    return float(np.mean(found)), float(np.std(found))


def cluster_metric(points: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Measures how tight the classes are.

    Dravid et al. 2022: the distances || x_i - m_{y_i} ||_2 of the points to the mean of their
    class, all classes together. The unit is that of the points: only sets that were laid out
    together can be compared.

    Args:
        points: float [n, d], n at least 1.
        labels: int [n].

    Returns:
        Mean and standard deviation over the points.
    """
    points = points.astype(np.float64)
    _, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    centers = np.zeros((len(counts), points.shape[1]))
    np.add.at(centers, place, points)
    distances = np.linalg.norm(points - (centers / counts[:, None])[place], axis=1)
    return float(distances.mean()), float(distances.std())


def _root(matrix: np.ndarray) -> np.ndarray:
    """The principal square root; of a singular matrix it may be inaccurate, or not finite."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # that it may be: the caller looks
        return linalg.sqrtm(matrix)


def _cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[n, d] and [m, d] -> (x.y / d + 1)^3, [n, m]."""
    return (x @ y.T / x.shape[1] + 1) ** 3
