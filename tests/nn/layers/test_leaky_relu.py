"""The layer of a leaky ReLU."""

import keras
import numpy as np

from tf_ssgan.nn import layers


def test_negative_values_are_scaled():
    inputs = np.array([[-2.0, 0.0, 3.0]], np.float32)
    np.testing.assert_allclose(layers.LeakyReLU(0.1)(inputs), [[-0.2, 0.0, 3.0]])


def test_a_copy_has_the_same_slope():
    x = keras.Input((3,))
    network = keras.Model(x, layers.LeakyReLU(0.3)(x))
    (copied,) = keras.models.clone_model(network).layers[1:]
    assert copied.slope == 0.3
