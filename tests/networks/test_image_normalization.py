"""Normalizations of images: their layers, their floors, their limit."""

import typing

import keras
import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.core.task import Task
from tf_ssgan.networks import image_normalization
from tf_ssgan.nn import layers, precision

STATISTICS = {"mean": (0.25,), "std": (0.5,)}


def task(side=4, channels=1):
    return Task(10, side, side, channels, 10, 100, 10, 10, **STATISTICS)


def network(kind, side=4, channels=1):
    images = keras.Input((side, side, channels))
    return keras.Model(images, image_normalization.normalized(images, task(side, channels), kind))


def pool(count=60):
    """Images in [-1, 1] whose pixels are correlated."""
    chance = np.random.default_rng(0)
    mixed = chance.normal(size=(count, 16)) @ chance.normal(size=(16, 16))
    return np.clip(mixed / 8, -1, 1).astype(np.float32).reshape(count, 4, 4, 1)


def settled(kind):
    made = network(kind)
    layers.settle_fixed_layers([made], lambda: iter(np.array_split(pool(), 4)))
    return made


def white(x, floor):
    """ZCA whitening as it is defined, in float64."""
    x = x.reshape(len(x), -1).astype(np.float64)
    variances, directions = np.linalg.eigh(np.cov(x.T, bias=True))
    return (x - x.mean(0)) @ (directions / np.sqrt(variances + floor)) @ directions.T


@pytest.mark.parametrize("kind", typing.get_args(image_normalization.Kind))
def test_every_kind_keeps_the_shape_and_is_finite(kind):
    x = pool()
    y = settled(kind)(x).numpy()
    assert y.shape == x.shape and np.isfinite(y).all()
    assert np.array_equal(y, x) == (kind == "none")


def test_zca_whitens_intensities_with_a_hundred_thousandth_under_the_root():
    expected = white((pool() + 1) / 2, 1e-5)
    np.testing.assert_allclose(np.reshape(settled("zca")(pool()), (60, 16)), expected, atol=2e-3)


def test_contrast_zca_whitens_images_of_norm_55_with_a_tenth_under_the_root():
    x = pool().reshape(60, 16).astype(np.float64)
    x -= x.mean(1, keepdims=True)
    expected = white(55 * x / np.linalg.norm(x, axis=1, keepdims=True), 0.1)
    y = np.reshape(settled("contrast_zca")(pool()), (60, 16))
    np.testing.assert_allclose(y, expected, atol=2e-3)


def test_standardize_zca_whitens_standardized_images_whatever_their_unit():
    expected = white(((pool() + 1) / 2 - 0.25) / 0.5, 1e-6)
    y = np.reshape(settled("standardize_zca")(pool()), (60, 16))
    np.testing.assert_allclose(y, expected, atol=2e-3)


@pytest.mark.parametrize("kind", ["zca", "contrast_zca", "standardize_zca"])
def test_whitened_images_are_float32_under_bfloat16(kind):
    with precision.policy("mixed_bfloat16"):
        low = settled(kind)
    x = pool()
    np.testing.assert_allclose(low(x), settled(kind)(x), atol=1e-4)


@pytest.mark.parametrize(("side", "channels"), [(64, 1), (32, 3), (36, 3)])
def test_images_of_up_to_4096_values_are_whitened(side, channels):
    assert side * side * channels <= image_normalization.MOST_WHITENED == 4096


def test_larger_images_are_refused_in_one_sentence():
    with pytest.raises(errors.UserError) as refused:
        network("contrast_zca", 64, 3)
    message = str(refused.value)
    assert message.startswith("--normalization=contrast_zca whitens images of at most 4,096 values")
    assert "12,288 (64x64x3)" in message and "--normalization=per_image" in message
    network("per_image", 64, 3)
