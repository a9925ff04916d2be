"""DivideMix's ResNet-18: parameter counts, maps, what a block adds, other sizes."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values, network_copies

from tf_ssgan.core.task import Task
from tf_ssgan.networks import preact_resnet18
from tf_ssgan.nn import layers, precision, weights


def task(size=32, channels=3, classes=10, width=None, **statistics):
    return Task(classes, size, width or size, channels, 10, 100, 10, 10, **statistics)


@functools.cache
def large():
    """The network of the table."""
    keras.utils.set_random_seed(0)
    return preact_resnet18.classifier(task())


@functools.cache
def small():
    keras.utils.set_random_seed(0)
    return preact_resnet18.classifier(task(8, 1, 3), width=2, blocks=1)


def images(size=8, channels=1, count=4):
    return tf.random.stateless_uniform([count, size, size, channels], [1, 1], -1.0, 1.0)


def of_type(network, *types):
    return [layer for layer in network.layers if isinstance(layer, types)]


def before(tensor):
    """The layer whose output it is."""
    return tensor._keras_history.operation


def test_its_parameter_counts():
    assert weights.parameter_count(large()) == 11_171_274
    hundred = preact_resnet18.classifier(task(classes=100))
    assert weights.parameter_count(hundred) == 11_171_274 + 90 * 513 == 11_217_444


def test_the_maps_of_the_table():
    adds = [tuple(layer.output.shape[1:]) for layer in of_type(large(), keras.layers.Add)]
    groups = [(32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512)]
    assert adds == [shape for shape in groups for _ in range(2)]
    first, *rest = of_type(large(), keras.layers.Conv2D)
    assert first.output.shape == (None, 32, 32, 64) and first.kernel_size == (3, 3)
    sizes = [layer.kernel_size[0] for layer in rest]
    assert (sizes.count(3), sizes.count(1)) == (16, 3)
    assert large().output["features"].shape == (None, 512)


def test_a_norm_and_a_relu_follow_the_first_convolution_and_none_precede_the_mean():
    kinds = [type(layer) for layer in small().layers]
    norm = [layers.BatchNorm, keras.layers.ReLU]
    # The shortcuts of the first group are no layers.
    block = [*norm, keras.layers.Conv2D, *norm, keras.layers.Conv2D, keras.layers.Add]
    first = [keras.layers.InputLayer, layers.Standardize, keras.layers.Conv2D, *norm]
    assert kinds[: len(first + block)] == first + block
    last = [keras.layers.Add, keras.layers.GlobalAveragePooling2D, keras.layers.Dense]
    assert kinds[-3:] == last
    norms = of_type(large(), layers.BatchNorm)
    assert len(norms) == 17 and {(n.momentum, n.epsilon, n.scaled) for n in norms} == {
        (0.9, 1e-5, True)
    }


def test_initial_values_are_pytorchs():
    convolutions = of_type(large(), keras.layers.Conv2D)
    for layer in convolutions:
        assert not layer.use_bias
        # Of two million values in float32, some are equal.
        kernel = layer.kernel.numpy()[..., :64]
        initial_values.check_torch_uniform(kernel, kernel[..., 0].size)
    same_shape = [x.kernel.numpy() for x in convolutions if x.kernel.shape == (3, 3, 64, 64)]
    assert len(same_shape) == 4 and len({kernel.tobytes() for kernel in same_shape}) == 4
    for values in (large().get_layer("logits").kernel, large().get_layer("logits").bias):
        initial_values.check_torch_uniform(values, 512)
    norms = of_type(large(), layers.BatchNorm)
    assert all(np.all(n.scale == 1) and np.all(n.shift == 0) for n in norms)


def test_shortcuts_begin_after_the_first_norm_and_relu_of_their_block():
    """Also those without a convolution, as in the public code."""
    adds = of_type(preact_resnet18.classifier(task(8, 1), 2), keras.layers.Add)
    assert len(adds) == 8
    for number, add in enumerate(adds):
        shortcut, residual = map(before, add.input)
        inner = before(before(before(residual.input).input).input)
        active = before(inner.input)
        if number in (2, 4, 6):  # the first block of each later group, of stride 2
            assert shortcut.kernel_size == (1, 1)
            pixels = before(shortcut.input)
            assert pixels.strides == (2, 2)
            shortcut, active = before(pixels.input), before(active.input)  # it pads
        assert isinstance(shortcut, keras.layers.ReLU)
        assert shortcut is active and isinstance(before(shortcut.input), layers.BatchNorm)


def test_with_zero_convolutions_a_block_returns_its_rectified_input():
    network = preact_resnet18.classifier(task(8, 1), width=2, blocks=3)
    first, second = of_type(network, keras.layers.Add)[:2]
    residual = before(second.input[1])
    residual.kernel.assign(tf.zeros_like(residual.kernel))
    norm = before(before(second.input[0]).input)
    norm.shift.assign([0.5, -0.5])
    given, returned = keras.Model(network.input, [first.output, second.output])(images())
    # In inference a new norm divides by sqrt(1 + 1e-5).
    expected = np.maximum(given / np.sqrt(1 + 1e-5) + [0.5, -0.5], 0)
    np.testing.assert_allclose(returned, expected, atol=1e-6)
    assert np.any(expected == 0) and np.any(given < 0) and np.any(expected > 0)


def test_images_are_standardized_by_the_statistics_of_the_task():
    """Images that are the mean of the data set become 0."""
    mean, std = (0.25, 0.5, 0.75), (0.1, 0.2, 0.3)
    network = preact_resnet18.classifier(task(8, mean=mean, std=std), width=2, blocks=1)
    (layer,) = of_type(network, layers.Standardize)
    assert (layer.mean, layer.std) == (mean, std)
    gray = tf.tile(tf.reshape(2 * tf.constant(mean) - 1, [1, 1, 1, 3]), [1, 8, 8, 1])
    first = of_type(network, keras.layers.Conv2D)[0]
    np.testing.assert_allclose(keras.Model(network.input, first.output)(gray), 0, atol=1e-6)
    other = preact_resnet18.classifier(task(8), 2, 1, normalization="per_image")
    assert not of_type(other, layers.Standardize) and len(of_type(other, layers.Contrast)) == 1


@pytest.mark.parametrize(
    ("height", "width", "strided", "last"),
    [
        (8, 8, 0, (1, 1)),
        (16, 16, 0, (2, 2)),
        (28, 28, 0, (4, 4)),
        (48, 48, 0, (6, 6)),
        (49, 49, 1, (4, 4)),
        (64, 64, 1, (4, 4)),
        (33, 20, 0, (5, 3)),
        (97, 30, 2, (4, 1)),
    ],
)
def test_other_sizes(height, width, strided, last):
    """Further convolutions of stride 2 follow the first one, with a norm and a ReLU each."""
    network = preact_resnet18.classifier(task(height, 1, 4, width), width=1, blocks=1)
    assert of_type(network, keras.layers.Add)[-1].output.shape[1:] == (*last, 8)
    convolutions = of_type(network, keras.layers.Conv2D)
    assert [x.strides[0] for x in convolutions[: strided + 2]] == [1, *[2] * strided, 1]
    assert len(of_type(network, layers.BatchNorm)) == 9 + strided
    outputs = network(tf.zeros([2, height, width, 1]))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "features": (2, 8),
        "logits": (2, 4),
    }


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_the_number_of_blocks(blocks):
    network = preact_resnet18.classifier(task(8), width=1, blocks=blocks)
    assert len(of_type(network, keras.layers.Add)) == 4 * blocks
    # Without the first convolution and the three of size 1.
    assert len(of_type(network, keras.layers.Conv2D)) == 4 * 2 * blocks + 4


def test_gradients_reach_every_weight():
    network = small()
    with tf.GradientTape() as tape:
        logits = network(images(count=8), training=True)["logits"]
        loss = tf.reduce_mean(logits * tf.random.stateless_normal([8, 3], [2, 2]))
    variables = [v.value for v in network.trainable_variables]
    for variable, gradient in zip(
        network.trainable_variables, tape.gradient(loss, variables), strict=True
    ):
        assert gradient is not None and np.any(gradient), variable.path


def test_in_bfloat16_features_and_logits_are_float32():
    with precision.policy("mixed_bfloat16"):
        network = preact_resnet18.classifier(task(8, 1), width=1, blocks=1)
    assert of_type(network, keras.layers.Conv2D)[0].compute_dtype == "bfloat16"
    assert {output.dtype for output in network(images()).values()} == {tf.float32}


def test_copies_agree():
    network_copies.assert_agree(
        lambda: preact_resnet18.classifier(task(8, 1), width=2, blocks=1), images()
    )
