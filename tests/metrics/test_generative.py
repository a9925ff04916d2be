"""Scores by numbers worked out by hand, and by what must hold of them."""

import numpy as np
import pytest

from tf_ssgan.metrics import generative, significance


def normal(seed, images=400, size=6, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, (images, size)).astype(np.float32)


# --- the Inception Score ---------------------------------------------------------------------------


def test_the_inception_score_of_equal_answers_is_one():
    assert generative.inception_score(np.full((50, 4), 0.25)) == pytest.approx((1, 0))
    assert generative.inception_score(np.tile([0.7, 0.2, 0.1], (50, 1))) == pytest.approx((1, 0))


def test_the_inception_score_of_sure_and_varied_answers_is_the_number_of_classes():
    assert generative.inception_score(np.tile(np.eye(5), (20, 1))) == pytest.approx((5, 0))


def test_the_inception_score_of_two_answers_by_hand():
    """Rows (3/4, 1/4) and (1/4, 3/4), q = (1/2, 1/2): exp(3/4 log 3/2 + 1/4 log 1/2) each."""
    answers = np.array([[0.75, 0.25], [0.25, 0.75]])
    expected = 1.5**0.75 * 0.5**0.25
    assert generative.inception_score(answers, splits=1) == pytest.approx((expected, 0))
    assert expected == pytest.approx(1.139754, abs=1e-6)


def test_the_parts_of_the_inception_score_are_consecutive():
    """The first half is always class 0, which scores 1, the second as the classes, 2."""
    answers = np.eye(2)[[0, 0, 0, 0, 0, 1, 0, 1]]
    assert generative.inception_score(answers, splits=2) == pytest.approx((1.5, 0.5))


def test_the_inception_score_takes_a_ragged_last_part_and_refuses_an_empty_one():
    assert generative.inception_score(np.eye(11), splits=10)[0] > 1
    with pytest.raises(ValueError, match="9 rows cannot be cut into 10 parts"):
        generative.inception_score(np.eye(9))


def test_small_probabilities_are_not_lost():
    """q = (1/2 + e/2, ...), the terms with e vanish: 2 within 100 e log(1/e)."""
    e = 1e-30
    answers = np.array([[1 - e, e], [e, 1 - e]])
    assert generative.inception_score(answers, splits=1)[0] == pytest.approx(2)


# --- the Fréchet distance --------------------------------------------------------------------------


def test_the_frechet_distance_of_two_known_normals():
    one = np.array([0.0, 0.0]), np.array([[1.0, 0.2], [0.2, 0.5]])
    two = np.array([1.0, -1.0]), np.array([[0.8, 0.0], [0.0, 1.2]])
    assert generative.frechet_distance(*one, *two) == pytest.approx(2.196027, abs=1e-6)
    assert generative.frechet_distance(*two, *one) == pytest.approx(2.196027, abs=1e-6)


def test_the_frechet_distance_in_one_dimension_by_hand():
    """(m1 - m2)^2 + (s1 - s2)^2 = 9 + 4."""
    found = generative.frechet_distance(np.array([1.0]), [[1.0]], np.array([4.0]), [[9.0]])
    assert found == pytest.approx(13)


def test_the_frechet_distance_to_itself_is_nothing():
    mean, covariance = generative.moments(normal(0))
    assert generative.frechet_distance(mean, covariance, mean, covariance) == pytest.approx(
        0, abs=1e-9
    )


def test_the_frechet_distance_of_a_shift_is_its_square():
    mean, covariance = generative.moments(normal(0))
    assert generative.frechet_distance(mean, covariance, mean + 2, covariance) == pytest.approx(24)


@pytest.mark.parametrize("constant", [1, 6])
def test_features_that_never_change_have_a_finite_distance(constant):
    one, two = normal(0), normal(1)
    one[:, :constant] = two[:, :constant] = 0.5
    found = generative.frechet_distance(*generative.moments(one), *generative.moments(two))
    assert np.isfinite(found) and 0 <= found < 0.2


