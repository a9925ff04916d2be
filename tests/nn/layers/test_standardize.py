"""Standardization against numbers worked by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers


def test_standardize_by_hand():
    """Intensities are (x + 1) / 2; with mean .25 and standard deviation .5, 1 becomes 1.5."""
    x = tf.constant([-1.0, 0.0, 1.0])[:, None, None, None] * tf.ones([3, 1, 1, 2])
    standardized = layers.Standardize((0.25, 0.5), (0.5, 0.2))(x)
    np.testing.assert_allclose(
        standardized[:, 0, 0], [[-0.5, -2.5], [0.5, 0], [1.5, 2.5]], atol=1e-6
    )
    gray = layers.Standardize((0.5,), (0.25,))(x)
    np.testing.assert_allclose(gray[:, 0, 0], [[-2, -2], [0, 0], [2, 2]], atol=1e-6)


def test_a_standard_deviation_of_zero_counts_as_one_gray_level():
    standardized = layers.Standardize((0.5,), (0.0,))(tf.constant([[[[1 / 127.5]]]]))
    assert float(standardized[0, 0, 0, 0]) == pytest.approx(1.0, abs=1e-4)
