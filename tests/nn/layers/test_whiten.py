"""Whitening against its definition, its inverse, where images do not vary, and in float32."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.nn import layers, precision
from tf_ssgan.nn.layers import whiten


def examples(count, values, seed=0):
    """Correlated examples, float32 [count, values]."""
    chance = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).normal(size=(values, values))
    return (chance.normal(size=(count, values)) @ mixing + 3).astype(np.float32)


def settled(x, floor=0.0, *kind):
    layer = layers.Whiten(floor, *kind)
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


def test_the_projection_on_principal_components_by_hand():
    """Variances 4 and 1 in the directions (1, 1) and (1, -1), the largest first."""
    covariance = np.array([[2.5, 1.5], [1.5, 2.5]])
    projection = whiten.pca_projection(covariance, 0.0, 2)
    np.testing.assert_allclose(np.abs(projection), 2**-0.5 * np.array([[0.5, 1], [0.5, 1]]))
    assert np.all(projection[:, 0] > 0) and projection[0, 1] == -projection[1, 1]
    by_floor = whiten.pca_projection(covariance, 5.0, 1)
    np.testing.assert_allclose(by_floor, 2**-0.5 / 3 * np.ones([2, 1]))


def test_components_are_white_and_ordered_by_their_variance():
    x = examples(200, 12).reshape(200, 2, 2, 3)
    layer = settled(x, 0.0, "pca", 5)
    y = layer(x).numpy()
    assert y.shape == (200, 5)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(y.T, bias=True), np.eye(5), atol=1e-3)
    lengths = np.linalg.norm(layer.projection, axis=0)
    assert np.all(np.diff(lengths) > 0)  # 1 / standard deviation
    flat = x.reshape(200, 12).astype(np.float64)
    variances = np.linalg.eigvalsh(np.cov(flat.T, bias=True))[::-1]
    np.testing.assert_allclose(lengths, variances[:5] ** -0.5, rtol=1e-4)


def test_signs_of_components_do_not_depend_on_those_of_the_directions_found(monkeypatch):
    covariance = np.cov(examples(50, 6).T, bias=True)
    found = whiten.pca_projection(covariance, 0.0, 6)
    largest = found[np.abs(found).argmax(0), range(6)]
    assert np.all(largest > 0)
    variances, directions = np.linalg.eigh(covariance)
    monkeypatch.setattr(np.linalg, "eigh", lambda _: (variances, -directions))
    np.testing.assert_array_equal(whiten.pca_projection(covariance, 0.0, 6), found)


@pytest.mark.parametrize(
    ("kind", "text"), [(("pca", 7), "7 of 6"), (("zca", 5), "zca whitening: 5 of 6")]
)
def test_other_numbers_of_components_are_refused(kind, text):
    with pytest.raises(ValueError, match=text):
        settled(examples(20, 6), 0.0, *kind)


def unwhitened(x, units, floor=0.0):
    """The layer of an inverse, and what it makes of the components of examples."""
    layer = settled(x, floor, "pca", units)
    inverse = layers.Unwhiten(x.shape[1:], layer)
    return inverse, inverse(layer(x)).numpy()


@pytest.mark.parametrize("floor", [0.0, 0.3])
def test_all_components_make_the_images_again(floor):
    x = examples(200, 12).reshape(200, 2, 2, 3)
    inverse, again = unwhitened(x, None, floor)
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, x, atol=1e-3)
    mean = inverse(np.zeros([1, 12], np.float32))
    np.testing.assert_allclose(mean[0], x.mean(0), atol=1e-5)


def test_few_components_make_the_nearest_images():
    """Those of the first principal components, by the singular value decomposition."""
    x = examples(100, 8)
    centered = x - x.mean(0)
    u, s, vt = np.linalg.svd(centered.astype(np.float64), full_matrices=False)
    expected = x.mean(0) + (u[:, :3] * s[:3]) @ vt[:3]
    np.testing.assert_allclose(unwhitened(x, 3)[1], expected, atol=1e-3)


def test_constant_pixels_come_back_and_their_components_mean_nothing():
    x = examples(100, 8)
    x[:, [0, 5]] = 0.7, -1.0
    inverse, again = unwhitened(x, None)
    np.testing.assert_allclose(again, x, atol=1e-4)
    assert np.isfinite(inverse(np.full([1, 8], 5.0, np.float32))).all()


def test_both_layers_have_the_same_weights():
    inverse, _ = unwhitened(examples(30, 4), None)
    whitening = inverse.whitening
    assert [id(v) for v in inverse.variables] == [id(v) for v in whitening.variables]
    assert not inverse.trainable_variables
    with pytest.raises(ValueError, match="zca whitening has other columns"):
        layers.Unwhiten((4,), layers.Whiten(0.1))


def test_copies_agree():
    def build():
        y, x = keras.Input((5,)), keras.Input((2, 2, 3))
        whitening = layers.Whiten(0.0, "pca", 5)
        whitening(x)
        return keras.Model(y, {"image": layers.Unwhiten((2, 2, 3), whitening)(y)})

    network_copies.assert_agree(build, tf.random.stateless_normal([4, 5], [0, 1]))
