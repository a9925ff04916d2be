"""Label propagation: brute force and dense solutions, clusters, symmetries, limits."""

import math

import numpy as np
import pytest
from scipy import sparse

from tf_ssgan.nn import label_propagation

NONE = -1


def points(count=200, width=5, seed=0):
    """Vectors around three centers, with many positive and some negative cosines."""
    numbers = np.random.default_rng(seed)
    centers = numbers.normal(size=(3, width))
    return (centers[np.arange(count) % 3] + numbers.normal(size=(count, width))).astype(np.float32)


def graph_of(features, neighbors=10):
    return label_propagation.affinity(*label_propagation.nearest_neighbors(features, neighbors))


def brute_force(features, neighbors):
    """Cosines of all pairs in float64, sorted; a stable sort keeps equal ones in order."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True).astype(np.float64)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :neighbors]
    return order, np.take_along_axis(cosines, order, axis=1)


@pytest.mark.parametrize("neighbors", [1, 7, 50, 199])
@pytest.mark.parametrize("block", [1, 64, 200, 512])
def test_neighbors_equal_brute_force_in_blocks_of_any_size(neighbors, block):
    """With 1 and 7 neighbors the maxima of groups of 16 bound them, with 199 groups of one."""
    found, cosines = label_propagation.nearest_neighbors(points(), neighbors, block=block)
    expected, exact = brute_force(points(), neighbors)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(cosines, exact, atol=1e-6)
    assert (found.dtype, cosines.dtype) == (np.int32, np.float32)


def test_a_few_images_have_all_others_as_neighbors():
    for count in range(1, 8):
        found, cosines = label_propagation.nearest_neighbors(points(count), 50)
        others = [sorted({*range(count)} - {row}) for row in range(count)]
        assert np.sort(found, axis=1).tolist() == others
        assert cosines.shape == (count, count - 1)


@pytest.mark.parametrize("count", [5, 7, 9, 101])
def test_a_group_of_columns_that_holds_no_other_image_is_no_bound(count):
    """Of an odd number, in groups of two, the image in the middle is alone in its group."""
    found, _ = label_propagation.nearest_neighbors(points(count), count // 2)
    np.testing.assert_array_equal(found, brute_force(points(count), count // 2)[0])


def test_no_image_leaves_no_neighbors():
    found, cosines = label_propagation.nearest_neighbors(np.zeros((0, 3), np.float32), 5)
    assert found.shape == cosines.shape == (0, 0)


def test_the_length_of_a_vector_does_not_matter():
    lengths = np.geomspace(1e-3, 1e3, 200, dtype=np.float32)[:, np.newaxis]
    found, cosines = label_propagation.nearest_neighbors(lengths * points(), 5)
    np.testing.assert_array_equal(found, brute_force(points(), 5)[0])
    assert cosines.max() <= 1 + 1e-6


def test_of_equal_cosines_the_first_images_are_neighbors():
    same, _ = label_propagation.nearest_neighbors(np.ones((40, 4), np.float32), 3)
    assert same[0].tolist() == [1, 2, 3] and same[2].tolist() == [0, 1, 3]
    assert all(row.tolist() == [0, 1, 2] for row in same[3:])
    # Four axes, twice each: the other one of the same axis, then the first ones of the others.
    axes, cosines = label_propagation.nearest_neighbors(np.tile(np.eye(4), (2, 1)), 2)
    assert axes.tolist() == [[4, 1], [5, 0], [6, 0], [7, 0], [0, 1], [1, 0], [2, 0], [3, 0]]
    np.testing.assert_array_equal(cosines, [[1, 0]] * 8)


def test_vectors_of_zero_have_cosines_of_zero():
    features = np.abs(points(30))
    features[[4, 9]] = 0
    found, cosines = label_propagation.nearest_neighbors(features, 29)
    np.testing.assert_array_equal(cosines[[4, 9]], np.zeros((2, 29)))
    assert np.all(np.isfinite(cosines)) and found[4, :5].tolist() == [0, 1, 2, 3, 5]
    edges = label_propagation.affinity(found, cosines).toarray() != 0
    assert edges.sum(axis=1).tolist() == [0 if row in (4, 9) else 27 for row in range(30)]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(value):
    features = points(20)
    features[3, 2] = value
    with pytest.raises(ValueError, match="not finite"):
        label_propagation.nearest_neighbors(features, 3)


def test_each_block_is_reported():
    calls = []
    label_propagation.nearest_neighbors(points(150), 3, calls.append, block=64)
    assert calls == [64, 64, 22]


def test_a_report_can_interrupt():
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        label_propagation.nearest_neighbors(points(), 3, interrupt)
    with pytest.raises(KeyboardInterrupt):
        label_propagation.propagate(graph_of(points()), np.zeros(200, int), 2, done=interrupt)


@pytest.mark.parametrize(
    ("neighbors", "cosines", "expected"),
    [
        # A + A^T has 2/8 and 1, its sums are 5/4, 1/4 and 1.
        ([[1], [0], [0]], [[0.5], [0.5], [1]], [0.2**0.5, 0.8**0.5, 0]),
        # Negative cosines are negative edges: 2, 2 and -2/8; the sums are 4, 7/4 and 7/4.
        (
            [[1, 2], [0, 2], [0, 1]],
            [[1, 1], [1, -0.5], [1, -0.5]],
            [2 / 7**0.5, 2 / 7**0.5, -1 / 7],
        ),
        # The sum of the last image is -1/8: it has no edges. Those of the others are 15/8 and 2.
        ([[1], [0], [0]], [[1], [1], [-0.5]], [2 / 3.75**0.5, 0, 0]),
    ],
)
def test_graphs_of_three_images_by_hand(neighbors, cosines, expected):
    """The edges 0-1, 0-2 and 1-2."""
    graph = label_propagation.affinity(np.array(neighbors), np.array(cosines, np.float32)).toarray()
    np.testing.assert_allclose(graph[[0, 0, 1], [1, 2, 2]], expected, atol=1e-7)
    np.testing.assert_array_equal(graph, graph.T)
    np.testing.assert_array_equal(np.diagonal(graph), np.zeros(3))


def test_of_positive_cosines_the_largest_eigenvalue_is_one():
    """Its eigenvector has the roots of the sums: W D^1/2 1 = D^-1/2 (A + A^T) 1 = D^1/2 1."""
    values = np.linalg.eigvalsh(graph_of(np.abs(points())).toarray())
    assert values.max() == pytest.approx(1, abs=1e-9) and values.min() >= -1


def test_another_power():
    found = np.array([[1], [2], [0]]), np.array([[0.5], [0.5], [1.0]])
    linear, cubed = (label_propagation.affinity(*found, power=power) for power in (1, 3))
    # The edges are 1/2, 1/2 and 1, of sums 3/2, 1 and 3/2; or 1/8, 1/8 and 1, of 9/8, 1/4 and 9/8.
    assert linear[0, 2] == pytest.approx(2 / 3) and cubed[0, 2] == pytest.approx(8 / 9)


@pytest.mark.parametrize("alpha", [0.5, 0.99])
def test_propagation_equals_a_dense_solution(alpha):
    graph, labels = graph_of(points()), np.full(200, NONE)
    labels[:9] = np.arange(9) % 3
    found = label_propagation.propagate(graph, labels, 3, alpha, iterations=2000, tolerance=1e-12)
    given = np.stack([(labels == number) / 3 for number in range(3)], axis=1)
    exact = np.linalg.solve(np.eye(200) - alpha * graph.toarray(), given)
    np.testing.assert_allclose(found, np.maximum(exact, 0), atol=1e-6)
    assert found.dtype == np.float64 and found.min() >= 0


def test_two_images_by_hand():
    """With one edge of weight 1, (I - a W)^-1 is [[1, a], [a, 1]] / (1 - a^2)."""
    graph = label_propagation.affinity(np.array([[1], [0]]), np.ones((2, 1)))
    found = label_propagation.propagate(graph, np.array([0, NONE]), 2, alpha=0.5)
    np.testing.assert_allclose(found, [[4 / 3, 0], [2 / 3, 0]], atol=1e-12)


def test_negative_scores_become_zero():
    """With an edge of -1/2, (I - W / 2)^-1 is [[1, -1/4], [-1/4, 1]] / (1 - 1/16)."""
    graph = sparse.csr_array([[0.0, -0.5], [-0.5, 0.0]])
    found = label_propagation.propagate(graph, np.array([0, NONE]), 1, alpha=0.5)
    np.testing.assert_allclose(found, [[16 / 15], [0]], atol=1e-12)


def test_without_propagation_the_labels_are_left():
    labels = np.array([0, 1, 1, NONE])
    found = label_propagation.propagate(graph_of(points(4)), labels, 3, alpha=0.0)
    np.testing.assert_allclose(found, [[1, 0, 0], [0, 0.5, 0], [0, 0.5, 0], [0, 0, 0]])


def test_iterations_and_tolerance_end_the_conjugate_gradients():
    """The first step is along y, the second reaches the neighbors; a residual of y is y itself."""
    graph, labels = graph_of(points()), np.full(200, NONE)
    labels[7] = 0
    one, two = (label_propagation.propagate(graph, labels, 1, iterations=k) for k in (1, 2))
    assert np.flatnonzero(one).tolist() == [7]
    assert 0 < np.count_nonzero(two) - 1 <= graph[[7]].nnz
    assert not label_propagation.propagate(graph, labels, 1, tolerance=1.5).any()


def test_each_class_is_reported():
    calls = []
    labels = np.array([0, 2, NONE])
    label_propagation.propagate(graph_of(points(3)), labels, 4, done=calls.append)
    assert calls == [1, 1, 1, 1]


def test_where_all_images_are_alike_each_class_has_the_same_mass():
    """The sums of the rows of W are 1, so the scores of a class sum to 1 / (1 - alpha)."""
    labels = np.array([0, 0, 0, 1, NONE, NONE])
    found = label_propagation.propagate(graph_of(np.ones((6, 2))), labels, 2, alpha=0.9)
    np.testing.assert_allclose(found.sum(axis=0), [10, 10], rtol=1e-9)
    assert found[4] == pytest.approx(found[5])


def test_a_class_without_labels_has_no_score():
    found = label_propagation.propagate(graph_of(points()), np.arange(200) % 2, 4)
    assert found[:, :2].any() and not found[:, 2:].any()


def clusters():
    """40 vectors about the first axis and 60 about the second one, and which is where."""
    numbers = np.random.default_rng(3)
    sides = numbers.permutation(np.repeat([0, 1], [40, 60]))
    return np.eye(2, 4)[sides] + 0.1 * numbers.normal(size=(100, 4)), sides


def test_one_label_each_is_enough_for_two_clusters():
    features, sides = clusters()
    labels = np.full(100, NONE)
    for side in (0, 1):
        labels[np.flatnonzero(sides == side)[0]] = side
    scores = label_propagation.propagate(graph_of(features), labels, 2)
    found, weights = label_propagation.pseudo_labels(scores, labels)
    np.testing.assert_array_equal(found, sides)
    np.testing.assert_allclose(weights, np.ones(100), atol=1e-6)  # no edges between the clusters
    expected = [100 / 2 / 40, 100 / 2 / 60]
    np.testing.assert_allclose(label_propagation.class_weights(found, 2), expected)


def test_images_in_another_order_have_the_same_labels_and_weights():
    labels = np.where(np.arange(200) < 12, np.arange(200) % 3, NONE)
    order = np.random.default_rng(5).permutation(200)

    def learned(features, labels):
        scores = label_propagation.propagate(graph_of(features), labels, 3)
        return label_propagation.pseudo_labels(scores, labels)

    found, weights = learned(points(), labels)
    moved, moved_weights = learned(points()[order], labels[order])
    np.testing.assert_array_equal(moved, found[order])
    np.testing.assert_allclose(moved_weights, weights[order], atol=1e-5)
    assert np.ptp(weights[12:]) > 0.1


def test_pseudo_labels_by_hand():
    """The entropy of (3/4, 1/4) is .562335, that of (9/10, 1/10) is .325083; log 2 is .693147."""
    scores = np.array([[3.0, 1.0], [0.1, 0.9], [2.0, 2.0], [0.0, 0.0]])
    found, weights = label_propagation.pseudo_labels(scores, np.full(4, NONE))
    assert found.tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(weights, [0.188722 / 0.531004, 1, 0, 0], atol=1e-5)
    assert (found.dtype, weights.dtype) == (np.int64, np.float32)


def test_labels_are_kept_with_weight_one_whatever_their_scores():
    """The largest weight is that of the scores: a label has 1 after the division."""
    scores = np.array([[3.0, 1.0], [0.1, 0.9], [5.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    labels = np.array([NONE, NONE, 1, 1, 0])
    found, weights = label_propagation.pseudo_labels(scores, labels)
    assert found.tolist() == [0, 1, 1, 1, 0]
    np.testing.assert_allclose(weights, [0.188722 / 0.531004, 1, 1, 1, 1], atol=1e-5)
    # A labeled image of certain scores, weight 1 before, leaves the others as they are.
    scores[2] = [0.0, 7.0]
    _, weights = label_propagation.pseudo_labels(scores, labels)
    np.testing.assert_allclose(weights, [0.188722, 0.531004, 1, 1, 1], atol=1e-5)


def test_the_size_of_an_images_scores_does_not_matter():
    scores = np.random.default_rng(1).uniform(size=(20, 5))
    sizes = np.geomspace(1e-200, 1e200, 20)[:, np.newaxis]
    nothing = np.full(20, NONE)
    found, weights = label_propagation.pseudo_labels(scores, nothing)
    same, same_weights = label_propagation.pseudo_labels(sizes * scores, nothing)
    np.testing.assert_array_equal(same, found)
    np.testing.assert_allclose(same_weights, weights, rtol=1e-6)


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_certain_and_uniform_scores_weigh_one_and_nothing(classes):
    certain, nothing = 0.3 * np.eye(classes), np.full(classes, NONE)
    found, weights = label_propagation.pseudo_labels(certain, nothing)
    np.testing.assert_array_equal(weights, np.ones(classes))
    np.testing.assert_array_equal(found, np.arange(classes))
    if classes > 1:
        uniform = np.concatenate([certain, np.full((1, classes), 7.0)])
        _, weights = label_propagation.pseudo_labels(uniform, np.full(classes + 1, NONE))
        assert weights[-1] == pytest.approx(0, abs=1e-6)


def test_rounding_makes_no_weight_negative():
    for classes in range(2, 60):
        _, weights = label_propagation.pseudo_labels(np.full((1, classes), 0.1), np.array([NONE]))
        assert 0 <= weights[0] <= 1


def test_without_any_score_all_weights_are_zero():
    found, weights = label_propagation.pseudo_labels(np.zeros((3, 2)), np.full(3, NONE))
    assert found.tolist() == weights.tolist() == [0, 0, 0]


def test_class_weights_by_hand():
    found = label_propagation.class_weights(np.array([0, 0, 0, 1, NONE]), 3)
    np.testing.assert_allclose(found, [4 / 9, 4 / 3, 0], rtol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(label_propagation.class_weights(np.arange(20) % 4, 4), np.ones(4))
    np.testing.assert_array_equal(label_propagation.class_weights(np.array([NONE]), 2), np.zeros(2))


def test_the_mean_weight_of_the_images_is_one_if_each_class_has_some():
    labels = np.random.default_rng(2).integers(0, 5, 100)
    weights = label_propagation.class_weights(labels, 5)
    assert weights[labels].mean() == pytest.approx(1)
    assert math.isclose(weights[labels][labels == 2].sum(), 20, rel_tol=1e-6)
