"""Contrast normalization against numbers worked by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers, precision


def images(count=6, side=5, channels=3):
    return tf.random.stateless_uniform([count, side, side, channels], [1, 2], -1, 1)


def test_contrast_by_hand():
    """Centered (-.5, .5, -.25, .25) has the norm .7906; 55 divided by it is 69.57."""
    image = tf.reshape([0.0, 1.0, 0.25, 0.75], [1, 2, 2, 1])
    expected = np.array([-34.785, 34.785, -17.393, 17.393])
    np.testing.assert_allclose(np.ravel(layers.Contrast(55.0)(image)), expected, rtol=1e-4)
    np.testing.assert_allclose(
        np.ravel(layers.Contrast()(image)), expected * 2 / 55, rtol=1e-4
    )  # norm 2: the root mean square of four values is 1


@pytest.mark.parametrize(("scale", "norm"), [(55.0, 55.0), (None, 75**0.5)])
def test_each_image_has_mean_zero_and_its_norm_whatever_its_brightness_and_contrast(scale, norm):
    x = images()
    layer = layers.Contrast(scale)
    y = layer(x).numpy().reshape(6, -1)
    np.testing.assert_allclose(y.mean(1), 0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(y, axis=1), norm, rtol=1e-4)
    np.testing.assert_allclose(layer(0.3 * x + 0.2), layer(x), atol=2e-4)


@pytest.mark.parametrize("value", [-1.0, 0.3, 1.0])
def test_a_constant_image_becomes_nearly_zero_with_a_finite_gradient(value):
    """float32 has no exact mean of .3: what is left of it is not scaled up to the norm 55."""
    x = tf.fill([1, 32, 32, 3], value)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layers.Contrast(55.0)(x)
    assert float(tf.reduce_max(tf.abs(y))) < 0.1
    assert np.isfinite(tape.gradient(y, x)).all()


def test_one_gray_level_in_one_pixel_is_contrast():
    x = tf.tensor_scatter_nd_update(tf.zeros([1, 32, 32, 3]), [[0, 5, 5, 1]], [2 / 255])
    assert np.linalg.norm(layers.Contrast(55.0)(x)) == pytest.approx(55, rel=1e-3)


def test_it_is_computed_in_float32():
    with precision.policy("mixed_bfloat16"):
        layer = layers.Contrast(55.0)
    assert layer(images()).dtype == tf.float32
    assert layer.__class__.from_config(layer.get_config()).compute_dtype == "float32"
