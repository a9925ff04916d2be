"""Weight normalization against numbers worked by hand and Keras' own layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import layers


def test_weight_norm_initialization_by_hand():
    """t = x V/||v||, g = 1/std(t), b = -mean(t) g: the outputs have mean 0, std 1."""
    dense = layers.Dense(3)
    x = tf.constant([[1.0, 2.0], [0.0, -1.0], [2.0, 0.5]])
    network = keras.Sequential([keras.Input((2,)), dense])
    dense.kernel.assign([[3.0, 0.0, 1.0], [4.0, 1.0, -1.0]])
    layers.initialize_from_data(network, x)
    np.testing.assert_allclose(dense.gain.numpy(), [0.771517, 0.816497, 1.309307], atol=1e-5)
    np.testing.assert_allclose(dense.bias.numpy(), [-0.771517, -0.408248, -0.46291], atol=1e-5)
    expected = [
        [0.92582, 1.224745, -1.38873],
        [-1.38873, -1.224745, 0.46291],
        [0.46291, 0.0, 0.92582],
    ]
    np.testing.assert_allclose(network(x), expected, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv(5, 3, initial_scale=0.1),
        layers.Conv(5, 3, stride=2, padding="VALID", initial_scale=0.1),
        layers.ConvTranspose(5, 5, initial_scale=0.1),
    ],
)
def test_initialization_gives_each_unit_its_scale(layer):
    x = tf.random.stateless_normal([64, 8, 8, 3], [1, 2]) * 3 + 1
    network = keras.Sequential([keras.Input((8, 8, 3)), layer])
    layers.initialize_from_data(network, x)
    mean, variance = tf.nn.moments(network(x), [0, 1, 2])
    np.testing.assert_allclose(mean, np.zeros(5), atol=1e-5)
    np.testing.assert_allclose(variance, np.full(5, 0.01), rtol=1e-4)


def test_the_kernel_has_the_length_of_its_gain():
    for layer, shape, axes in (
        (layers.Dense(4), (6,), 0),
        (layers.Conv(4, 3), (8, 8, 2), (0, 1, 2)),
        (layers.ConvTranspose(4, 5), (8, 8, 2), (0, 1, 3)),
    ):
        layer.build((None, *shape))
        layer.gain.assign([1.0, 2.0, 3.0, 4.0])
        lengths = np.sqrt(np.sum(np.square(layer._effective_kernel()), axis=axes))
        np.testing.assert_allclose(lengths, [1, 2, 3, 4], rtol=1e-5)


def test_without_weight_norm_a_convolution_is_keras_own():
    ours = layers.Conv(4, 3, stride=2, slope=0.2, weight_norm=False)
    theirs = keras.layers.Conv2D(4, 3, 2, "same")
    x = tf.random.stateless_normal([2, 7, 7, 3], [0, 1])
    theirs(x), ours(x)
    ours.kernel.assign(theirs.kernel)
    ours.bias.assign([0.1, -0.1, 0.2, 0.3])
    theirs.bias.assign(ours.bias)
    np.testing.assert_allclose(ours(x), tf.nn.leaky_relu(theirs(x), 0.2), atol=1e-6)


def test_a_transposed_convolution_is_keras_own():
    ours, theirs = (
        layers.ConvTranspose(4, 5, weight_norm=False),
        keras.layers.Conv2DTranspose(4, 5, 2, "same"),
    )
    x = tf.random.stateless_normal([2, 4, 4, 3], [0, 1])
    theirs(x), ours(x)
    ours.kernel.assign(theirs.kernel)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(layers.Dense(4, bias=False), (6,)), (layers.Conv(4, 3, bias=False), (5, 5, 2))],
)
def test_without_a_bias_only_the_gain_is_set_from_data(layer, shape):
    """The deviation is 1 as with a bias; the mean stays for a layer that follows."""
    x = tf.random.stateless_normal([64, *shape], [1, 2]) * 3 + 1
    network = keras.Sequential([keras.Input(shape), layer])
    assert [v.name for v in layer.trainable_variables] == ["kernel", "gain"]
    layers.initialize_from_data(network, x)
    mean, variance = tf.nn.moments(network(x), list(range(len(shape))))
    np.testing.assert_allclose(variance, np.ones(4), rtol=1e-4)
    assert np.abs(mean).max() > 0.1


@pytest.mark.parametrize(("initial", "factor"), [("he_normal", 2), ("torch_uniform", 1 / 3)])
def test_initial_kernels_by_name(initial, factor):
    layer = layers.Conv(40, 3, initial=initial)
    layer.build((None, 8, 8, 20))
    assert np.var(layer.kernel) * 180 == pytest.approx(factor, rel=0.1)


def test_a_number_is_the_standard_deviation_of_normal_initial_kernels():
    layer = layers.Conv(40, 3, initial=0.05)
    layer.build((None, 8, 8, 20))
    values = layer.kernel.numpy().ravel()
    assert values.mean() == pytest.approx(0, abs=0.003) and values.std() == pytest.approx(
        0.05, rel=0.05
    )
    # Of a normal distribution, 4.6 % lie beyond two standard deviations; of a uniform one, none.
    assert np.mean(np.abs(values) > 0.1) == pytest.approx(0.0455, abs=0.015)
