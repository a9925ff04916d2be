"""WSGAN's classifier: maps, blocks by hand, parameter counts and other image sizes."""

import functools
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.core.task import Task
from tf_ssgan.networks import resnet18, wsgan_classifier
from tf_ssgan.nn import layers, weights


def task(size, channels=1, classes=10):
    return Task(classes, size, size, channels, 10, 100, 10, 10)


@functools.cache
def built(size=28, channels=1, width=4):
    """The network with only the first three layers of its ResNet, which has its own tests."""
    keras.utils.set_random_seed(0)
    with mock.patch.multiple(resnet18, WIDTHS=(1,), BLOCKS=1):
        return wsgan_classifier.classifier(task(size, channels), width)


def maps(network):
    """Side of the map of each spectrally normalized convolution."""
    return [x.output.shape[1] for x in network.layers if isinstance(x, layers.SpectralConv)]


def images(size=28, channels=1, count=3):
    return tf.random.stateless_uniform([count, size, size, channels], [1, 1], -1.0, 1.0)


def model(function, *shape):
    x = keras.Input(shape)
    return keras.Model(x, function(x))


def test_the_maps_of_the_table():
    """Each attention block removes 4 pixels, the last convolution one."""
    local_maps, global_maps = [27, 26, 25, 24], [27, 26, 25, 24, 23, 22, 21, 20]
    assert sorted(maps(built())) == sorted([*local_maps, 23, *global_maps, 19])
    shapes = [x.output.shape for x in built().layers if isinstance(x, layers.ChannelAttention)]
    assert sorted(shape[1:] for shape in shapes) == [(20, 20, 4), (24, 24, 4), (24, 24, 4)]
    pooled = [x.input.shape[1] for x in built().layers
              if isinstance(x, keras.layers.GlobalMaxPooling2D)]  # fmt: skip
    assert sorted(pooled) == [19, 23]


def test_its_outputs_are_the_sum_of_the_branches():
    network, x = built(), images()
    (total,) = [y for y in network.layers if isinstance(y, keras.layers.Add) and len(y.input) == 3]
    branches = keras.Model(network.input, total.input)(x)
    assert [branch.shape for branch in branches] == [(3, 11)] * 3
    outputs, expected = network(x), np.sum(branches, axis=0)
    assert (outputs["logits"].shape, outputs["source"].shape) == ((3, 10), (3, 1))
    columns = np.concatenate([outputs["logits"], outputs["source"]], axis=1)
    np.testing.assert_allclose(columns, expected, atol=1e-6)
    np.testing.assert_array_equal(columns[:, -1:], outputs["source"])


def test_the_features_are_those_of_the_resnet():
    network, x = built(), images()
    assert network(x)["features"].shape == (3, 4)
    backbone = resnet18.backbone(network)
    np.testing.assert_array_equal(backbone(x)["features"], network(x)["features"])
    assert not [y for y in backbone.layers if isinstance(y, layers.SpectralConv)]


def test_a_convolution_block_by_hand():
    """Two convolutions, plus the first one's mean over 2 x 2 pixels, concatenated twice."""
    keras.utils.set_random_seed(0)
    block = model(lambda x: wsgan_classifier._conv_block(x, 4, "VALID"), 6, 5, 3)
    first, second = [y for y in block.layers if isinstance(y, layers.SpectralConv)]
    assert (first.units, second.units, first.slope) == (2, 4, 0.01)
    x = tf.random.stateless_normal([2, 6, 5, 3], [1, 1])
    one = first(x).numpy()
    mean = (one[:, 1:, 1:] + one[:, 1:, :-1] + one[:, :-1, 1:] + one[:, :-1, :-1]) / 4
    expected = second(one).numpy() + np.concatenate([mean, mean], -1)
    assert expected.shape == (2, 4, 3, 4)
    np.testing.assert_allclose(block(x), expected, atol=1e-6)


def test_an_attention_block_is_the_sum_of_both_attentions():
    keras.utils.set_random_seed(0)
    block = model(lambda x: wsgan_classifier._attention_block(x, 4, "VALID"), 8, 8, 1)
    both = [y for y in block.layers
            if isinstance(y, layers.PositionAttention | layers.ChannelAttention)]  # fmt: skip
    assert [type(y) for y in both] == [layers.PositionAttention, layers.ChannelAttention]
    x = images(8)
    inside = keras.Model(block.input, both[0].input)(x)
    assert inside.shape == (3, 4, 4, 4) and both[1].input is both[0].input
    np.testing.assert_allclose(block(x), both[0](inside) + both[1](inside), atol=1e-6)


