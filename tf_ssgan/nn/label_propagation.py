"""Labels that spread over a graph of similar images (Iscen, Tolias, Avrithis and Chum 2019).

"Label Propagation for Deep Semi-supervised Learning", with the details of its public code:

    A_ij = cos(i, j)^3 for the nearest neighbors j of i;   W = D^-1/2 (A + A^T) D^-1/2   affinity
    (I - alpha W) f_c = y_c, y_c = 1 / n_c for the n_c images of label c, else 0         propagate
    label argmax_c f_c, weight 1 - H(f / sum f) / log C, divided by the largest      pseudo_labels
    (N / C) / N_c for the N_c of all N images whose label is c                       class_weights

Everything is computed by NumPy and SciPy, outside of the training step.
"""

from collections.abc import Callable

import numpy as np
from scipy import sparse, special
from scipy.sparse import linalg

_LARGEST_GROUP = 16  # columns whose maximum is taken first; 8 to 64 take about the same time


def nearest_neighbors(
    features: np.ndarray,
    neighbors: int,
    done: Callable[[int], None] = lambda images: None,
    block: int = 512,
) -> tuple[np.ndarray, np.ndarray]:
    """For each image the images of the largest cosines, without itself.

    It compares all pairs. The products of a block are block x n float32, 102 MB with 50,000 images;
    a copy of the features comes on top. These take 12 seconds with 128 features on one core.

    Args:
        features: [n, d], the features of each image.
        neighbors: k, their number; n - 1 if there are not so many.
        done: Called after each block, with the number of its images; may raise to interrupt.
        block: Images whose neighbors are sought at once.

    Returns:
        int32 [n, k], the neighbors of each image, from the largest cosine down, and of equal ones
        in ascending order; and float32 [n, k], the cosines. That of a feature vector 0 is 0.

    Raises:
        ValueError: A feature is not finite.
    """
    unit, count = _unit_rows(features), len(features)
    k = max(0, min(neighbors, count - 1))
    indices = np.zeros((count, k), np.int32)
    cosines = np.zeros((count, k), np.float32)
    # Columns j, j + groups, j + 2 groups, ... form a group. Each has a column that is an image, and
    # one group at most no other than the image itself: k of them bound the k-th largest cosine.
    size = max(1, min(_LARGEST_GROUP, (count - 1) // max(1, k)))
    groups = -(-count // size)
    products = np.full((min(block, count), size * groups), -np.inf, np.float32)
    for start in range(0, count if k else 0, block):
        rows = min(block, count - start)
        np.matmul(unit[start : start + rows], unit.T, out=products[:rows, :count])
        products[np.arange(rows), np.arange(start, start + rows)] = -np.inf
        largest = products[:rows].reshape(rows, size, groups).max(axis=1)
        bounds = np.partition(largest, groups - k, axis=1)[:, groups - k]
        for row, bound in enumerate(bounds):
            found = np.flatnonzero(products[row] >= bound)
            order = np.argsort(-products[row, found], kind="stable")[:k]
            indices[start + row] = found[order]
            cosines[start + row] = products[row, found[order]]
        done(rows)
    return indices, cosines


def _unit_rows(features: np.ndarray) -> np.ndarray:
    """The rows, scaled to length 1 in float32; 0 stays 0."""
    features = np.asarray(features, np.float32)
    if not np.isfinite(features).all():
        raise ValueError("features that are not finite have no neighbors")
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, norms, out=np.zeros_like(features), where=norms > 0)


def affinity(indices: np.ndarray, cosines: np.ndarray, power: float = 3) -> sparse.csr_array:
    """The graph W = D^-1/2 (A + A^T) D^-1/2, D the sums of the rows of A + A^T.

    Cosines keep their sign, as in the public code; the paper cuts negative ones off. An image whose
    sum is not positive loses its edges: no root scales them. (In the public code it keeps those of
    sum 0, and a negative sum gives NaN.) With negative cosines W may have eigenvalues above 1, if k
    is near n and features are not those of a trained network; scores are finite then, and no more.

    Args:
        indices: int [n, k], neighbors of each image, never itself.
        cosines: [n, k], of the two.
        power: An odd whole number, to which cosines are raised.

    Returns:
        float64 [n, n], symmetric with a diagonal of 0.
    """
    count, k = indices.shape
    starts = np.arange(count + 1) * k
    values = cosines.astype(np.float64).ravel() ** power
    directed = sparse.csr_array((values, indices.ravel(), starts), shape=(count, count))
    graph = (directed + directed.T).tocsr()
    degrees = graph.sum(axis=1)
    scales = np.zeros(count)
    scales[degrees > 0] = degrees[degrees > 0] ** -0.5
    scale = sparse.diags_array(scales)
    return (scale @ graph @ scale).tocsr()


def propagate(
    graph: sparse.csr_array,
    labels: np.ndarray,
    classes: int,
    alpha: float = 0.99,
    iterations: int = 20,
    tolerance: float = 1e-6,
    done: Callable[[int], None] = lambda classes: None,
) -> np.ndarray:
    """Solves (I - alpha W) f_c = y_c for each class c by conjugate gradients.

    y_c is 1 / n_c for the n_c images of label c and 0 for all others, so that each class has the
    same mass. Negative values become 0.

    Args:
        graph: W, [n, n].
        labels: int64 [n], -1 for unknown ones.
        classes: Number of classes, C.
        alpha: Share of an image's score that comes from its neighbors, below 1.
        iterations: Most steps of the conjugate gradients.
        tolerance: Length of the residual, relative to that of y_c, at which they end earlier.
        done: Called after each class, with 1; may raise to interrupt.

    Returns:
        float64 [n, classes], at least 0; the column of a class without labels is 0.
    """
    count = len(labels)
    system = (sparse.eye_array(count) - alpha * graph).tocsr()
    scores = np.zeros((count, classes))
    for number in range(classes):
        members = labels == number
        if members.any():
            # What is left after the last step is what the public code takes, too.
            solution, _ = linalg.cg(
                system, members / members.sum(), rtol=tolerance, atol=0.0, maxiter=iterations
            )
            scores[:, number] = np.maximum(solution, 0.0)
        done(1)
    return scores


def pseudo_labels(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class of each image and how much it counts.

    An image that has a label keeps it and has weight 1. The others have the class of the largest
    score p_c = f_c / sum f and the weight 1 - H(p) / log C, divided by the largest of all images.

    Args:
        scores: [n, classes], at least 0.
        labels: int64 [n], -1 for unknown ones.

    Returns:
        int64 [n], the classes, and float32 [n], the weights in [0, 1]. An image that no label
        reaches has class 0 with weight 0.
    """
    sums = scores.sum(axis=1, keepdims=True)
    shares = np.divide(scores, sums, out=np.zeros_like(scores), where=sums > 0)
    uncertainty = special.entr(shares).sum(axis=1) / np.log(max(2, scores.shape[1]))
    weights = np.where(sums[:, 0] > 0, np.clip(1.0 - uncertainty, 0.0, 1.0), 0.0)
    weights /= max(weights.max(initial=0.0), np.finfo(np.float64).tiny)
    known = labels >= 0
    found = np.where(known, labels, shares.argmax(axis=1))
    return found.astype(np.int64), np.where(known, 1.0, weights).astype(np.float32)


def class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """(N / C) / N_c of each class: their sum over the images is the same for all classes.

    Args:
        labels: int64 [n], the labels of N images; negative ones do not count.
        classes: Number of classes, C.

    Returns:
        float32 [classes], 0 for a class without images.
    """
    counts = np.bincount(labels[labels >= 0], minlength=classes).astype(np.float64)
    even = np.full(classes, counts.sum() / classes)
    return np.divide(even, counts, out=np.zeros(classes), where=counts > 0).astype(np.float32)
