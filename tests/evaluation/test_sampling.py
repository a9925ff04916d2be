"""Latents by a seed, images in inference mode, interpolations."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.evaluation import sampling

# Method -> mean and standard deviation of its latents: U[-1, 1], N(0, I), U[0, 1], and U[-1, 1].
LATENTS = {
    "frgan": (0, 3**-0.5), "acgan": (0, 1), "local_gan": (0.5, 12**-0.5), "triple_gan": (0, 3**-0.5)
}  # fmt: skip


@pytest.fixture(scope="module", params=LATENTS)
def method(request):
    method = toy_methods.Toy(request.param).method
    for variable in method.generator.variables:
        if variable.name == "moving_variance":  # with 1, a deep generator's images are all alike
            variable.assign(0.05 * tf.ones_like(variable))
    return method


@pytest.fixture(scope="module")
def sampler(method):
    return method.sampler()


def test_the_same_seed_draws_the_same_images(sampler, bright):
    first, again, other = (sampling.draw_samples(sampler, 20, seed, bright) for seed in (3, 3, 4))
    assert first.images.shape == (20, 8, 8, 1) and first.images.dtype == np.uint8
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert (first.images != other.images).any()


def test_sampling_changes_no_variable(sampler, bright):
    before = [v.numpy() for v in sampler.network.variables]
    sampling.draw_samples(sampler, 20, 0, bright)
    for variable, value in zip(sampler.network.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_an_image_depends_on_its_own_latents_alone(sampler):
    inputs = sampling.sample_latents(sampler, 300, 0)
    whole = sampling.generate(sampler, inputs)
    some = sampling.generate(sampler, [array[290:] for array in inputs])
    assert np.abs(whole[290:].astype(int) - some).max() <= 1


def test_classes_are_those_given_to_the_generator_or_those_by_the_reference_network(
    sampler, bright
):
    samples = sampling.draw_samples(sampler, 40, 0, bright)
    if sampler.conditional:
        np.testing.assert_array_equal(samples.labels, sampling.sample_latents(sampler, 40, 0)[1])
        assert set(samples.labels) == {0, 1, 2}
    else:
        expected = bright.predict(samples.images).probabilities.argmax(axis=1)
        np.testing.assert_array_equal(samples.labels, expected)


def test_latents_are_those_of_the_method(method, sampler):
    z = sampling.sample_latents(sampler, 500, 0)[0]
    mean, deviation = LATENTS[method.name]
    assert z.shape == (500, 8) and z.mean() == pytest.approx(mean, abs=0.1)
    assert sampling.is_bounded(z) == (deviation < 1)
    assert z.std() == pytest.approx(deviation, rel=0.05)


def test_beside_latents_there_are_classes_or_images_of_the_method(method, sampler):
    """Of 300 images 1 / 64 are near one anchor, so nearly all of them occur."""
    z, *given = sampling.sample_latents(sampler, 300, 0)
    kinds = {"classes": sampler.conditional, "anchors": sampler.near_images}
    assert len(given) == sum(kinds.values()) <= 1
    if kinds["classes"]:
        assert given[0].shape == (300,) and given[0].dtype == np.int64
    elif kinds["anchors"]:
        assert given[0].shape == (300, 8, 8, 1) and given[0].dtype == np.float32
        anchors, drawn = (
            {image.tobytes() for image in images}
            for images in (method.anchors.value.numpy(), given[0])
        )
        assert drawn <= anchors and len(drawn) > 0.9 * len(anchors)
    if given:
        images, others = (
            sampling.generate(sampler, [z, one]) for one in (given[0], given[0][::-1])
        )
        assert (images != others).any()


def test_balanced_takes_the_first_of_each_class():
    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    samples = sampling.Samples(images, np.array([2, 0, 2, 2, 0, 0])).balanced(3, 2)
    assert samples.labels.tolist() == [0, 0, 2, 2]
    assert samples.images.ravel().tolist() == [1, 4, 0, 2]


def test_interpolations_begin_and_end_at_the_given_latents():
    start, end = np.random.default_rng(0).normal(size=(2, 5, 9))
    for spherical in (False, True):
        latents = sampling.interpolate(start, end, 7, spherical)
        assert latents.shape == (5, 7, 9) and latents.dtype == np.float32
        np.testing.assert_allclose(latents[:, 0], start, rtol=1e-5)
        np.testing.assert_allclose(latents[:, -1], end, rtol=1e-5)


def test_the_middle_of_an_interpolation_by_hand():
    start, end = np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]])
    assert sampling.interpolate(start, end, 3, False)[0, 1] == pytest.approx([1, 1])
    assert sampling.interpolate(start, end, 3, True)[0, 1] == pytest.approx([2**0.5, 2**0.5])


def test_an_interpolation_between_equal_latents_stays_there():
    place = np.array([[0.3, -0.4]])
    np.testing.assert_allclose(
        sampling.interpolate(place, place, 4, True)[0], np.tile(place, (4, 1)), rtol=1e-5
    )


def test_truncated_latents_stay_within_their_bound():
    z = np.array([[-3.0, 0.2, 0.7], [0.0, 1.0, -0.5]])
    rows = sampling.truncate(z, (np.inf, 1.0, 0.5))
    np.testing.assert_array_equal(rows[0], z)
    np.testing.assert_array_equal(rows[1], [[-1.0, 0.2, 0.7], [0.0, 1.0, -0.5]])
    np.testing.assert_array_equal(rows[2], [[-0.5, 0.2, 0.5], [0.0, 0.5, -0.5]])
