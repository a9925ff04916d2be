"""Whitening against its definition, where images do not vary, and in float32."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers, precision
from tf_ssgan.nn.layers import whiten


def examples(count, values, seed=0):
    """Correlated examples, float32 [count, values]."""
    chance = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).normal(size=(values, values))
    return (chance.normal(size=(count, values)) @ mixing + 3).astype(np.float32)


def settled(x, floor=0.0):
    layer = layers.Whiten(floor)
    layer.build((None, *x.shape[1:]))
    layer.settle(np.array_split(x, min(3, len(x))))
    return layer


def test_moments_do_not_depend_on_the_blocks():
    x = examples(50, 4)
    for blocks in ([x], np.array_split(x, 7), iter(np.split(x, [1, 2]))):
        mean, covariance = whiten.moments(blocks)
        np.testing.assert_allclose(mean, x.mean(0, np.float64), rtol=1e-12)
        np.testing.assert_allclose(covariance, np.cov(x.T, bias=True), rtol=1e-10)


def test_a_large_mean_takes_no_digits():
    x = 1e6 + examples(50, 3).astype(np.float64)
    np.testing.assert_allclose(whiten.moments([x])[1], np.cov(x.T, bias=True), rtol=1e-7)


def test_the_projection_by_hand():
    """Variances 4 and 1 in the directions (1, 1) and (1, -1): 1 / sqrt(4 + 5), 1 / sqrt(1 + 3)."""
    covariance = np.array([[2.5, 1.5], [1.5, 2.5]])
    np.testing.assert_allclose(
        whiten.zca_projection(covariance, 0.0), [[0.75, -0.25], [-0.25, 0.75]]
    )
    by_floor = 0.5 * np.array([[1 / 3 + 6**-0.5, 1 / 3 - 6**-0.5]] * 2)
    by_floor[1] = by_floor[1, ::-1]
    np.testing.assert_allclose(whiten.zca_projection(covariance, 5.0), by_floor)


def test_whitened_examples_have_mean_zero_and_covariance_one():
    x = examples(200, 12).reshape(200, 2, 2, 3)
    y = settled(x)(x).numpy().reshape(200, -1)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(y.T, bias=True), np.eye(12), atol=1e-3)


def test_what_is_white_already_stays_as_it_is():
    """Unlike other projections to covariance one, which rotate."""
    x = settled(examples(200, 6))(examples(200, 6)).numpy()
    np.testing.assert_allclose(settled(x)(x), x, atol=1e-3)


def test_a_constant_pixel_stays_finite_and_is_not_scaled_up():
    x = examples(100, 8)
    x[:, [0, 5]] = 0.7, -1.0
    layer = settled(x, floor=1e-6)
    unseen = x[:1].copy()
    unseen[:, 0] = 1.0  # in no image of the pool
    np.testing.assert_allclose(layer(unseen), layer(x[:1]), atol=1e-4)
    assert np.isfinite(layer(x)).all() and np.abs(layer(x)).max() < 10


@pytest.mark.parametrize("count", [1, 5, 40])
def test_fewer_images_than_values_stay_finite_and_do_not_scale_up_others(count):
    layer = settled(examples(count, 80), floor=1e-6)
    others = layer(examples(20, 80, seed=1))
    assert np.isfinite(others).all()
    assert np.sqrt(np.mean(np.square(others))) < 5


def test_it_is_applied_in_float32_under_bfloat16():
    x = examples(200, 12)
    with precision.policy("mixed_bfloat16"):
        layer = settled(x)
    assert layer(x).dtype == layer.projection.dtype == tf.float32
    np.testing.assert_array_equal(layer(x), settled(x)(x))
    assert layer.__class__.from_config(layer.get_config()).compute_dtype == "float32"
    assert not layer.trainable_variables
