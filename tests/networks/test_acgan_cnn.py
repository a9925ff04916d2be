"""The network of AC-GAN: maps, parameter counts, padding, heads and other image sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.core.task import Task
from tf_ssgan.networks import acgan_cnn
from tf_ssgan.nn import weights


def task(height=28, channels=1, classes=10, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def maps(network):
    """The map after each convolution, except the source head."""
    shapes = [x.output.shape[1:] for x in network.layers if isinstance(x, keras.layers.Conv2D)]
    return [tuple(shape) for shape in shapes if shape[-1] > 1]


def test_the_paper_parameters():
    assert weights.parameter_count(acgan_cnn.classifier(task())) == 2_671_370
    discriminator = acgan_cnn.classifier(task(), source_head=True)
    assert weights.parameter_count(discriminator) == 2_671_370 + 9 * 512


def test_the_paper_parameters_for_radiographs():
    # conv4 3-128-256-512, scales and shifts, dense 131072 to 2
    by_hand = 6_144 + 524_288 + 2_097_152 + 1_792 + 262_146
    assert by_hand == 2_891_522
    assert weights.parameter_count(acgan_cnn.classifier(task(128, 3, 2))) == by_hand
    discriminator = acgan_cnn.classifier(task(128, 3, 2), source_head=True)
    assert weights.parameter_count(discriminator) == by_hand + 131_072


def test_layer_norm_has_as_many_parameters():
    assert weights.parameter_count(acgan_cnn.classifier(task(), norm="layer")) == 2_671_370


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (28, [(14, 14, 4), (7, 7, 8), (3, 3, 16)]),
        (32, [(16, 16, 4), (8, 8, 8), (4, 4, 16)]),
        (128, [(64, 64, 4), (32, 32, 8), (16, 16, 16)]),
        (16, [(8, 8, 4), (4, 4, 8), (2, 2, 16)]),
        (15, [(7, 7, 4), (3, 3, 8)]),
        (8, [(4, 4, 4), (2, 2, 8)]),
    ],
)
def test_each_block_halves_and_none_ends_under_two_pixels(size, expected):
    assert maps(acgan_cnn.classifier(task(size), width=4)) == expected


def test_the_shorter_side_determines_the_number_of_blocks():
    assert maps(acgan_cnn.classifier(task(28, width=8), width=4)) == [(14, 4, 4), (7, 2, 8)]


def test_padding_is_the_same_on_all_sides():
    """A mirrored image gives the mirrored map, as 14 = (28 + 2 - 4) / 2 + 1 uses every pixel."""
    network = acgan_cnn.classifier(task(), width=2)
    first_map = keras.Model(network.input, network.layers[1].output)
    kernel = network.layers[1].kernel
    kernel.assign(kernel + kernel.numpy()[:, ::-1])
    x = tf.random.stateless_normal([1, 28, 28, 1], [1, 1])
    np.testing.assert_allclose(first_map(x[:, :, ::-1]), first_map(x)[:, :, ::-1], atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 9), (8, 9), (10, 13)])
def test_a_block_pads_one_pixel_on_every_side_of_any_map(height, width):
    network = acgan_cnn.classifier(task(height, width=width), width=2)
    (first, *_) = [x for x in network.layers if isinstance(x, keras.layers.Conv2D)]
    first_map = keras.Model(network.input, first.output)
    x = tf.random.stateless_normal([1, height, width, 1], [1, 1])
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    expected = tf.nn.conv2d(padded, first.kernel.value, 2, "VALID")
    np.testing.assert_allclose(first_map(x), expected, atol=1e-6)


def test_heads_have_their_shapes_and_the_features_are_the_flattened_map():
    outputs = acgan_cnn.classifier(task(), width=4, source_head=True)(tf.zeros([2, 28, 28, 1]))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {"features": (2, 9 * 16), "logits": (2, 10), "source": (2, 1)}
    assert set(acgan_cnn.classifier(task(), width=4).output) == {"features", "logits"}


def test_the_source_head_does_not_see_the_class_head():
    network, x = acgan_cnn.classifier(task(8), width=4, source_head=True), tf.ones([2, 8, 8, 1])
    before = network(x)["source"].numpy()
    head = network.get_layer("logits")
    head.kernel.assign(head.kernel + 1.0)
    np.testing.assert_array_equal(network(x)["source"], before)


def test_layers_before_a_normalization_have_no_bias():
    network = acgan_cnn.classifier(task(), width=4, source_head=True)
    biased = [x.name for x in network.layers if getattr(x, "use_bias", False)]
    assert biased == ["logits"]


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_gradients_reach_every_weight(norm):
    keras.utils.set_random_seed(0)
    network = acgan_cnn.classifier(task(16), width=2, source_head=True, norm=norm)
    x = tf.random.stateless_normal([4, 16, 16, 1], [1, 1])
    with tf.GradientTape() as tape:
        outputs = network(x, training=True)
        loss = tf.reduce_mean(outputs["source"] ** 2) + tf.reduce_mean(outputs["logits"] ** 2)
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


@pytest.mark.parametrize("source_head", [False, True])
def test_the_class_head_starts_as_in_pytorch(source_head):
    """Its bound is 1 / sqrt(4608).

    Glorot's bound is sqrt(6 / (inputs + outputs)), which is sqrt(6 * 4608 / 4618) times as wide.
    """
    keras.utils.set_random_seed(0)
    head = acgan_cnn.classifier(task(), source_head=source_head).get_layer("logits")
    assert head.kernel.shape == (4608, 10)
    initial_values.check_torch_uniform(head.kernel, 4608)
    initial_values.check_torch_uniform(head.bias, 4608)
    glorot = keras.initializers.GlorotUniform(seed=0)(head.kernel.shape)
    ratio = np.sqrt(6 / (4608 + 10)) / head.kernel_initializer.maxval
    assert ratio == pytest.approx(np.sqrt(6 * 4608 / 4618)) == pytest.approx(2.447, abs=1e-3)
    assert np.std(glorot) / np.std(head.kernel) == pytest.approx(ratio, rel=0.02)
