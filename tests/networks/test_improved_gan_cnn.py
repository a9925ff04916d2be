"""The discriminators of the public code of Salimans et al.: maps, parameter counts, the head."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import improved_gan_cnn
from tf_ssgan.nn import layers, precision, step_random, weights


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


def images(size=8, count=4):
    return tf.random.stateless_uniform([count, size, size, 3], [3, 4], -1, 1)


@pytest.mark.parametrize("width, expected", [(64, 627_530), (96, 1_408_234)])
def test_the_parameters_with_batch_normalization(width, expected):
    network = improved_gan_cnn.classifier(task(), width, norm="batch")
    assert weights.parameter_count(network) == expected
    # A scale and a shift for each bias of a convolution; the logits keep theirs.
    assert expected - {64: 626_570, 96: 1_406_794}[width] == 3 * width + 6 * 2 * width
    assert weights.parameter_count(network, gains=False) == expected


def test_the_order_of_its_layers_with_batch_normalization():
    network = improved_gan_cnn.classifier(task(), 4, norm="batch")
    block = [layers.Conv, layers.BatchNorm, layers.LeakyReLU]
    stage = [*3 * block, layers.Dropout]
    rest = [*3 * block, keras.layers.GlobalAveragePooling2D, layers.Dense]
    types = [keras.layers.InputLayer, layers.Dropout, *stage, *stage, *rest]
    assert [type(x) for x in network.layers] == types
    for layer in network.layers:
        if isinstance(layer, layers.Conv):
            assert not (layer.with_bias or layer.weight_norm) and layer.slope is None
        if isinstance(layer, layers.BatchNorm):
            assert layer.scaled
        if isinstance(layer, layers.LeakyReLU):
            assert layer.slope == pytest.approx(0.2)
    last = network.get_layer("logits")
    assert last.with_bias and not last.weight_norm
    assert maps(network) == maps(improved_gan_cnn.classifier(task(), 4))


def test_with_batch_normalization_and_without_head_bias():
    network = improved_gan_cnn.classifier(task(8), 4, norm="batch", head_bias=False)
    assert not [v for v in network.trainable_variables if v.name == "bias"]


def test_noise_comes_before_the_dropout_of_the_images():
    network = improved_gan_cnn.classifier(task(8), 4, noise=0.05)
    kinds = [keras.layers.InputLayer, layers.GaussianNoise, layers.Dropout]
    assert [type(x) for x in network.layers[:3]] == kinds
    assert network.layers[1].stddev == 0.05


@pytest.mark.parametrize(
    "options, whole",
    [
        ({}, [False, False, False]),
        ({"drop_colors": True}, [True, False, False]),
        ({"drop_maps": True}, [False, True, True]),
        ({"drop_colors": True, "drop_maps": True}, [True, True, True]),
    ],
)
def test_which_dropouts_set_whole_channels_to_0(options, whole):
    network = improved_gan_cnn.classifier(task(8), 4, **options)
    dropouts = [x for x in network.layers if isinstance(x, layers.Dropout)]
    assert [x.whole_maps for x in dropouts] == whole
    with step_random.at(0, 0):
        values = keras.Model(network.input, [x.output for x in dropouts])(
            tf.ones([50, 8, 8, 3]), training=True
        )
    for value, expected in zip(values, whole, strict=True):
        zero = (value.numpy() == 0).mean(axis=(1, 2))  # of each channel of each image
        assert 0 < zero.mean() < 1 and bool(np.isin(zero, [0, 1]).all()) == expected


def test_noise_and_dropped_channels_act_in_training_only():
    options = {"noise": 0.3, "drop_colors": True, "drop_maps": True, "norm": "batch"}
    network = improved_gan_cnn.classifier(task(8), 4, **options)

    def features(training, seed):
        with step_random.at(seed, 0), layers.frozen_statistics():
            return network(images(), training=training)["features"].numpy()

    np.testing.assert_array_equal(features(False, 1), features(False, 2))
    assert not np.allclose(features(True, 1), features(True, 2))


@pytest.mark.parametrize(
    "options",
    [{}, {"norm": "batch"}, {"noise": 0.1, "drop_colors": True, "drop_maps": True}]
    + [{"head_bias": False}],
)
def test_copies_agree(options):
    network_copies.assert_agree(
        lambda: improved_gan_cnn.classifier(task(8), 4, **options), images()
    )


@pytest.mark.parametrize("norm", ["weight", "batch"])
def test_logits_and_features_are_float32_under_bfloat16(norm):
    with precision.policy("mixed_bfloat16"):
        network = improved_gan_cnn.classifier(
            task(8), 4, norm=norm, noise=0.1, drop_colors=True, drop_maps=True
        )
    with step_random.at(0, 0):
        outputs = network(images(), training=True)
    assert {x.dtype for x in outputs.values()} == {tf.float32}
    assert all(np.isfinite(x).all() for x in outputs.values())
    computed = {x.compute_dtype for x in network.layers if isinstance(x, layers.Conv)}
    assert computed == {"bfloat16"}
