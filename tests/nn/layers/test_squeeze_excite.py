"""Squeeze-and-excitation against numbers worked by hand."""

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.nn import layers, weights


def test_squeeze_and_excitation_by_hand():
    block = layers.SqueezeExcite(reduction=2)
    block.build((None, 1, 2, 2))
    block.squeeze.assign([[1.0], [1.0]])
    block.excite.assign([[1.0, -1.0]])
    x = tf.constant([[[[1.0, 0.0], [3.0, 2.0]]]])  # channel means 2 and 1: hidden 3
    gates = 1 / (1 + np.exp([-3.0, 3.0]))
    np.testing.assert_allclose(block(x), x * gates, rtol=1e-6)
    assert weights.parameter_count(keras.Sequential([keras.Input((1, 2, 2)), block])) == 4


def test_the_hidden_layer_has_at_least_one_unit():
    block = layers.SqueezeExcite(reduction=16)
    block.build((None, 4, 4, 3))
    assert block.squeeze.shape == (3, 1) and block.excite.shape == (1, 3)
