"""Latents by a seed, images in inference mode, ways between latents."""

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.evaluation import sampling


@pytest.fixture(scope="module", params=["frgan", "acgan"])
def made(request):
    return toy_methods.Toy(request.param).method


def test_the_same_seed_draws_the_same_images(made, bright):
    first, again, other = (sampling.draw_samples(made, 20, seed, bright) for seed in (3, 3, 4))
    assert first.images.shape == (20, 8, 8, 1) and first.images.dtype == np.uint8
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert (first.images != other.images).any()


def test_drawing_changes_nothing(made, bright):
    before = [v.numpy() for v in made.generator.variables]
    sampling.draw_samples(made, 20, 0, bright)
    for variable, value in zip(made.generator.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_an_image_hangs_on_its_own_latents_alone(made):
    inputs = sampling.latents(made, 300, 0)
    whole = sampling.generate(made, inputs)
    some = sampling.generate(made, [given[290:] for given in inputs])
    assert np.abs(whole[290:].astype(int) - some).max() <= 1


def test_classes_are_what_the_generator_was_told_or_the_judges_opinion(made, bright):
    drawn = sampling.draw_samples(made, 40, 0, bright)
    if sampling.conditional(made):
        np.testing.assert_array_equal(drawn.labels, sampling.latents(made, 40, 0)[1])
        assert set(drawn.labels) == {0, 1, 2}
    else:
        expected = bright.look(drawn.images).probabilities.argmax(axis=1)
        np.testing.assert_array_equal(drawn.labels, expected)


def test_latents_are_those_of_the_method(made):
    z = sampling.latents(made, 500, 0)[0]
    assert z.shape == (500, 8) and abs(z.mean()) < 0.1
    assert sampling.bounded(z) == (not sampling.conditional(made))
    assert z.std() == pytest.approx(1 if sampling.conditional(made) else 3**-0.5, rel=0.05)


def test_balanced_takes_the_first_of_each_class():
    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    drawn = sampling.Samples(images, np.array([2, 0, 2, 2, 0, 0])).balanced(3, 2)
    assert drawn.labels.tolist() == [0, 0, 2, 2]
    assert drawn.images.ravel().tolist() == [1, 4, 0, 2]


def test_ways_begin_and_end_where_they_should():
    start, end = np.random.default_rng(0).normal(size=(2, 5, 9))
    for spherical in (False, True):
        ways = sampling.between(start, end, 7, spherical)
        assert ways.shape == (5, 7, 9) and ways.dtype == np.float32
        np.testing.assert_allclose(ways[:, 0], start, rtol=1e-5)
        np.testing.assert_allclose(ways[:, -1], end, rtol=1e-5)


def test_the_middle_of_a_way_by_hand():
    start, end = np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]])
    assert sampling.between(start, end, 3, False)[0, 1] == pytest.approx([1, 1])
    assert sampling.between(start, end, 3, True)[0, 1] == pytest.approx([2**0.5, 2**0.5])


def test_a_way_to_itself_stays_there():
    place = np.array([[0.3, -0.4]])
    np.testing.assert_allclose(
        sampling.between(place, place, 4, True)[0], np.tile(place, (4, 1)), rtol=1e-5
    )


def test_truncated_latents_stay_within_their_bound():
    z = np.array([[-3.0, 0.2, 0.7], [0.0, 1.0, -0.5]])
    found = sampling.truncated(z, (np.inf, 1.0, 0.5))
    np.testing.assert_array_equal(found[0], z)
    np.testing.assert_array_equal(found[1], [[-1.0, 0.2, 0.7], [0.0, 1.0, -0.5]])
    np.testing.assert_array_equal(found[2], [[-0.5, 0.2, 0.5], [0.0, 0.5, -0.5]])
