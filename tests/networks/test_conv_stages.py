"""The stages of the discriminators of Salimans et al. and FR-GAN: layers, number, padding, head."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core.task import Task
from tf_ssgan.networks import conv_stages
from tf_ssgan.nn import layers


def task(height, width=None):
    return Task(10, height, width or height, 3, 10, 100, 10, 10)


def apply(task, width=4, **options):
    images = keras.Input(task.image_shape)
    return keras.Model(images, conv_stages.apply_stages(images, task, width, 0.5, **options))


def test_a_stage_has_three_convolutions_and_a_dropout():
    network = apply(task(32))
    stage = [layers.Conv, layers.Conv, layers.Conv, layers.Dropout]
    assert [type(x) for x in network.layers[1:]] == [*stage, *stage]
    convolutions = [x for x in network.layers if isinstance(x, layers.Conv)]
    assert [(x.units, x.stride) for x in convolutions] == [
        (4, 1),
        (4, 1),
        (4, 2),
        (8, 1),
        (8, 1),
        (8, 2),
    ]
    assert {(x.size, x.padding, x.slope) for x in convolutions} == {(3, "SAME", 0.2)}


@pytest.mark.parametrize(
    ("size", "stages", "side"),
    [(8, 2, 2), (33, 2, 9), (48, 2, 12), (49, 3, 7), (96, 3, 12), (97, 4, 7), (193, 5, 7)],
)
def test_the_last_map_has_at_most_twelve_pixels_per_side(size, stages, side):
    network = apply(task(size))
    assert len(network.layers) == 1 + 4 * stages
    assert network.output.shape[1:] == (side, side, 8)


def test_weight_normalization_is_optional():
    gains = [
        [v.path for v in apply(task(8), norm=norm).variables if v.name == "gain"]
        for norm in ("weight", "none")
    ]
    assert len(gains[0]) == 6 and not gains[1]


@pytest.mark.parametrize(
    ("height", "width", "padding"),
    [
        (23, 23, "SAME"),
        (24, 24, "VALID"),
        (24, 48, "VALID"),
        (48, 49, "VALID"),
        (47, 49, "SAME"),
        (128, 128, "VALID"),
    ],
)
def test_small_last_maps_are_padded(height, width, padding):
    assert conv_stages.last_padding(task(height, width)) == padding


def types(network):
    return [type(x) for x in network.layers[1:]]


def test_a_stage_with_batch_normalization():
    network = apply(task(32), norm="batch")
    block = [layers.Conv, layers.BatchNorm, layers.LeakyReLU]
    assert types(network) == 2 * [*3 * block, layers.Dropout]
    convolutions = [x for x in network.layers if isinstance(x, layers.Conv)]
    assert [(x.units, x.stride) for x in convolutions] == 2 * [(4, 1)] + [(4, 2)] + 2 * [(8, 1)] + [
        (8, 2)
    ]
    names = {v.name for v in network.trainable_variables}
    assert names == {"kernel", "scale", "shift"}


@pytest.mark.parametrize(
    ("norm", "names"),
    [
        ("weight", ["kernel", "gain", "bias"]),
        ("batch", ["kernel", "scale", "shift"]),
        ("none", ["kernel", "bias"]),
    ],
)
def test_the_weights_of_a_convolution(norm, names):
    images = keras.Input((6, 6, 3))
    x = conv_stages.convolution(images, 5, 3, norm, stride=2, padding="VALID")
    network = keras.Model(images, x)
    assert [v.name for v in network.trainable_variables] == names
    assert x.shape == (None, 2, 2, 5)


@pytest.mark.parametrize("norm", ["weight", "batch", "none"])
def test_a_convolution_ends_in_a_leaky_unit_of_slope_one_fifth(norm):
    """The network is linear but for that unit: f(x) + f(-x) = (1 - .2) |convolution(x)|."""
    images = keras.Input((4, 4, 2))
    network = keras.Model(images, conv_stages.convolution(images, 3, 1, norm))
    x = tf.random.stateless_normal([2, 4, 4, 2], [1, 1])
    kernel = network.layers[1].kernel.numpy()[0, 0]
    if norm == "weight":
        kernel = kernel / np.linalg.norm(kernel, axis=0)
    # Moving statistics are 0 and 1 at first, with 1e-5 added; so is 1e-6 to the squared length.
    linear = x.numpy() @ kernel
    np.testing.assert_allclose(network(x) + network(-x), 0.8 * np.abs(linear), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(network(x) - network(-x), 1.2 * linear, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("whole_maps", [False, True])
def test_whether_the_dropout_of_a_stage_drops_whole_maps(whole_maps):
    network = apply(task(32), whole_maps=whole_maps)
    dropouts = [x for x in network.layers if isinstance(x, layers.Dropout)]
    assert [(x.threshold, x.whole_maps) for x in dropouts] == [(128, whole_maps)] * 2


@pytest.mark.parametrize(
    ("norm", "names"),
    [
        ("weight", ["kernel", "gain", "bias"]),
        ("batch", ["kernel", "bias"]),
        ("none", ["kernel", "bias"]),
    ],
)
def test_only_with_weight_normalization_the_logits_have_gains(norm, names):
    x = keras.Input((2, 3, 4))
    network = keras.Model(x, conv_stages.apply_head(x, task(8), norm))
    assert [v.name for v in network.trainable_variables] == names
    assert network.get_layer("logits").initial_scale == 0.1
    values = tf.random.stateless_normal([2, 2, 3, 4], [1, 1])
    features = network(values)["features"]
    np.testing.assert_allclose(features, values.numpy().mean((1, 2)), atol=1e-6)
