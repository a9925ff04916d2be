"""Values of images, images of values, and images that are too large."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.common import errors
from tf_ssgan.networks import image_values
from tf_ssgan.nn import layers, pixels

SHAPE = (4, 4, 1)


def pool(count=60):
    """Images in [-1, 1] whose pixels are correlated."""
    chance = np.random.default_rng(0)
    mixed = chance.normal(size=(count, 16)) @ chance.normal(size=(16, 16))
    return np.clip(mixed / 16, -1, 1).astype(np.float32).reshape(count, *SHAPE)


def both_ways(likelihood, components=0, shape=SHAPE):
    """Networks of images and of values; the latter takes means, or logits."""
    images = keras.Input(shape)
    values, whitening = image_values.values_of(images, likelihood, components)
    given = keras.Input(values.shape[1:])
    name = "logits" if likelihood == "bernoulli" else "mean"
    back = image_values.images_of({name: given}, shape, whitening)
    there = keras.Model(images, values)
    layers.settle_fixed_layers([there], lambda: iter([pool()]))
    return there, keras.Model(given, {"image": back})


def test_values_of_binary_pixels_are_their_intensities():
    there, back = both_ways("bernoulli")
    values = there(pool())
    np.testing.assert_allclose(values, pixels.intensities(pool()), atol=1e-6)
    assert values.dtype == tf.float32
    logits = np.log(values / (1 - values))
    np.testing.assert_allclose(back(logits)["image"], pool(), atol=1e-5)
    np.testing.assert_allclose(back(np.full([1, 16], 99.0))["image"], np.ones([1, *SHAPE]))


def test_gaussian_values_are_principal_components():
    there, back = both_ways("gaussian", 16)
    values = there(pool()).numpy()
    # 4e-5 is added to the variances, which tells in the last of them.
    np.testing.assert_allclose(np.cov(values.T, bias=True)[:10, :10], np.eye(10), atol=0.02)
    np.testing.assert_allclose(back(values)["image"], pool(), atol=1e-4)
    few, back = both_ways("gaussian", 3)
    assert few(pool()).shape == (60, 3)
    image = back(np.full([1, 3], 50.0, np.float32))["image"]
    assert image.shape == (1, *SHAPE) and np.max(np.abs(image)) == 1  # clipped


def test_small_images_have_as_many_components_as_values():
    there, _ = both_ways("gaussian", 600)
    assert there.output.shape == (None, 16)


def test_large_images_are_refused_in_one_sentence():
    with pytest.raises(errors.UserError) as refused:
        image_values.values_of(keras.Input((64, 64, 3)), "gaussian", 600)
    message = str(refused.value)
    assert message.startswith("--likelihood=gaussian whitens images of at most 4,096 values")
    assert "12,288 (64x64x3)" in message and "--likelihood=bernoulli" in message
    image_values.values_of(keras.Input((64, 64, 3)), "bernoulli")


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_copies_agree(likelihood):
    values = tf.random.stateless_normal([4, 16], [0, 1])
    network_copies.assert_agree(lambda: both_ways(likelihood, 16)[1], values)
