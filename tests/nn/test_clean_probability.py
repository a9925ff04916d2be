"""Probabilities of right labels: two bumps of losses, order, scale, limits."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from tf_ssgan.nn import clean_probability as clean

RIGHT = np.arange(1000) < 700


def bumps(apart=3.0, seed=0):
    """700 losses about .5 and 300 about .5 + apart, with deviations of .2 and .4."""
    numbers = np.random.default_rng(seed)
    return np.where(RIGHT, 0.5, 0.5 + apart) + np.where(RIGHT, 0.2, 0.4) * numbers.normal(size=1000)


def probability(losses, seed):
    """As a method asks for it, with scaled losses."""
    return clean.clean_probability(clean.scale(losses), seed)


def test_two_bumps_are_told_apart():
    found = probability(bumps(), 0)
    assert found.dtype == np.float64 and found.shape == (1000,)
    assert np.array_equal(found > 0.5, RIGHT)
    assert found[RIGHT].min() > 0.9 and found[~RIGHT].max() < 0.1


def test_the_probability_is_the_posterior_of_the_two_normal_distributions():
    """.7 N(.5, .2) / (.7 N(.5, .2) + .3 N(3.5, .4)); the fit adds 5e-4 to scaled variances.

    In these units the addition is 5e-4 times the squared range of about 4.6, .0106.
    """
    losses = bumps()
    right, wrong = (
        share * stats.norm(mean, np.sqrt(deviation**2 + 5e-4 * np.ptp(losses) ** 2)).pdf(losses)
        for share, mean, deviation in ((0.7, 0.5, 0.2), (0.3, 3.5, 0.4))
    )
    np.testing.assert_allclose(probability(losses, 0), right / (right + wrong), atol=0.02)


@pytest.mark.parametrize("apart", [0.3, 1.0, 3.0])
def test_the_order_of_the_images_does_not_matter(apart):
    """Also where the bumps overlap and the fit ends before it has found them."""
    order = np.random.default_rng(1).permutation(1000)
    found = probability(bumps(apart), 0)
    moved = probability(bumps(apart)[order], 0)
    np.testing.assert_allclose(moved, found[order], rtol=1e-9)
    assert np.ptp(found) > 0.3


def test_scale_and_offset_of_the_losses_do_not_matter():
    found = probability(bumps(2.0), 0)
    for scale, offset in ((1e-3, 0.0), (50.0, 7.0)):
        same = probability(scale * bumps(2.0) + offset, 0)
        np.testing.assert_allclose(same, found, atol=1e-8)


def test_reversed_losses_are_those_of_the_other_bump():
    found = probability(bumps(), 0)
    np.testing.assert_allclose(probability(-bumps(), 0), 1 - found, atol=1e-6)


def test_between_the_bumps_a_smaller_loss_is_more_probably_right():
    losses = np.concatenate([bumps(2.0), np.linspace(0.5, 2.5, 50)])
    found = probability(losses, 0)[-50:]
    assert np.all(np.diff(found) <= 0) and found[0] > 0.9 and found[-1] < 0.1


def test_the_variances_of_narrow_bumps_are_raised():
    """Two bumps of one value each, and x between them: log p / (1 - p) is (1 - 2 x) / 2 v.

    The variance v is 5e-4, and .25 / 10,000 for the two losses between.
    """
    losses = np.repeat([0.0, 0.499, 0.501, 1.0], [10_000, 1, 1, 10_000])
    found = probability(losses, 0)[[10_000, 10_001]]
    expected = 1 / (1 + np.exp(-0.002 / (2 * 5.25e-4)))
    np.testing.assert_allclose(found, [expected, 1 - expected], atol=0.01)


def test_it_is_repeatable_and_leaves_the_random_numbers_of_numpy_alone():
    before = np.random.get_state()[1].copy()
    one, two = (probability(bumps(1.0), 5) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("losses", [[0.7] * 20, [0.0, 0.0], [3.0], []])
def test_of_equal_losses_all_are_right(losses):
    found = probability(np.array(losses), 0)
    assert found.tolist() == [1.0] * len(losses) and found.dtype == np.float64


def test_of_two_different_losses_the_smaller_one_is_right():
    found = probability(np.array([2.0, 1.0], np.float32), 0)
    np.testing.assert_allclose(found, [0, 1], atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_losses_that_are_not_finite_are_refused(value):
    for function in (clean.scale, lambda losses: clean.clean_probability(losses, 0)):
        with pytest.raises(ValueError, match="not finite"):
            function(np.array([1.0, value, 2.0]))


def test_scikit_learn_is_imported_when_it_is_needed():
    code = "import sys; from tf_ssgan.nn import clean_probability; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_losses_are_scaled_from_the_smallest_to_the_largest():
    np.testing.assert_allclose(clean.scale(np.array([3.0, 1.0, 2.0])), [1, 0, 0.5])
    assert clean.scale(np.array([])).size == 0


def test_losses_that_differ_by_rounding_are_equal():
    losses = np.array([0.0359765, 0.0359766, 0.0359765])
    assert not clean.scale(losses).any()
    assert probability(losses, 0).tolist() == [1, 1, 1]


def test_losses_are_taken_as_they_are_given():
    """The variance that is added is that of [0, 1]: with a tenth of it, bumps this near are one."""
    losses = clean.scale(bumps(2.0))
    one, tenth = (clean.clean_probability(factor * losses, 0) for factor in (1.0, 0.02))
    assert np.mean((one > 0.5) == RIGHT) > 0.99
    assert np.ptp(tenth) < np.ptp(one)
