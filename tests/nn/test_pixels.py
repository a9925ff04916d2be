"""The scaling between bytes and [-1, 1]."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import pixels

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