def test_pooling_adds_mean_and_maximum():
    keras.utils.set_random_seed(0)
    pooled = model(lambda x: wsgan_classifier._global_pooling(x, "VALID"), 4, 4, 3)
    (convolution,) = [y for y in pooled.layers if isinstance(y, layers.SpectralConv)]
    assert convolution.slope is None  # no leaky ReLU before the pooling
    x = tf.random.stateless_normal([2, 4, 4, 3], [1, 1])
    last = convolution(x).numpy()
    assert last.shape == (2, 3, 3, 3)
    np.testing.assert_allclose(pooled(x), last.mean((1, 2)) + last.max((1, 2)), atol=1e-6)


@pytest.mark.parametrize(
    ("size", "channels", "local_side", "global_side"),
    [(8, 1, 8, 8), (8, 3, 8, 8), (16, 1, 11, 7), (32, 3, 27, 23), (64, 1, 27, 23)],
)
def test_other_sizes(size, channels, local_side, global_side):
    """Padding keeps sides under 16 pixels; those over 36 are halved, except for the ResNet."""
    network = built(size, channels)
    outputs = network(images(size, channels))
    assert (outputs["logits"].shape, outputs["source"].shape) == ((3, 10), (3, 1))
    pooled = [x.input.shape[1] for x in network.layers
              if isinstance(x, keras.layers.GlobalMaxPooling2D)]  # fmt: skip
    assert sorted(pooled) == sorted([local_side, global_side])
    assert network.get_layer("colored").input.shape[1:] == (size, size, channels)


@pytest.mark.parametrize("channels", [1, 3])
def test_it_can_take_over_a_resnet_that_copies_gray_images(channels):
    keras.utils.set_random_seed(1)
    with mock.patch.multiple(resnet18, WIDTHS=(1, 2), BLOCKS=1):
        network = wsgan_classifier.classifier(task(8, channels), 4)
        backbone = resnet18.backbone(resnet18.classifier(task(8, channels), 4))
    for number, variable in enumerate(backbone.variables):  # batch statistics too
        variable.assign(tf.random.stateless_uniform(variable.shape, [7, number], 0.1, 1.0))
    x = images(8, channels)
    before = {k: v.numpy() for k, v in network(x).items()}
    wsgan_classifier.load_resnet(network, backbone, tf.constant(False))
    np.testing.assert_array_equal(network(x)["features"], before["features"])
    wsgan_classifier.load_resnet(network, backbone, tf.constant(True))
    np.testing.assert_allclose(network(x)["features"], backbone(x)["features"], rtol=1e-6)
    assert not np.allclose(before["features"], backbone(x)["features"])


def test_channels_are_the_next_multiple_of_four():
    """The channels of a block are halved twice: 1 and 2 channels, then 2 and 4."""
    for width, channels in ((1, 4), (5, 8)):
        network = built(8, width=width)
        assert {x.output.shape[-1] for x in network.layers
                if isinstance(x, layers.ChannelAttention)} == {channels}  # fmt: skip
        assert network.output["features"].shape == (None, width)


def test_the_paper_parameters():
    """Branches have conv2 kernels and biases, q, k, v, a dense layer, and 11 units each."""
    count = weights.parameter_count(built(width=64))

    def conv(i, o, size=2):
        return size * size * i * o + o

    def block(i):
        halves = conv(i, 16) + conv(16, 32) + conv(32, 32) + conv(32, 64)
        return halves + conv(64, 192, 1) * 2 + conv(64, 64, 1)

    branches = block(1) + conv(64, 64) + block(1) + block(64) + conv(64, 64)
    short = 7 * 7 * 3 * 64 + 2 * 64 + 2 * (9 * 64 * 64 + 2 * 64)
    assert count == branches + short + conv(1, 3, 1) + 3 * conv(64, 11, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_weights_outside_the_resnet_start_as_in_pytorch(channels):
    network = built(8, channels, 64)
    dense = [x for x in network.layers if isinstance(x, keras.layers.Dense)]
    assert [tuple(x.kernel.shape) for x in dense] == [(64, 11)] * 3
    for layer in (*dense, network.get_layer("colored")):
        inputs = layer.kernel.shape[-2]
        initial_values.check_torch_uniform(layer.kernel, inputs)
        initial_values.check_torch_uniform(layer.bias, inputs)
