"""The discriminators of the public code of Salimans et al.: maps, parameter counts, the head."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core.task import Task
from tf_ssgan.networks import improved_gan_cnn
from tf_ssgan.nn import layers, step_random, weights


def task(height=32, channels=3, classes=10, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def maps(network):
    """The map after each convolution."""
    return [tuple(x.output.shape[1:]) for x in network.layers if isinstance(x, layers.Conv)]


@pytest.mark.parametrize("width, expected", [(64, 626_570), (96, 1_406_794)])
def test_the_parameters_of_the_public_code(width, expected):
    network = improved_gan_cnn.classifier(task(), width=width)
    assert weights.parameter_count(network, gains=False) == expected
    gains = 3 * width + 6 * 2 * width + 10  # One for each unit.
    assert weights.parameter_count(network) == expected + gains


def test_the_maps_of_the_public_code():
    assert maps(improved_gan_cnn.classifier(task())) == [
        (32, 32, 64),
        (32, 32, 64),
        (16, 16, 64),
        (16, 16, 128),
        (16, 16, 128),
        (8, 8, 128),
        (6, 6, 128),
        (6, 6, 128),
        (6, 6, 128),
    ]


def test_the_order_of_its_layers():
    stage = [layers.Conv, layers.Conv, layers.Conv, layers.Dropout]
    rest = [layers.Conv] * 3 + [keras.layers.GlobalAveragePooling2D, layers.Dense]
    network = improved_gan_cnn.classifier(task(), width=4)
    types = [keras.layers.InputLayer, layers.Dropout, *stage, *stage, *rest]
    assert [type(layer) for layer in network.layers] == types
    thresholds = [x.threshold for x in network.layers if isinstance(x, layers.Dropout)]
    assert thresholds == [51, 128, 128]  # 0.2, 0.5 and 0.5 of 256.


def test_128_pixels_have_two_more_stages():
    network = improved_gan_cnn.classifier(task(128), width=32)
    stage_channels = [x.units for x in network.layers if getattr(x, "stride", 1) == 2]
    assert stage_channels == [8, 16, 32, 64]
    assert maps(network)[-4:] == [(8, 8, 64), (6, 6, 64), (6, 6, 64), (6, 6, 64)]


@pytest.mark.parametrize(
    "size, after",
    [(8, 2), (16, 4), (23, 6), (24, 4), (28, 5), (32, 6), (48, 10), (49, 5), (64, 6), (96, 10)]
    + [(97, 5), (128, 6), (224, 5), (256, 6)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size(size, after, channels):
    network = improved_gan_cnn.classifier(task(size, channels, 4), width=4)
    assert maps(network)[-1] == (after, after, 8)
    outputs = network(tf.zeros([2, size, size, channels]))
    assert outputs["features"].shape == (2, 8) and outputs["logits"].shape == (2, 4)


@pytest.mark.parametrize("height, width, after", [(24, 48, (4, 10)), (24, 128, (2, 8))])
def test_images_that_are_not_square(height, width, after):
    network = improved_gan_cnn.classifier(task(height, width=width), width=4)
    assert maps(network)[-1][:2] == after


def initialized(head_bias):
    """A network that was initialized from data, and the data."""
    keras.utils.set_random_seed(0)
    network = improved_gan_cnn.classifier(task(16), width=4, head_bias=head_bias, dropout=0.0)
    images = tf.random.stateless_normal([50, 16, 16, 3], [1, 1]) * 0.3 + 0.2
    with step_random.at(0, -1):
        layers.initialize_from_data(network, images)
    return network, images


@pytest.mark.parametrize("head_bias", [True, False])
def test_logits_are_products_of_features_and_class_weight_vectors(head_bias):
    network, images = initialized(head_bias)
    outputs = network(images)
    products = tf.matmul(outputs["features"], improved_gan_cnn.class_weight_vectors(network))
    bias = network.get_layer("logits").bias.numpy()
    assert np.any(bias) == head_bias
    np.testing.assert_allclose(outputs["logits"], products + bias, atol=1e-4)


def test_without_a_bias_the_head_has_one_parameter_less_per_class():
    counts = [
        weights.parameter_count(improved_gan_cnn.classifier(task(), 4, head_bias=b)) for b in (1, 0)
    ]
    assert counts[0] - counts[1] == 10


@pytest.mark.parametrize("head_bias", [True, False])
def test_initialization_from_data_gives_small_logits(head_bias):
    network, images = initialized(head_bias)
    with step_random.at(0, -1):
        logits = network(images, training=True)["logits"].numpy()
    np.testing.assert_allclose(logits.std(0), np.full(10, 0.1), rtol=1e-2)
    for layer in network.layers:
        if hasattr(layer, "gain"):
            assert np.all(layer.gain.numpy() != 1), layer.name


def test_a_copy_of_a_network_without_head_bias_has_none_either():
    copy = keras.models.clone_model(improved_gan_cnn.classifier(task(16), 4, head_bias=False))
    assert not copy.get_layer("logits").bias.trainable


def test_two_passes_differ_in_training_and_agree_in_inference():
    network, x = improved_gan_cnn.classifier(task(8, 1), width=4), tf.ones([2, 8, 8, 1])
    with step_random.at(0, 0):
        one, two = network(x, training=True), network(x, training=True)
    assert not np.allclose(one["features"], two["features"])
    np.testing.assert_array_equal(network(x)["logits"], network(x)["logits"])


def test_gradients_reach_every_weight_at_64():
    keras.utils.set_random_seed(0)
    network = improved_gan_cnn.classifier(task(64), width=4)
    x = tf.random.stateless_normal([4, 64, 64, 3], [1, 1])
    with step_random.at(0, 0), tf.GradientTape() as tape:
        logits = network(x, training=True)["logits"]
        loss = tf.reduce_mean(logits * tf.random.stateless_normal(logits.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name
