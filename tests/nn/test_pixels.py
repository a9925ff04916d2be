"""The scaling between bytes and [-1, 1], and pixels as values of a distribution, by hand."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tf_ssgan.nn import pixels, step_random

BYTES = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize("images", [BYTES, tf.constant(BYTES)], ids=["numpy", "tensor"])
def test_bytes_are_scaled_to_the_range_from_minus_one_to_one(images):
    scaled = pixels.to_float32(images)
    assert scaled.dtype == tf.float32
    np.testing.assert_array_equal(scaled, (BYTES.astype(np.float32) - 127.5) / np.float32(127.5))
    assert [float(scaled[i]) for i in (0, 255)] == [-1.0, 1.0]


def test_a_traced_function_scales_up_to_rounding():
    """TensorFlow's graphs multiply by 1 / 127.5 instead of dividing."""
    traced = tf.function(pixels.to_float32)(BYTES)
    np.testing.assert_allclose(traced, pixels.to_float32(BYTES), atol=2**-23)


def test_every_byte_survives_the_way_there_and_back():
    back = pixels.to_uint8(pixels.to_float32(BYTES).numpy())
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, BYTES)


def test_values_between_bytes_are_rounded_and_values_beyond_the_range_are_clipped():
    images = np.array([-1.2, -1.0, -0.9958, 0.0, 0.5, 1.0, 7.0])
    # 127.5 x + 127.5: -25.5, 0, 0.54, 127.5 (a tie, to the even byte), 191.25, 255, 1020
    assert pixels.to_uint8(images).tolist() == [0, 0, 1, 128, 191, 255, 255]


@pytest.mark.parametrize(
    ("number", "byte"), [(-1.3, 255), (1.3, 1), (-0.8, 0), (0.0, 0), (-2.0, 254), (2.0, 2)]
)
def test_numbers_are_cast_to_bytes_as_in_numpy(number, byte):
    images = pixels.cast_to_bytes(tf.fill([1, 2, 2, 1], number))
    np.testing.assert_allclose(images, np.full([1, 2, 2, 1], (byte - 127.5) / 127.5), atol=1e-6)
    assert np.int32(np.float32(number)).astype(np.uint8) == byte


def pictures():
    """Two images of 2x1 pixels and three channels, all bytes that matter: 0, 255 and others."""
    values = np.array([0, 64, 255, 128, 1, 254, 10, 20, 30, 200, 210, 220], np.uint8)
    return pixels.to_float32(values.reshape(2, 2, 1, 3))


def repeated(values, times=4000):
    """The first image, many times."""
    return tf.repeat(values[:1], times, axis=0)


def test_intensities_are_the_bytes_divided_by_255():
    expected = np.array([0, 64, 255, 128, 1, 254]) / 255
    np.testing.assert_allclose(pixels.intensities(pictures())[0], expected, atol=1e-7)
    assert pixels.intensities(pictures()).shape == (2, 6)


def test_binary_pixels_are_one_as_often_as_they_are_bright():
    images = repeated(pictures())
    with step_random.at(0, 0):
        bits, others = pixels.binarized(images).numpy(), pixels.binarized(images).numpy()
    assert set(np.unique(bits)) == {0.0, 1.0}
    assert np.any(bits != others)  # drawn anew
    np.testing.assert_allclose(bits.mean(0), pixels.intensities(images)[0], atol=0.03)
    assert np.all(bits[:, 0] == 0) and np.all(bits[:, 2] == 1)  # black and white are certain


def test_dequantized_pixels_lie_within_their_level():
    images = repeated(pictures())
    with step_random.at(0, 0):
        values = 256 * pixels.dequantized(images).numpy()
    levels = np.array([0, 64, 255, 128, 1, 254])
    within = values - levels
    assert within.min() > -1e-4 and within.max() < 1 + 1e-4
    np.testing.assert_allclose(within.mean(0), 0.5, atol=0.02)
    np.testing.assert_allclose(within.var(0), 1 / 12, atol=0.005)
    np.testing.assert_allclose(256 * pixels.middles(images)[0], levels + 0.5, atol=1e-4)


def test_images_come_back_from_values():
    images = pictures()
    for there, back in (
        (pixels.intensities, pixels.to_images),
        (pixels.middles, pixels.to_images_of_levels),
    ):
        np.testing.assert_allclose(back(there(images), (2, 1, 3)), images, atol=1e-6)
        beyond = back(tf.constant([[-0.5, 1.5]]), (2, 1, 1))
        np.testing.assert_array_equal(beyond[0, :, 0, 0], [-1.0, 1.0])


def test_values_in_standard_deviations_by_hand():
    """The channels of a pixel are neighbors in the vector."""
    values = tf.constant([[0.2, 0.3, 0.4, 0.6, 0.9, 0.8]])
    divided = pixels.in_deviations(values, (0.2, 0.3, 0.4))
    np.testing.assert_allclose(divided, [[1, 1, 1, 3, 3, 2]], rtol=1e-6)
    np.testing.assert_allclose(pixels.from_deviations(divided, (0.2, 0.3, 0.4)), values, rtol=1e-6)
    np.testing.assert_allclose(pixels.in_deviations(values, (0.1,)), 10 * values, rtol=1e-6)
    samples = tf.tile(values[:, tf.newaxis], [2, 3, 1])
    np.testing.assert_allclose(
        pixels.in_deviations(samples, (0.2, 0.3, 0.4))[1, 2], divided[0], rtol=1e-6
    )


def test_values_of_the_data_set_have_a_standard_deviation_of_one():
    """`std` is that of intensities in [0, 1], not of images in [-1, 1]."""
    images = pixels.to_float32(np.random.default_rng(0).integers(0, 256, (50, 4, 4, 2), np.uint8))
    std = tuple(np.std(0.5 * images.numpy(), axis=(0, 1, 2)))
    values = pixels.in_deviations(pixels.middles(images), std).numpy().reshape(-1, 2)
    np.testing.assert_allclose(values.std(0), 1, atol=0.01)


def test_densities_change_by_the_deviations():
    """log p(v) = log p(v / std) - sum log std, of which a Gaussian density is an example."""
    v, std = np.array([0.3, 0.8]), np.array([0.2, 0.5])
    divided = scipy.stats.norm.logpdf(v / std).sum()
    exact = scipy.stats.norm.logpdf(v, scale=std).sum()
    assert divided - pixels.log_deviations(tuple(std), 2) == pytest.approx(exact)
    assert pixels.log_deviations((0.5,), 6) == pytest.approx(6 * np.log(0.5))


def test_a_constant_channel_is_divided_by_one_gray_level():
    assert float(pixels.in_deviations(tf.constant([[1.0]]), (0.0,))[0, 0]) == pytest.approx(255)
    assert pixels.log_deviations((0.0,), 1) == pytest.approx(-np.log(255))
