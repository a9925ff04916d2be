"""The encoder of Bad GAN: maps, parameter counts, its two outputs and other image sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import code_encoder, dcgan
from tf_ssgan.nn import layers, precision, step_random, weights


def task(height=32, channels=3, width=None):
    return Task(10, height, width or height, channels, 10, 100, 10, 10)


def images(size=8, channels=1, count=4):
    return tf.random.stateless_uniform([count, size, size, channels], [3, 4], -1, 1)


def maps(network):
    """The map after each convolution."""
    return [tuple(x.output.shape[1:]) for x in network.layers if isinstance(x, layers.Conv)]


def test_the_parameters_of_the_public_code():
    network = code_encoder.encoder(task())
    assert weights.parameter_count(network) == 5_746_192
    assert weights.parameter_count(network, gains=False) == 5_746_192 - 200
    # Without scales, 100 units of the last layer less: kernel, bias and gain of each.
    count = weights.parameter_count(code_encoder.encoder(task(), scales=False))
    assert count == 5_746_192 - 100 * (4 * 4 * 512 + 2)


def test_the_maps_of_the_table():
    network = code_encoder.encoder(task())
    assert maps(network) == [(16, 16, 128), (8, 8, 256), (4, 4, 512)]
    outputs = network.output
    assert {name: x.shape for name, x in outputs.items()} == {
        "mean": (None, 100),
        "log_scale": (None, 100),
    }


def test_the_layers_in_their_order():
    network = code_encoder.encoder(task(), width=2)
    block = [layers.Conv, layers.BatchNorm, keras.layers.ReLU]
    types = [type(x) for x in network.layers if isinstance(x, keras.layers.Layer)]
    first = [keras.layers.InputLayer, *3 * block, keras.layers.Flatten, layers.Dense]
    assert types[: len(first)] == first
    convolutions = [x for x in network.layers if isinstance(x, layers.Conv)]
    assert {(x.size, x.stride, x.padding) for x in convolutions} == {(5, 2, "SAME")}
    assert {(x.weight_norm, x.with_bias, x.slope) for x in convolutions} == {(False, False, None)}
    assert all(x.scaled for x in network.layers if isinstance(x, layers.BatchNorm))
    last = network.get_layer("codes")
    assert last.weight_norm and last.with_bias


@pytest.mark.parametrize("size", [8, 16, 23, 24, 28, (30, 45), 32, 48, 49, 64, 97, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size_and_that_the_last_map_is_the_generators_first(size, channels):
    height, width = size if isinstance(size, tuple) else (size, size)
    shape = task(height, channels, width)
    network = code_encoder.encoder(shape, 6, 2)
    outputs = network(tf.zeros([2, height, width, channels]), training=True)
    assert outputs["mean"].shape == outputs["log_scale"].shape == (2, 6)
    assert maps(network)[-1] == (*dcgan.first_map(shape), 16)
    assert max(maps(network)[-1][:2]) <= 6


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (49, [(25, 25, 32), (13, 13, 64), (7, 7, 128), (4, 4, 256)]),
        (96, [(48, 48, 32), (24, 24, 64), (12, 12, 128), (6, 6, 256)]),
        (128, [(64, 64, 16), (32, 32, 32), (16, 16, 64), (8, 8, 128), (4, 4, 256)]),
    ],
)
def test_larger_images_have_more_convolutions(size, expected):
    assert maps(code_encoder.encoder(task(size), 6, 32)) == expected


def test_means_come_before_logarithms_of_scales():
    network = code_encoder.encoder(task(8, 1), 3, 2)
    codes = network.get_layer("codes")
    codes.gain.assign(tf.zeros_like(codes.gain))
    codes.bias.assign([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    outputs = network(images(count=2))
    np.testing.assert_array_equal(outputs["mean"], [[1, 2, 3]] * 2)
    np.testing.assert_array_equal(outputs["log_scale"], [[4, 5, 6]] * 2)


def test_without_scales_there_are_means_alone():
    network = code_encoder.encoder(task(8, 1), 3, 2, scales=False)
    codes = network.get_layer("codes")
    codes.gain.assign(tf.zeros_like(codes.gain))
    codes.bias.assign([1.0, 2.0, 3.0])
    outputs = network(images(count=2))
    assert list(outputs) == ["mean"]
    np.testing.assert_array_equal(outputs["mean"], [[1, 2, 3]] * 2)


def test_initialization_from_data_gives_small_codes():
    keras.utils.set_random_seed(0)
    network = code_encoder.encoder(task(8, 1), 3, 4)
    with step_random.at(0, -1):
        layers.initialize_from_data(network, images(count=50))
    for value in network(images(count=50), training=True).values():
        np.testing.assert_allclose(tf.reduce_mean(value, 0), np.zeros(3), atol=1e-4)
        np.testing.assert_allclose(value.numpy().std(0), np.full(3, 0.1), rtol=1e-2)


def test_gradients_reach_every_weight_at_64():
    keras.utils.set_random_seed(0)
    network = code_encoder.encoder(task(64), 6, 2)
    with tf.GradientTape() as tape:
        outputs = network(images(64, 3), training=True)
        codes = tf.concat([outputs["mean"], outputs["log_scale"]], 1)
        loss = tf.reduce_mean(codes * tf.random.stateless_normal(codes.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


@pytest.mark.parametrize("scales", [True, False])
def test_copies_agree(scales):
    network_copies.assert_agree(lambda: code_encoder.encoder(task(8, 1), 3, 2, scales), images())


def test_codes_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        network = code_encoder.encoder(task(8, 1), 3, 2)
    outputs = network(images(), training=True)
    assert {x.dtype for x in outputs.values()} == {tf.float32}
    assert all(np.isfinite(x).all() for x in outputs.values())
    convolutions = [x.compute_dtype for x in network.layers if isinstance(x, layers.Conv)]
    assert convolutions == ["bfloat16"] * 3
