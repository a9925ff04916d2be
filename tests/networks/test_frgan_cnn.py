"""The classifier of table 1: maps, parameter counts and other image sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core.task import Task
from tf_ssgan.networks import frgan_cnn
from tf_ssgan.nn import layers, step_random, weights


def task(height=32, channels=3, classes=10, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def maps(network):
    """The map after each convolution."""
    return [tuple(x.output.shape[1:]) for x in network.layers if isinstance(x, layers.Conv)]


def last_map(network):
    """Height and width of the map before the last convolutions."""
    return tuple(network.get_layer("recalibration").output.shape[1:3])


def test_the_parameters_of_table_1():
    plain = frgan_cnn.classifier(task(), recalibrate=False)
    block = frgan_cnn.classifier(task())
    assert weights.parameter_count(plain, gains=False) == 774_026
    assert weights.parameter_count(block, gains=False) == 774_026 + 2_048
    gains = 3 * 64 + 3 * 128 + 256 + 128 + 10  # One for each unit.
    assert weights.parameter_count(block) == 774_026 + 2_048 + gains


def test_the_maps_of_table_1():
    assert maps(frgan_cnn.classifier(task())) == [
        (32, 32, 64),
        (32, 32, 64),
        (16, 16, 64),
        (16, 16, 128),
        (16, 16, 128),
        (8, 8, 128),
        (6, 6, 256),
        (6, 6, 128),
    ]


@pytest.mark.parametrize("size", [8, 16, 24, 28, 32, 33, 48])
def test_up_to_48_pixels_the_layers_are_those_of_the_table(size):
    network = frgan_cnn.classifier(task(size), width=4)
    stage = [layers.Conv, layers.Conv, layers.Conv, layers.Dropout]
    rest = [layers.SqueezeExcite, layers.Conv, layers.Conv, keras.layers.GlobalAveragePooling2D]
    types = [keras.layers.InputLayer, layers.GaussianNoise, layers.Dropout, *stage, *stage, *rest]
    assert [type(layer) for layer in network.layers] == [*types, layers.Dense]
    kernels = [tuple(v.shape) for v in network.trainable_variables if v.name == "kernel"]
    channels = [3, 4, 4, 4, 8, 8, 8, 16]
    expected = [(3, 3, a, b) for a, b in zip(channels, channels[1:], strict=False)]
    assert kernels == [*expected, (1, 1, 16, 8), (8, 10)]


def test_128_pixels_have_two_more_stages():
    assert maps(frgan_cnn.classifier(task(128), width=32)) == [
        (128, 128, 8),
        (128, 128, 8),
        (64, 64, 8),
        (64, 64, 16),
        (64, 64, 16),
        (32, 32, 16),
        (32, 32, 32),
        (32, 32, 32),
        (16, 16, 32),
        (16, 16, 64),
        (16, 16, 64),
        (8, 8, 64),
        (6, 6, 128),
        (6, 6, 64),
    ]


def test_added_stages_have_at_least_eight_channels_or_the_width():
    def stage_channels(width):
        network = frgan_cnn.classifier(task(224), width=width)
        return [x.units for x in network.layers if getattr(x, "stride", 1) == 2]

    assert stage_channels(16) == [8, 8, 8, 16, 32]
    assert stage_channels(4) == [4, 4, 4, 4, 8]


@pytest.mark.parametrize(
    "size, width, expected",
    [
        # stages of 8, 8, 16; 16 to 32, 32 to 16, 16 to 10
        (64, 8, 1_392 + 1_752 + 5_808 + 4_640 + 528 + 170),
        # stages of 8, 8, 8, 16
        (128, 8, 1_392 + 1_752 + 1_752 + 5_808 + 4_640 + 528 + 170),
        # stages of 16, 32, 64; 64 to 128, 128 to 64, 64 to 10
        (64, 32, 5_088 + 23_136 + 92_352 + 73_856 + 8_256 + 650),
        # stages of 8, 16, 32, 64
        (128, 32, 1_392 + 5_808 + 23_136 + 92_352 + 73_856 + 8_256 + 650),
    ],
)
def test_the_parameters_for_larger_images_by_hand(size, width, expected):
    plain = frgan_cnn.classifier(task(size), width=width, recalibrate=False)
    assert weights.parameter_count(plain, gains=False) == expected


@pytest.mark.parametrize(
    "size, side, after",
    [
        (8, 2, 2),
        (12, 3, 3),
        (16, 4, 4),
        (23, 6, 6),
        (24, 6, 4),
        (28, 7, 5),
        (32, 8, 6),
        (33, 9, 7),
        (48, 12, 10),
        (49, 7, 5),
        (64, 8, 6),
        (96, 12, 10),
        (97, 7, 5),
        (100, 7, 5),
        (128, 8, 6),
        (193, 7, 5),
        (224, 7, 5),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size(size, side, after, channels):
    network = frgan_cnn.classifier(task(size, channels, 4), width=4)
    assert last_map(network) == (side, side)
    assert maps(network)[-1] == (after, after, 8)
    outputs = network(tf.zeros([2, size, size, channels]))
    assert outputs["features"].shape == (2, 8) and outputs["logits"].shape == (2, 4)


@pytest.mark.parametrize(
    "height, width, last, after",
    [
        (24, 48, (6, 12), (4, 10)),
        (48, 64, (6, 8), (4, 6)),
        (32, 64, (4, 8), (4, 8)),  # The last convolution uses padding.
        (24, 128, (2, 8), (2, 8)),
        (224, 8, (7, 1), (7, 1)),
    ],
)
def test_the_larger_side_determines_the_number_of_stages(height, width, last, after):
    network = frgan_cnn.classifier(task(height, width=width), width=4)
    assert last_map(network) == last
    assert maps(network)[-1][:2] == after
    assert network(tf.zeros([2, height, width, 3]))["logits"].shape == (2, 10)


def test_two_passes_differ_in_training_and_agree_in_inference():
    network, x = frgan_cnn.classifier(task(8, 1), width=4), tf.ones([2, 8, 8, 1])
    with step_random.at(0, 0):
        one, two = network(x, training=True), network(x, training=True)
    assert not np.allclose(one["features"], two["features"])
    np.testing.assert_array_equal(network(x)["logits"], network(x)["logits"])


def test_gradients_reach_every_weight_at_64():
    keras.utils.set_random_seed(0)
    network = frgan_cnn.classifier(task(64), width=2)
    x = tf.random.stateless_normal([4, 64, 64, 3], [1, 1])
    with step_random.at(0, 0), tf.GradientTape() as tape:
        logits = network(x, training=True)["logits"]
        loss = tf.reduce_mean(logits * tf.random.stateless_normal(logits.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


@pytest.mark.parametrize("size", [32, 128])
def test_initialization_from_data_reaches_every_layer(size):
    keras.utils.set_random_seed(0)
    network = frgan_cnn.classifier(task(size), width=4, dropout=0.0)
    x = tf.random.stateless_normal([50, size, size, 3], [1, 1]) * 0.3 + 0.2
    with step_random.at(0, -1):
        layers.initialize_from_data(network, x)
    normalized = [layer for layer in network.layers if hasattr(layer, "gain")]
    assert len(normalized) == {32: 9, 128: 15}[size]
    for layer in normalized:
        assert np.all(layer.gain.numpy() != 1) and np.all(layer.bias.numpy() != 0), layer.name
    logits = network(x)["logits"].numpy()
    np.testing.assert_allclose(logits.mean(0), np.zeros(10), atol=1e-3)
    np.testing.assert_allclose(logits.std(0), np.full(10, 0.1), rtol=1e-2)
