"""Attention over positions and over channels, against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.nn import layers

HEIGHT, WIDTH, CHANNELS = 2, 3, 4
SHAPE = (HEIGHT, WIDTH, CHANNELS)
N = HEIGHT * WIDTH
IMAGES = tf.random.stateless_normal([5, *SHAPE], [1, 1])
BOTH = pytest.mark.parametrize("kind", [layers.PositionAttention, layers.ChannelAttention])


def built(kind):
    """A layer with random weights, and biases other than the initial 0."""
    keras.utils.set_random_seed(0)
    layer = kind()
    layer.build((None, *SHAPE))
    for number, variable in enumerate(layer.variables):
        variable.assign(tf.random.stateless_normal(variable.shape, [3, number]))
    return layer


def identities(kind):
    """A layer whose Q, K and V are X, and whose last layer is the identity."""
    layer = built(kind)
    unit = np.eye(CHANNELS, dtype=np.float32)
    layer.kernel.assign(np.concatenate([unit] * 3, 1))
    layer.bias.assign(np.zeros(3 * CHANNELS))
    if hasattr(layer, "last_kernel"):
        layer.last_kernel.assign(unit)
        layer.last_bias.assign(np.zeros(CHANNELS))
    return layer


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def projections(layer, x):
    weights, bias = layer.kernel.numpy(), layer.bias.numpy()
    return [
        x @ weights[:, i : i + CHANNELS] + bias[i : i + CHANNELS]
        for i in range(0, 3 * CHANNELS, CHANNELS)
    ]


def test_attention_over_positions_is_the_formula():
    layer = built(layers.PositionAttention)
    for image, output in zip(IMAGES.numpy(), layer(IMAGES).numpy(), strict=True):
        q, k, v = projections(layer, image.reshape(N, CHANNELS))
        expected = softmax(q @ k.T / np.sqrt(N)) @ v
        expected = expected @ layer.last_kernel.numpy() + layer.last_bias.numpy()
        np.testing.assert_allclose(output, expected.reshape(SHAPE), atol=1e-4)


def test_attention_over_channels_is_the_formula():
    """As in the public code, Q, K and V are [channels, n] here; the result is put in order."""
    layer = built(layers.ChannelAttention)
    for image, output in zip(IMAGES.numpy(), layer(IMAGES).numpy(), strict=True):
        q, k, v = (part.T for part in projections(layer, image.reshape(N, CHANNELS)))
        expected = (softmax(q @ k.T / np.sqrt(N)) @ v).T
        np.testing.assert_allclose(output, expected.reshape(SHAPE), atol=1e-4)


def test_with_identities_an_image_attends_to_itself():
    x = IMAGES.numpy().reshape(-1, N, CHANNELS)
    positions = softmax(x @ x.transpose(0, 2, 1) / np.sqrt(N)) @ x
    outputs = identities(layers.PositionAttention)(IMAGES)
    np.testing.assert_allclose(outputs, positions.reshape(-1, *SHAPE), atol=1e-5)
    channels = x @ softmax(x.transpose(0, 2, 1) @ x / np.sqrt(N)).transpose(0, 2, 1)
    outputs = identities(layers.ChannelAttention)(IMAGES)
    np.testing.assert_allclose(outputs, channels.reshape(-1, *SHAPE), atol=1e-5)


def test_uniform_attention_is_a_mean():
    """With Q = 0, every position or channel has the same weight."""
    for kind, axes in ((layers.PositionAttention, (1, 2)), (layers.ChannelAttention, 3)):
        layer = identities(kind)
        kernel = layer.kernel.numpy()
        kernel[:, :CHANNELS] = 0
        layer.kernel.assign(kernel)
        mean = IMAGES.numpy().mean(axes, keepdims=True)
        np.testing.assert_allclose(layer(IMAGES), np.broadcast_to(mean, IMAGES.shape), atol=1e-5)


@BOTH
def test_a_permutation_of_the_positions_permutes_the_result(kind):
    layer, order = built(kind), np.random.default_rng(0).permutation(N)
    flat = tf.reshape(IMAGES, [-1, N, CHANNELS])
    moved = layer(tf.reshape(tf.gather(flat, order, axis=1), IMAGES.shape))
    expected = tf.gather(tf.reshape(layer(IMAGES), [-1, N, CHANNELS]), order, axis=1)
    np.testing.assert_allclose(tf.reshape(moved, expected.shape), expected, atol=1e-4)


@BOTH
def test_images_do_not_affect_each_other(kind):
    layer = built(kind)
    np.testing.assert_allclose(layer(IMAGES)[2:3], layer(IMAGES[2:3]), atol=1e-4)


@BOTH
def test_shapes_of_the_weights_and_a_clone(kind):
    x = keras.Input(SHAPE)
    network = keras.Model(x, kind()(x))
    assert network.output.shape == (None, *SHAPE)
    last = [(4, 4), (4,)] if kind is layers.PositionAttention else []
    assert [tuple(v.shape) for v in network.variables] == [(4, 12), (12,), *last]
    twin = keras.models.clone_model(network)
    for slow, fast in zip(twin.variables, network.variables, strict=True):
        slow.assign(fast)
    np.testing.assert_array_equal(twin(IMAGES), network(IMAGES))


@BOTH
def test_weights_start_as_in_pytorch(kind):
    """Every unit of Q, K, V and of the last layer sums as many values as there are channels."""
    keras.utils.set_random_seed(0)
    layer = kind()
    layer.build((None, 2, 2, 120))
    for variable in layer.variables:
        initial_values.check_torch_uniform(variable, 120)