def test_moments_by_hand():
    mean, covariance = generative.moments(np.array([[0.0, 0.0], [2.0, 4.0]]))
    assert mean == pytest.approx([1, 2])
    assert covariance == pytest.approx(np.array([[2, 4], [4, 8]]))
    assert generative.moments(np.array([[0.0], [2.0]]))[1].shape == (1, 1)


# --- the kernel distance ---------------------------------------------------------------------------


def test_the_kernel_distance_by_hand():
    """d = 1, x = (0, 1), y = (2, 0): within x 2 * 1 / 2, within y 2 * 1 / 2; the four k(x, y) are
    1, 1, 27 and 1, so 1 + 1 - 2 * 30 / 4 = -13.
    """
    one, two = np.array([[0.0], [1.0]]), np.array([[2.0], [0.0]])
    assert generative.kernel_distance(one, two, subsets=3) == pytest.approx((-13, 0))


def test_the_kernel_distance_is_about_nothing_for_samples_of_one_distribution():
    mean, deviation = generative.kernel_distance(normal(0), normal(1), subsets=50, size=100)
    assert abs(mean) < deviation
    far, _ = generative.kernel_distance(normal(0), normal(1, shift=1.0), subsets=50, size=100)
    assert far > 5 * deviation


def test_the_kernel_distance_hangs_on_its_seed_alone():
    first, again, other = (
        generative.kernel_distance(normal(0), normal(1), 5, 50, seed) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_the_kernel_distance_of_single_rows_is_refused():
    with pytest.raises(ValueError, match="at least two rows"):
        generative.kernel_distance(normal(0, images=1), normal(1))


# --- clusters --------------------------------------------------------------------------------------


def test_the_cluster_metric_by_hand():
    """Class 7: (0, 0), (6, 8), center (3, 4), distances 5 and 5. Class 2: one point, distance 0."""
    points = np.array([[0.0, 0.0], [9.0, 9.0], [6.0, 8.0]])
    mean, deviation = generative.cluster_metric(points, np.array([7, 2, 7]))
    assert mean == pytest.approx(10 / 3)
    assert deviation == pytest.approx(np.std([5, 0, 5]))


def test_the_cluster_metric_moves_with_the_scale_and_not_with_the_place():
    points, labels = normal(0), np.arange(400) % 3
    mean, deviation = generative.cluster_metric(points, labels)
    moved = generative.cluster_metric(3 * points.astype(np.float64) + 7, labels)
    assert moved == pytest.approx((3 * mean, 3 * deviation))


# --- two classifiers -------------------------------------------------------------------------------


def test_mcnemar_by_hand():
    """Five images only the first names, one only the second: 2 (1 + 6) / 2^6."""
    first = np.array([1] * 3 + [1] * 5 + [0] * 1 + [0] * 2, bool)
    second = np.array([1] * 3 + [0] * 5 + [1] * 1 + [0] * 2, bool)
    found = significance.mcnemar(first, second)
    assert (found.both, found.only_first, found.only_second, found.neither) == (3, 5, 1, 2)
    assert found.p == pytest.approx(14 / 64)


def test_mcnemar_does_not_care_who_is_first():
    chance = np.random.default_rng(0)
    first, second = chance.random(300) < 0.9, chance.random(300) < 0.8
    assert significance.mcnemar(first, second).p == pytest.approx(
        significance.mcnemar(second, first).p
    )


@pytest.mark.parametrize("right", [np.zeros(0, bool), np.array([True, False])])
def test_classifiers_that_never_differ_are_alike(right):
    assert significance.mcnemar(right, right).p == 1.0


def test_equally_many_of_either_are_alike():
    assert significance.mcnemar([True, False], [False, True]).p == 1.0


def test_mcnemar_is_fair_where_both_are_equally_good():
    chance = np.random.default_rng(0)
    ps = []
    for _ in range(1000):
        right = chance.random((2, 400)) < 0.9
        ps.append(significance.mcnemar(*right).p)
    assert np.mean(np.array(ps) < 0.05) < 0.06
