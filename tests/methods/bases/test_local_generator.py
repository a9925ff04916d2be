"""A generator of images near given ones: tangents, latents, samples and pictures."""

import numpy as np
import pytest
import tensorflow as tf
from support import forward_mode, toy_methods

from tf_ssgan.nn import step_random


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("local_gan", tangents=2, plain_fraction=0.0)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


def test_tangents_at_an_image_are_derivatives_at_the_corner(toy, method):
    """Of each image by itself."""
    dense = next(x for x in method.generator.layers if x.name.startswith("dense"))
    dense.kernel.assign(100 * dense.kernel)  # so that the latents matter
    images = toy_methods.centered(toy_methods.images(4)[0])
    with step_random.at(0, 0):
        axes = method.axes(4)
    center, found = method.tangents_at(images, axes)
    zero = tf.zeros([4, 8])
    draw = lambda z: method.generator([z, images], training=False)  # noqa: E731
    np.testing.assert_allclose(center, draw(zero), atol=1e-6)
    for tangent, axis in zip(found, axes, strict=True):
        expected = forward_mode.derivative(draw, zero, axis)
        np.testing.assert_allclose(tangent, expected, atol=1e-4 * np.abs(expected).max())
    alone = method.tangents_at(images[:1], [axis[:1] for axis in axes])[1]
    np.testing.assert_allclose(alone[0], found[0][:1], atol=1e-5)


def test_latents_begin_at_a_corner(method):
    with step_random.at(0, 0):
        z = method.latents(2000).numpy()
    assert 0 <= z.min() < 0.01 and 0.99 < z.max() <= 1
    assert z.mean() == pytest.approx(0.5, abs=0.01)


def test_samples_are_drawn_near_training_images(toy, method):
    """The anchors are the images of the initialization, and a checkpoint has them."""
    images = toy_methods.centered(toy_methods.images()[0])
    rows = np.arange(64) % len(images)
    np.testing.assert_array_equal(method.anchors, tf.gather(images, rows))
    assert any(v is method.anchors.value for v in method.state()["buffers"])
    sampler = method.sampler()
    assert sampler.near_images and not sampler.conditional
    z, near = sampler.fixed_latents(64)
    for row in range(8):  # of a grid of eight by eight
        part = near[8 * row : 8 * row + 8].numpy()
        np.testing.assert_array_equal(part, np.repeat(images[row : row + 1], 8, 0))
    assert len(np.unique(z.numpy(), axis=0)) == 64
    with step_random.at(0, 0):
        z, near = sampler.latents(500)
    assert z.shape == (500, 8) and len(np.unique(near.numpy().reshape(500, -1), axis=0)) > 30
    assert sampler.sample(64).shape == (64, 8, 8, 1)


def test_the_picture_shows_images_their_reconstructions_and_tangents(method):
    (declared,) = method.monitors()
    images = toy_methods.centered(toy_methods.images(declared.examples)[0])
    with step_random.at(0, -2):
        rows = declared.draw(images).numpy()
    assert declared.name == "tangents" and rows.shape == (6, 4, 8, 8, 1)  # two tangents of toys
    np.testing.assert_array_equal(rows[:, 0], images)
    zero = tf.zeros([6, 8])
    expected = method.generator([zero, images], training=False)
    np.testing.assert_allclose(rows[:, 1], expected, atol=1e-6)
    np.testing.assert_allclose(np.abs(rows[:, 2:]).max((2, 3, 4)), 1.0, atol=1e-5)
