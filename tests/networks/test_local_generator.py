"""The generator of Localized GAN: table, its two inputs, batch norms and other image sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import dcgan, local_generator
from tf_ssgan.nn import layers, precision, step_random, weights


def task(height=32, channels=3, width=None):
    return Task(10, height, width or height, channels, 10, 100, 10, 10)


def images(size=8, channels=1, count=4):
    return tf.random.stateless_uniform([count, size, size, channels], [3, 4], -1, 1)


def latents(count=4, length=6):
    return tf.random.stateless_uniform([count, length], [1, 2])


def of_type(network, *types):
    return [x for x in network.layers if isinstance(x, types)]


def normed(network):
    """Each map with batch normalization, and whether that has a scale."""
    return [(tuple(x.output.shape[1:]), x.scaled) for x in of_type(network, layers.BatchNorm)]


def before(layer):
    """The layer whose output this one reads."""
    return layer.input._keras_history.operation


def test_the_parameters_of_the_public_code():
    network = local_generator.generator(task())
    assert weights.parameter_count(network) == 9_241_478
    assert weights.parameter_count(network, gains=False) == 9_241_478 - 3


def test_the_maps_of_the_table_and_which_batch_norms_have_a_scale():
    assert normed(local_generator.generator(task())) == [
        ((16, 16, 32), False),
        ((8, 8, 64), False),
        ((4, 4, 128), False),
        ((128 + 256,), False),
        ((4 * 4 * 512,), False),
        ((4, 4, 256), False),
        ((4, 4, 512), True),
        ((8, 8, 256), False),
        ((8, 8, 128), False),
        ((8, 8, 256), True),
        ((16, 16, 128), False),
        ((16, 16, 64), False),
        ((16, 16, 128), True),
    ]


def test_kernels_and_activations_of_the_table():
    network = local_generator.generator(task(), 6, 8)
    features = [(5, 2), (5, 2), (5, 2)]
    convolutions = of_type(network, layers.Conv)
    assert [(x.size, x.stride) for x in convolutions] == features + 3 * [(3, 1), (1, 1)]
    assert not any(x.weight_norm or x.with_bias for x in convolutions)
    transposed = of_type(network, keras.layers.Conv2DTranspose)
    assert [(x.kernel_size, x.strides, x.padding) for x in transposed] == 2 * [
        ((5, 5), (2, 2), "same")
    ]
    leaky = of_type(network, layers.LeakyReLU)
    assert [x.slope for x in leaky] == pytest.approx([0.2] * 9)
    for layer in leaky:
        assert isinstance(before(before(layer)), layers.Conv)
    for layer in of_type(network, keras.layers.ReLU):
        assert isinstance(before(before(layer)), (keras.layers.Dense, keras.layers.Conv2DTranspose))
    assert len(of_type(network, keras.layers.ReLU)) == 3
    (last,) = of_type(network, layers.ConvTranspose)
    assert last.size == 5 and last.weight_norm and last.output.shape[1:] == (32, 32, 3)


def test_the_last_layer_alone_has_a_bias():
    network = local_generator.generator(task(8), 6, 2)
    (bias,) = [v for v in network.trainable_variables if v.name == "bias"]
    assert tuple(bias.shape) == (3,)


@pytest.mark.parametrize("size", [8, 16, 23, 24, 28, (30, 45), 32, 48, 49, 64, 97, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size_and_that_maps_begin_as_in_dcgan(size, channels):
    height, width = size if isinstance(size, tuple) else (size, size)
    shape = task(height, channels, width)
    network = local_generator.generator(shape, 6, 2)
    x = tf.random.stateless_uniform([2, height, width, channels], [5, 6], -1, 1)
    made = network([latents(2), x], training=True).numpy()
    assert made.shape == (2, height, width, channels) and made.dtype == np.float32
    assert np.abs(made).max() < 1 and made.std() > 0
    (reshaped,) = of_type(network, keras.layers.Reshape)
    assert reshaped.output.shape[1:] == (*dcgan.first_map(shape), 16)


@pytest.mark.parametrize(
    ("size", "features", "maps"),
    [
        (64, [(32, 8), (16, 16), (8, 32), (4, 64)], [(8, 128), (16, 64), (32, 32)]),
        (
            128,
            [(64, 4), (32, 8), (16, 16), (8, 32), (4, 64)],
            [(8, 128), (16, 64), (32, 32), (64, 16)],
        ),
    ],
)
def test_larger_images_have_more_doublings(size, features, maps):
    """Side and channels of the maps of the given image, and of those made of it."""
    network = local_generator.generator(task(size), 6, 32)
    strided = [x.output.shape[2:] for x in of_type(network, layers.Conv) if x.stride == 2]
    assert strided == features
    assert [x.output.shape[2:] for x in of_type(network, keras.layers.Conv2DTranspose)] == maps


@pytest.mark.parametrize("part", [0, 1])
def test_the_image_made_depends_on_latents_and_image(part):
    keras.utils.set_random_seed(0)
    network = local_generator.generator(task(8, 1), 6, 4)
    inputs = [latents(), images()]
    others = list(inputs)
    others[part] = others[part] + 0.5
    differ = network(inputs).numpy() != network(others).numpy()
    assert differ.any(axis=(1, 2, 3)).all()


def test_in_inference_mode_an_image_made_depends_on_its_own_inputs_alone():
    keras.utils.set_random_seed(0)
    network = local_generator.generator(task(8, 1), 6, 2)
    z, x = latents(), images()
    other = tf.concat([x[:1], -x[1:]], 0)
    np.testing.assert_allclose(network([z, x])[0], network([z, other])[0], atol=1e-6)
    assert not np.allclose(network([z, x])[1], network([z, other])[1], atol=1e-6)


def test_its_inputs_are_named():
    assert [x.name for x in local_generator.generator(task(8), 6, 2).inputs] == ["latents", "image"]


def test_a_width_of_one_leaves_a_channel_in_each_map():
    network = local_generator.generator(task(8, 1), 6, 1)
    assert [x.units for x in of_type(network, layers.Conv)] == [1, 1, 2, 4, 8, 2, 4, 1, 2]
    assert network([latents(), images()]).shape == (4, 8, 8, 1)


@pytest.mark.parametrize("size", [32, 64])
def test_initialization_from_data_sets_the_contrast_of_the_image(size):
    keras.utils.set_random_seed(0)
    network = local_generator.generator(task(size), 6, 2)
    inputs = [latents(20), images(size, 3, 20)]
    with step_random.at(0, -1):
        layers.initialize_from_data(network, inputs)
    before_tanh = np.arctanh(network(inputs, training=True).numpy())
    np.testing.assert_allclose(before_tanh.mean((0, 1, 2)), np.zeros(3), atol=1e-3)
    np.testing.assert_allclose(before_tanh.std((0, 1, 2)), np.full(3, 0.1), rtol=1e-2)


def test_gradients_reach_every_weight_at_64():
    keras.utils.set_random_seed(0)
    network = local_generator.generator(task(64), 6, 4)
    with tf.GradientTape() as tape:
        made = network([latents(), images(64, 3)], training=True)
        loss = tf.reduce_mean(made * tf.random.stateless_normal(made.shape, [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        assert gradient is not None and np.any(gradient), variable.name


def test_copies_agree():
    network_copies.assert_agree(
        lambda: local_generator.generator(task(8, 1), 6, 2), [latents(), images()]
    )


def test_images_are_float32_under_bfloat16():
    with precision.policy("mixed_bfloat16"):
        network = local_generator.generator(task(8, 1), 6, 2)
    made = network([latents(), images()], training=True)
    assert made.dtype == tf.float32 and np.isfinite(made).all()
    assert {x.compute_dtype for x in of_type(network, layers.Conv)} == {"bfloat16"}
