"""ResNet-18: parameter counts, initial weights, maps, and padding as in PyTorch."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.core.task import Task
from tf_ssgan.networks import resnet18
from tf_ssgan.nn import layers, precision, weights

BACKBONE = 11_176_512  # torchvision's resnet18 has 11,689,512, its last layer 513,000 of them


def task(size=28, channels=1, classes=10, width=None):
    return Task(classes, size, width or size, channels, 10, 100, 10, 10)


@functools.cache
def large(channels=1):
    """The network of the table, with width 64."""
    keras.utils.set_random_seed(0)
    return resnet18.classifier(task(28 if channels == 1 else 32, channels))


@functools.cache
def small(channels=1):
    keras.utils.set_random_seed(0)
    return resnet18.classifier(task(16, channels, 3), width=2, hidden=5)


def images(channels=1, size=16, count=4):
    return tf.random.stateless_uniform([count, size, size, channels], [1, 1], -1.0, 1.0)


def convolutions(network):
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


def outputs_of(network, *chosen):
    """A model images -> outputs of some layers."""
    return keras.Model(network.input, [layer.output for layer in chosen])


def center_kernel(size, channels):
    """A kernel that copies the pixel at its center, summed over the input channels."""
    kernel = np.zeros((size, size, *channels), np.float32)
    kernel[size // 2, size // 2] = 1
    return kernel


@pytest.mark.parametrize("channels", [1, 3])
def test_it_has_the_parameter_count_of_torchvision(channels):
    network = large(channels)
    assert weights.parameter_count(resnet18.backbone(network)) == BACKBONE
    assert weights.parameter_count(network) == BACKBONE + 512 * 384 + 384 + 384 * 10 + 10
    assert network.output["features"].shape == (None, 512)


def test_the_maps_of_the_table():
    shapes = [
        tuple(layer.output.shape[1:])
        for layer in large().layers
        if isinstance(layer, keras.layers.MaxPooling2D | keras.layers.Add)
    ]
    groups = [(7, 7, 64), (4, 4, 128), (2, 2, 256), (1, 1, 512)]
    assert shapes == [(7, 7, 64), *[shape for shape in groups for _ in range(2)]]
    first, *rest = convolutions(large())
    assert first.output.shape == (None, 14, 14, 64) and first.kernel_size == (7, 7)
    sizes = [layer.kernel_size[0] for layer in rest]
    assert (sizes.count(3), sizes.count(1)) == (16, 3)
    assert not [v.path for v in resnet18.backbone(large()).variables if v.name == "bias"]


def test_its_initial_weights():
    """Kernels are N(0, 2 / (size^2 outputs)) and all different; scales are 1 and shifts 0."""
    kernels = [layer.kernel.numpy() for layer in convolutions(large())]
    for kernel in kernels:
        size, _, _, outputs = kernel.shape
        assert kernel.std() == pytest.approx(np.sqrt(2 / (size**2 * outputs)), rel=0.05)
        assert abs(kernel).max() > 2.5 * kernel.std()  # Not truncated at 2.
    same_shape = [kernel for kernel in kernels if kernel.shape == (3, 3, 64, 64)]
    assert len(same_shape) == 4 and len({kernel.tobytes() for kernel in same_shape}) == 4
    norms = [layer for layer in large().layers if isinstance(layer, layers.BatchNorm)]
    assert len(norms) == 20
    assert all(np.all(n.scale == 1) and np.all(n.shift == 0) for n in norms)


def test_strided_layers_are_centered_on_the_same_pixels_as_in_pytorch():
    """Kernels are centered on pixels 0, 2, 4, ...; padding on one side only would shift them."""
    network, x = small(), images(size=16)
    # Those of size 1 follow a layer that takes every second pixel.
    strided = [x for x in convolutions(network) if x.strides == (2, 2) or x.kernel_size == (1, 1)]
    sizes = [layer.kernel_size[0] for layer in strided]
    assert sizes == [7, 3, 1, 3, 1, 3, 1]
    first, three, one = strided[:3]
    before = {v.path: v.numpy() for v in network.variables}
    for layer in (first, three, one):
        layer.kernel.assign(center_kernel(layer.kernel_size[0], layer.kernel.shape[2:]))
    pooled = next(x for x in network.layers if isinstance(x, keras.layers.MaxPooling2D))
    group = [x for x in network.layers if isinstance(x, keras.layers.Add)][1]
    first_map, rectified, small_map, large_map, by_three, by_one = outputs_of(
        network, first, pooled.input._keras_history.operation, pooled, group, three, one
    )(x)
    for variable in network.variables:
        variable.assign(before[variable.path])
    np.testing.assert_allclose(first_map, np.repeat(3 * x[:, ::2, ::2], 2, -1), atol=1e-6)
    inside = np.asarray(rectified)[:, 1:-1, 1:-1]
    assert inside.shape[1:3] == (8, 8)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(rectified), (3, 3), (1, 2))
    np.testing.assert_array_equal(small_map, windows[:, ::2, ::2].max((-1, -2)))
    total = tf.nn.relu(large_map)[:, ::2, ::2].numpy().sum(-1, keepdims=True)
    np.testing.assert_allclose(by_three, np.repeat(total, 4, -1), atol=1e-5)
    np.testing.assert_allclose(by_one, np.repeat(total, 4, -1), atol=1e-5)


def test_a_block_with_a_zero_residual_returns_its_input():
    """With the second norm's scale at 0 in the first group's blocks, the pooled map remains."""
    network = small()
    adds = [x for x in network.layers if isinstance(x, keras.layers.Add)][:2]
    norms = [add.input[1]._keras_history.operation for add in adds]
    for norm in norms:
        norm.scale.assign([0.0, 0.0])
    pooled = next(x for x in network.layers if isinstance(x, keras.layers.MaxPooling2D))
    before, after = outputs_of(network, pooled, adds[1])(images())
    for norm in norms:
        norm.scale.assign([1.0, 1.0])
    np.testing.assert_array_equal(before, after)
    assert np.any(before)


def test_a_gray_image_equals_a_color_image_with_three_equal_channels():
    gray, color, x = small(), small(3), images()
    for one, other in zip(color.variables, gray.variables, strict=True):
        one.assign(other)
    expected = color(tf.repeat(x, 3, axis=-1))
    for name, output in gray(x).items():
        np.testing.assert_array_equal(output, expected[name])


def test_the_backbone_is_the_classifier_up_to_its_features():
    network, x = small(), images()
    backbone = resnet18.backbone(network)
    np.testing.assert_array_equal(backbone(x)["features"], network(x)["features"])
    shared = {id(v) for v in network.variables}
    assert {id(v) for v in backbone.variables} < shared
    assert len(network.variables) - len(backbone.variables) == 4  # Those of the head.
    assert list(backbone.output) == ["features"]
    one = backbone.trainable_variables[0]
    one.assign(-one)
    np.testing.assert_array_equal(backbone(x)["features"], network(x)["features"])
    one.assign(-one)


def test_an_mlp_head_has_two_dense_layers_with_a_relu_between():
    keras.utils.set_random_seed(0)
    head = resnet18.mlp_head(4, 3, 2, "residual")
    x = tf.random.stateless_normal([5, 4], [1, 1])
    w1, b1, w2, b2 = (v.numpy() for v in head.variables)
    np.testing.assert_allclose(head(x), np.maximum(x @ w1 + b1, 0) @ w2 + b2, atol=1e-6)
    assert head.name == "residual" and weights.parameter_count(head) == 4 * 3 + 3 + 3 * 2 + 2


@pytest.mark.parametrize(("height", "width"), [(8, 8), (33, 20)])
def test_other_sizes(height, width):
    network = resnet18.classifier(task(height, 3, 4, width), width=1, hidden=3)
    outputs = network(tf.zeros([2, height, width, 3]))
    assert outputs["features"].shape == (2, 8) and outputs["logits"].shape == (2, 4)


def test_in_bfloat16_features_and_logits_are_float32():
    with precision.policy("mixed_bfloat16"):
        network = resnet18.classifier(task(8), width=1, hidden=3)
    assert convolutions(network)[0].compute_dtype == "bfloat16"
    assert {output.dtype for output in network(images(size=8)).values()} == {tf.float32}


def test_dense_layers_start_as_in_pytorch():
    keras.utils.set_random_seed(0)
    head = resnet18.mlp_head(512, 384, 10, "residual")
    hidden, logits = (large().get_layer(name) for name in ("hidden", "logits"))
    variables = [*head.variables, hidden.kernel, hidden.bias, logits.kernel, logits.bias]
    shapes = [tuple(v.shape) for v in variables]
    assert shapes == [(512, 384), (384,), (384, 10), (10,)] * 2
    for variable, inputs in zip(variables, [512, 512, 384, 384] * 2, strict=True):
        initial_values.check_torch_uniform(variable, inputs)
