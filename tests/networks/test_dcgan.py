"""The generator of table 1: maps, range, parameter counts, other image sizes, with a class."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import dcgan
from tf_ssgan.nn import layers, precision, step_random, weights


def task(height, width=None, channels=3):
    return Task(3, height, width or height, channels, 10, 100, 10, 10)


def latents(count=4, length=6):
    return tf.random.stateless_uniform([count, length], [1, 1], -1, 1)


def maps(network):
    """The first map, then the one after each doubling, before the image is cropped."""
    types = (keras.layers.Reshape, keras.layers.Conv2DTranspose, layers.ConvTranspose)
    return [tuple(x.output.shape[1:]) for x in network.layers if isinstance(x, types)]


def test_the_parameters_of_table_1():
    network = dcgan.generator(task(32))
    assert weights.parameter_count(network, gains=False) == 4_933_379
    assert weights.parameter_count(network) == 4_933_379 + 3


def test_the_maps_of_table_1():
    assert maps(dcgan.generator(task(32))) == [
        (4, 4, 512),
        (8, 8, 256),
        (16, 16, 128),
        (32, 32, 3),
    ]


@pytest.mark.parametrize("size, first", [(8, 1), (16, 2), (28, 4), (33, 5), (48, 6)])
def test_up_to_48_pixels_the_layers_are_those_of_the_table(size, first):
    units = 8 * 4 * first**2
    shapes = [
        tuple(v.shape)
        for v in dcgan.generator(task(size), latent_size=6, width=4).trainable_variables
    ]
    # Dense and shift; two 5x5 kernels with a shift each; a 5x5 kernel with gain and bias.
    assert shapes == [(6, units), (units,), (5, 5, 16, 32), (16,), (5, 5, 8, 16), (8,)] + [
        (5, 5, 3, 8),
        (3,),
        (3,),
    ]


@pytest.mark.parametrize(
    "size, expected",
    [
        (49, [(4, 4, 256), (8, 8, 128), (16, 16, 64), (32, 32, 32), (64, 64, 3)]),
        (64, [(4, 4, 256), (8, 8, 128), (16, 16, 64), (32, 32, 32), (64, 64, 3)]),
        (96, [(6, 6, 256), (12, 12, 128), (24, 24, 64), (48, 48, 32), (96, 96, 3)]),
        (
            128,
            [(4, 4, 256), (8, 8, 128), (16, 16, 64), (32, 32, 32), (64, 64, 16), (128, 128, 3)],
        ),
    ],
)
def test_larger_images_have_more_doublings(size, expected):
    assert maps(dcgan.generator(task(size), latent_size=6, width=32)) == expected


def test_maps_have_at_least_eight_channels_or_the_width():
    def channels(width):
        return [m[-1] for m in maps(dcgan.generator(task(224), latent_size=6, width=width))]

    assert channels(16) == [128, 64, 32, 16, 8, 8, 3]
    assert channels(4) == [32, 16, 8, 4, 4, 4, 3]


@pytest.mark.parametrize(
    "size, width, expected",
    [
        # 4 x 4 x 64 from 100, 64 to 32, 32 to 16, 16 to 8, 8 to 3; each with shifts or biases
        (64, 8, 103_424 + 51_232 + 12_816 + 3_208 + 603),
        # ..., 8 to 8, 8 to 3
        (128, 8, 103_424 + 51_232 + 12_816 + 3_208 + 1_608 + 603),
        # 4 x 4 x 256 from 100, 256 to 128, 128 to 64, 64 to 32, 32 to 16, 16 to 3
        (128, 32, 413_696 + 819_328 + 204_864 + 51_232 + 12_816 + 1_203),
    ],
)
def test_the_parameters_for_larger_images_by_hand(size, width, expected):
    network = dcgan.generator(task(size), width=width)
    assert weights.parameter_count(network, gains=False) == expected


@pytest.mark.parametrize("size", [8, 12, 16, 24, 28, 32, 33, 48, 49, 64, 96, 100, 128, 224])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size(size, channels):
    network = dcgan.generator(task(size, channels=channels), latent_size=6, width=2)
    images = network(latents(), training=True).numpy()
    assert images.shape == (4, size, size, channels)
    assert np.abs(images).max() < 1 and images.std() > 0


@pytest.mark.parametrize(
    "height, width, first", [(24, 48, (3, 6)), (48, 64, (3, 4)), (100, 8, (4, 1))]
)
def test_the_larger_side_determines_the_number_of_doublings(height, width, first):
    network = dcgan.generator(task(height, width), latent_size=6, width=2)
    assert maps(network)[0][:2] == first
    assert network(latents()).shape == (4, height, width, 3)


def test_gradients_reach_every_weight_at_64():
    keras.utils.set_random_seed(0)
    network = dcgan.generator(task(64), latent_size=6, width=2)
    with tf.GradientTape() as tape:
        images = network(latents(), training=True)
        loss = tf.reduce_mean(images * tf.random.stateless_normal(images.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


@pytest.mark.parametrize("size", [32, 64])
def test_initialization_from_data_sets_the_contrast_of_the_image(size):
    keras.utils.set_random_seed(0)
    network = dcgan.generator(task(size), latent_size=6, width=2)
    with step_random.at(0, -1):
        layers.initialize_from_data(network, latents(50))
    before_tanh = np.arctanh(network(latents(50), training=True).numpy())
    np.testing.assert_allclose(before_tanh.mean((0, 1, 2)), np.zeros(3), atol=1e-3)
    np.testing.assert_allclose(before_tanh.std((0, 1, 2)), np.full(3, 0.1), rtol=1e-2)


def with_labels(count=4, length=6):
    return [latents(count, length), tf.range(count, dtype=tf.int64) % 3]


def test_the_parameters_of_the_conditional_form():
    network = dcgan.generator(Task(10, 32, 32, 3, 10, 100, 10, 10), conditional=True)
    assert weights.parameter_count(network) == 5_112_052
    # Ten more inputs of the dense layer, and of the 5x5 kernels of 256, 128 and 3 channels.
    more = 10 * (4 * 4 * 512 + 25 * (256 + 128 + 3))
    assert weights.parameter_count(network) - more == 4_933_379 + 3


def test_the_class_joins_the_latents_and_each_map():
    network = dcgan.generator(task(64), 6, 4, conditional=True)
    assert [(x.name, x.dtype) for x in network.inputs] == [
        ("latents", "float32"),
        ("label", "int64"),
    ]
    joined = [x for x in network.layers if isinstance(x, layers.JoinClass)]
    assert [tuple(x.output.shape[1:]) for x in joined] == [
        (6 + 3,),
        (4, 4, 32 + 3),
        (8, 8, 16 + 3),
        (16, 16, 8 + 3),
        (32, 32, 4 + 3),
    ]
    assert maps(network) == [(4, 4, 32), (8, 8, 16), (16, 16, 8), (32, 32, 4), (64, 64, 3)]


@pytest.mark.parametrize("size", [8, 16, 23, 24, 28, (30, 45), 32, 48, 49, 64, 97, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size_of_the_conditional_form(size, channels):
    height, width = size if isinstance(size, tuple) else (size, size)
    network = dcgan.generator(task(height, width, channels), 6, 2, conditional=True)
    images = network(with_labels(), training=True).numpy()
    assert images.shape == (4, height, width, channels) and images.dtype == np.float32
    assert np.abs(images).max() < 1 and images.std() > 0


@pytest.mark.parametrize("part", [0, 1])
def test_images_depend_on_latents_and_class(part):
    keras.utils.set_random_seed(0)
    network = dcgan.generator(task(8), 6, 2, conditional=True)
    inputs = with_labels(3)
    inputs[1 - part] = tf.repeat(inputs[1 - part][:1], 3, 0)
    assert len({image.tobytes() for image in network(inputs).numpy()}) == 3


def test_gradients_reach_every_weight_of_the_conditional_form():
    keras.utils.set_random_seed(0)
    network = dcgan.generator(task(64), 6, 2, conditional=True)
    with tf.GradientTape() as tape:
        images = network(with_labels(), training=True)
        loss = tf.reduce_mean(images * tf.random.stateless_normal(images.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


@pytest.mark.parametrize("conditional", [False, True])
def test_copies_agree(conditional):
    inputs = with_labels() if conditional else latents()
    network_copies.assert_agree(
        lambda: dcgan.generator(task(8), 6, 2, conditional=conditional), inputs
    )


def test_images_of_the_conditional_form_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        network = dcgan.generator(task(8), 6, 2, conditional=True)
    images = network(with_labels(), training=True)
    assert images.dtype == tf.float32 and np.isfinite(images).all()
    transposed = (keras.layers.Conv2DTranspose, layers.ConvTranspose)
    computed = {x.compute_dtype for x in network.layers if isinstance(x, transposed)}
    assert computed == {"bfloat16"}
