"""The generator of AC-GAN: maps, parameter counts, inputs and other image sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core.task import Task
from tf_ssgan.networks import conditional_dcgan
from tf_ssgan.nn import layers, weights


def task(height, channels=1, classes=10, width=None):
    return Task(classes, height, width or height, channels, 10, 100, 10, 10)


def inputs(count=4, length=6, classes=10):
    z = tf.random.stateless_normal([count, length], [1, 1])
    return [z, tf.range(count, dtype=tf.int64) % classes]


def maps(network):
    """Each map, and the image last."""
    types = (keras.layers.BatchNormalization, layers.BatchNorm)
    outputs = [x for x in network.layers if isinstance(x, types) or x.name == "images"]
    return [tuple(x.output.shape[1:]) for x in outputs]


@pytest.mark.parametrize(
    ("size", "channels", "classes", "parameters"),
    [(28, 1, 10, 2_608_896), (32, 3, 10, 3_530_496), (128, 3, 2, 12_819_328)],
)
def test_the_paper_parameters(size, channels, classes, parameters):
    network = conditional_dcgan.generator(task(size, channels, classes))
    assert weights.parameter_count(network) == parameters


@pytest.mark.parametrize(
    ("size", "channels", "expected"),
    [
        (28, 1, [(4, 4, 64), (7, 7, 32), (14, 14, 16), (28, 28, 1)]),
        (32, 3, [(4, 4, 64), (8, 8, 32), (16, 16, 16), (32, 32, 3)]),
        (
            128,
            3,
            [(4, 4, 128), (8, 8, 64), (16, 16, 32), (32, 32, 16), (64, 64, 8), (128, 128, 3)],
        ),
        (16, 1, [(4, 4, 32), (8, 8, 16), (16, 16, 1)]),
        (8, 1, [(4, 4, 16), (8, 8, 1)]),
        (9, 1, [(3, 3, 32), (5, 5, 16), (9, 9, 1)]),
    ],
)
def test_the_maps_of_the_tables_and_of_smaller_images(size, channels, expected):
    network = conditional_dcgan.generator(task(size, channels), latent_size=6, width=16)
    assert maps(network) == expected


def test_a_kernel_of_three_makes_seven_pixels_of_four():
    network = conditional_dcgan.generator(task(28), latent_size=6, width=4)
    kernels = [v.shape[:2] for v in network.trainable_variables if v.name == "kernel"]
    assert kernels == [(4, 4), (3, 3), (4, 4), (4, 4)]


@pytest.mark.parametrize("size", [8, 11, 12, 16, 24, 28, 32, 33, 48, 64, 100, 128])
def test_every_image_size(size):
    network = conditional_dcgan.generator(task(size, 3), latent_size=6, width=2)
    images = network(inputs(), training=True).numpy()
    assert images.shape == (4, size, size, 3) and images.dtype == np.float32
    assert np.abs(images).max() < 1 and images.std() > 0


@pytest.mark.parametrize(("height", "width", "first"), [(24, 48, (2, 3)), (100, 8, (4, 1))])
def test_the_larger_side_determines_the_number_of_doublings(height, width, first):
    network = conditional_dcgan.generator(task(height, width=width), latent_size=6, width=2)
    assert maps(network)[0][:2] == first
    assert network(inputs()).shape == (4, height, width, 1)


def test_maps_have_at_least_eight_channels_or_the_width():
    def channels(width):
        network = conditional_dcgan.generator(task(200), latent_size=6, width=width)
        return [m[-1] for m in maps(network)]

    assert channels(16) == [128, 64, 32, 16, 8, 8, 1]
    assert channels(4) == [32, 16, 8, 4, 4, 4, 1]


def test_the_class_changes_the_image():
    keras.utils.set_random_seed(0)
    network = conditional_dcgan.generator(task(8), latent_size=6, width=4)
    z = tf.repeat(inputs(1)[0], 10, 0)
    images = network([z, tf.range(10, dtype=tf.int64)]).numpy()
    assert len({image.tobytes() for image in images}) == 10


def test_its_inputs_are_named_and_it_has_no_bias():
    network = conditional_dcgan.generator(task(8), latent_size=6, width=4)
    assert [(x.name, x.dtype) for x in network.inputs] == [
        ("latents", "float32"),
        ("label", "int64"),
    ]
    assert not [v.path for v in network.trainable_variables if v.name == "bias"]


def test_gradients_reach_every_weight():
    keras.utils.set_random_seed(0)
    network = conditional_dcgan.generator(task(28), latent_size=6, width=2)
    with tf.GradientTape() as tape:
        images = network(inputs(), training=True)
        loss = tf.reduce_mean(images * tf.random.stateless_normal(images.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


def test_padding_same_equals_cropping_by_one_pixel():
    """For kernel 4 and stride 2."""
    x = keras.Input((3, 5, 2))
    network = keras.Model(x, conditional_dcgan._double_sides(x, 3, [0, 0]))
    assert network.output.shape[1:] == (6, 10, 3)
    kernel = network.trainable_variables[0].value
    maps = tf.random.stateless_normal([2, 3, 5, 2], [1, 1])
    uncropped = tf.nn.conv2d_transpose(maps, kernel, [2, 8, 12, 3], 2, "VALID")
    np.testing.assert_allclose(network(maps), uncropped[:, 1:-1, 1:-1], atol=1e-6)
