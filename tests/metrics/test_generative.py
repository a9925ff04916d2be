"""Scores of generated images: numbers worked by hand, and identities."""

import numpy as np
import pytest

from tf_ssgan.metrics import generative


def normal(seed, images=400, size=6, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, (images, size)).astype(np.float32)


def test_the_inception_score_of_equal_predictions_is_one():
    assert generative.inception_score(np.full((50, 4), 0.25)) == pytest.approx((1, 0))
    assert generative.inception_score(np.tile([0.7, 0.2, 0.1], (50, 1))) == pytest.approx((1, 0))


def test_the_inception_score_of_certain_and_varied_predictions_is_the_number_of_classes():
    assert generative.inception_score(np.tile(np.eye(5), (20, 1))) == pytest.approx((5, 0))


def test_the_inception_score_of_two_predictions_by_hand():
    """Rows (3/4, 1/4) and (1/4, 3/4), q = (1/2, 1/2): exp(3/4 log 3/2 + 1/4 log 1/2) each."""
    predictions = np.array([[0.75, 0.25], [0.25, 0.75]])
    expected = 1.5**0.75 * 0.5**0.25
    assert generative.inception_score(predictions, splits=1) == pytest.approx((expected, 0))
    assert expected == pytest.approx(1.139754, abs=1e-6)


def test_the_parts_of_the_inception_score_are_consecutive():
    """The first half is always class 0, which scores 1, the second as the classes, 2."""
    predictions = np.eye(2)[[0, 0, 0, 0, 0, 1, 0, 1]]
    assert generative.inception_score(predictions, splits=2) == pytest.approx((1.5, 0.5))


def test_the_inception_score_takes_a_ragged_last_part_and_refuses_an_empty_one():
    assert generative.inception_score(np.eye(11), splits=10)[0] > 1
    with pytest.raises(ValueError, match="9 rows cannot be cut into 10 parts"):
        generative.inception_score(np.eye(9))


def test_the_inception_score_keeps_small_probabilities():
    """q = (1/2 + e/2, ...), the terms with e vanish: 2 within 100 e log(1/e)."""
    e = 1e-30
    predictions = np.array([[1 - e, e], [e, 1 - e]])
    assert generative.inception_score(predictions, splits=1)[0] == pytest.approx(2)


def test_the_frechet_distance_of_two_known_normals():
    one = np.array([0.0, 0.0]), np.array([[1.0, 0.2], [0.2, 0.5]])
    two = np.array([1.0, -1.0]), np.array([[0.8, 0.0], [0.0, 1.2]])
    assert generative.frechet_distance(*one, *two) == pytest.approx(2.196027, abs=1e-6)
    assert generative.frechet_distance(*two, *one) == pytest.approx(2.196027, abs=1e-6)


def test_the_frechet_distance_in_one_dimension_by_hand():
    """(m1 - m2)^2 + (s1 - s2)^2 = 9 + 4."""
    distance = generative.frechet_distance(np.array([1.0]), [[1.0]], np.array([4.0]), [[9.0]])
    assert distance == pytest.approx(13)


def test_the_frechet_distance_to_itself_is_zero():
    mean, covariance = generative.moments(normal(0))
    assert generative.frechet_distance(mean, covariance, mean, covariance) == pytest.approx(
        0, abs=1e-9
    )


def test_the_frechet_distance_of_a_shift_is_its_square():
    mean, covariance = generative.moments(normal(0))
    assert generative.frechet_distance(mean, covariance, mean + 2, covariance) == pytest.approx(24)


@pytest.mark.parametrize("constant", [1, 6])
def test_constant_features_have_a_finite_frechet_distance(constant):
    one, two = normal(0), normal(1)
    one[:, :constant] = two[:, :constant] = 0.5
    distance = generative.frechet_distance(*generative.moments(one), *generative.moments(two))
    assert np.isfinite(distance) and 0 <= distance < 0.2


def test_moments_by_hand():
    mean, covariance = generative.moments(np.array([[0.0, 0.0], [2.0, 4.0]]))
    assert mean == pytest.approx([1, 2])
    assert covariance == pytest.approx(np.array([[2, 4], [4, 8]]))
    assert generative.moments(np.array([[0.0], [2.0]]))[1].shape == (1, 1)


def test_the_kernel_distance_by_hand():
    """d = 1, x = (0, 1), y = (2, 0): within x 2 * 1 / 2, within y 2 * 1 / 2; the four k(x, y) are
    1, 1, 27 and 1, so 1 + 1 - 2 * 30 / 4 = -13.
    """
    one, two = np.array([[0.0], [1.0]]), np.array([[2.0], [0.0]])
    assert generative.kernel_distance(one, two, subsets=3) == pytest.approx((-13, 0))


def test_the_kernel_distance_of_samples_of_one_distribution_is_about_zero():
    mean, stddev = generative.kernel_distance(normal(0), normal(1), subsets=50, size=100)
    assert abs(mean) < stddev
    far, _ = generative.kernel_distance(normal(0), normal(1, shift=1.0), subsets=50, size=100)
    assert far > 5 * stddev


def test_the_kernel_distance_depends_on_its_seed():
    first, again, other = (
        generative.kernel_distance(normal(0), normal(1), 5, 50, seed) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_the_kernel_distance_of_single_rows_is_refused():
    with pytest.raises(ValueError, match="at least two rows"):
        generative.kernel_distance(normal(0, images=1), normal(1))


def test_the_cluster_metric_by_hand():
    """Class 7: (0, 0), (6, 8), center (3, 4), distances 5 and 5. Class 2: one point, distance 0."""
    points = np.array([[0.0, 0.0], [9.0, 9.0], [6.0, 8.0]])
    mean, stddev = generative.cluster_metric(points, np.array([7, 2, 7]))
    assert mean == pytest.approx(10 / 3)
    assert stddev == pytest.approx(np.std([5, 0, 5]))


def test_the_cluster_metric_changes_with_the_scale_of_the_points_and_not_with_their_center():
    points, labels = normal(0), np.arange(400) % 3
    mean, stddev = generative.cluster_metric(points, labels)
    moved = generative.cluster_metric(3 * points.astype(np.float64) + 7, labels)
    assert moved == pytest.approx((3 * mean, 3 * stddev))
