"""Building blocks of the networks of AC-GAN."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.common import errors
from tf_ssgan.core.task import Task
from tf_ssgan.networks import acgan_cnn, alexnet, conditional_dcgan, torch_blocks
from tf_ssgan.nn import layers

BUILDERS = [acgan_cnn.classifier, alexnet.classifier, conditional_dcgan.generator]


def test_batch_norm_with_a_scale_equals_keras_own():
    ours = torch_blocks.TorchBatchNorm(momentum=0.9, epsilon=1e-3)
    theirs = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    x = tf.random.stateless_normal([16, 4, 4, 3], [4, 2]) * 2 + 5
    ours.build(x.shape), theirs.build(x.shape)
    ours.scale.assign([0.5, 1.0, 3.0])
    ours.shift.assign([2.0, 0.0, -1.0])
    theirs.gamma.assign(ours.scale)
    theirs.beta.assign(ours.scale * ours.shift)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), atol=1e-4)
    np.testing.assert_allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-4)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-4)


def test_batch_norm_with_a_scale_can_be_frozen():
    layer, x = torch_blocks.TorchBatchNorm(), tf.random.stateless_normal([16, 3], [4, 2]) + 5
    with layers.frozen_statistics():
        layer(x, training=True)
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(3))


def test_initial_values_have_their_standard_deviation_and_differ_between_layers():
    keras.utils.set_random_seed(0)
    kernels = [np.array(torch_blocks.normal_kernel()((100, 100))) for _ in range(2)]
    layer = torch_blocks.TorchBatchNorm()
    layer.build((None, 10_000))
    assert abs(kernels[0].mean()) < 1e-3 and abs(layer.scale.numpy().mean() - 1) < 1e-3
    assert kernels[0].std() == pytest.approx(0.02, rel=0.05)
    assert layer.scale.numpy().std() == pytest.approx(0.02, rel=0.05)
    assert not np.array_equal(*kernels)


def test_layer_norm_normalizes_each_image_by_itself():
    layer = torch_blocks.layer_norm("float32")
    x = tf.random.stateless_normal([4, 5, 5, 3], [4, 2]) * 2 + 5
    np.testing.assert_allclose(layer(x)[:1], layer(x[:1]), atol=1e-6)
    layer.gamma.assign(tf.ones(3))
    normalized = layer(x).numpy()
    np.testing.assert_allclose(normalized.mean((1, 2, 3)), np.zeros(4), atol=1e-5)
    np.testing.assert_allclose(normalized.std((1, 2, 3)), np.ones(4), atol=1e-4)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("classes", "height", "width", "message"),
    [
        (10, 7, 28, "at least 8x8 pixels, but these have 7x28"),
        (10, 28, 4, "at least 8x8 pixels, but these have 28x4"),
        (1, 28, 28, "needs at least two classes, but the data have 1"),
    ],
)
def test_images_too_small_and_a_single_class_are_refused(build, classes, height, width, message):
    with pytest.raises(errors.UserError, match=message):
        build(Task(classes, height, width, 1, 10, 100, 10, 10))


def test_a_dense_layer_starts_from_pytorchs_uniform_distribution():
    """nn.Linear: kernel and bias are from U(-1 / sqrt(inputs), 1 / sqrt(inputs))."""
    keras.utils.set_random_seed(0)
    features = keras.Input((400,))
    layer = torch_blocks.dense(features, 300)._keras_history.operation
    initial_values.check_torch_uniform(layer.kernel, 400)
    initial_values.check_torch_uniform(layer.bias, 400)
    assert (layer.activation.__name__, layer.compute_dtype) == ("linear", "float32")
    other = torch_blocks.dense(features, 300, "relu", "one", "bfloat16")._keras_history.operation
    assert (other.name, other.activation.__name__) == ("one", "relu")
    assert other.compute_dtype == "bfloat16"
    assert not np.allclose(layer.kernel.numpy(), other.kernel.numpy(), atol=1e-2)


def test_a_subsampled_map_has_every_second_pixel():
    x = keras.Input((5, 4, 2))
    network = keras.Model(x, torch_blocks.subsampled(x, 2))
    pixels = tf.random.stateless_normal([3, 5, 4, 2], [1, 2])
    np.testing.assert_array_equal(network(pixels), pixels[:, ::2, ::2])


def test_gradients_of_a_conv1_with_a_stride_survive_odd_batches():
    """With the stride in the convolution, this ended the process."""
    x = keras.Input((16, 16, 4))
    conv = keras.layers.Conv2D(8, 1)
    network = keras.Model(x, conv(torch_blocks.subsampled(x, 2)))
    pixels = tf.random.stateless_normal([7, 16, 16, 4], [1, 2])

    @tf.function(autograph=False)
    def slope():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(network(pixels))
        return tape.gradient(total, conv.kernel.value)

    for _ in range(50):
        found = slope()
    expected = tf.reduce_sum(pixels[:, ::2, ::2], [0, 1, 2])
    np.testing.assert_allclose(found[0, 0, :, 0], expected, rtol=1e-4, atol=1e-4)


def convolved(shape, size, stride, dtype=None):
    """A network of one convolution with a kernel of ones, of one channel, and its layer."""
    x = keras.Input((*shape, 1))
    output = torch_blocks.convolution(x, 1, size, stride, "ones", dtype)
    return keras.Model(x, output), output._keras_history.operation


@pytest.mark.parametrize(
    ("size", "stride", "corners"),
    [
        (3, 1, [[4, 6, 6, 4], [6, 9, 9, 6], [6, 9, 9, 6], [4, 6, 6, 4]]),
        (3, 2, [[4, 6], [6, 9]]),
        (5, 2, [[9, 12], [12, 16]]),
        (1, 2, [[1, 1], [1, 1]]),
    ],
)
def test_a_convolution_is_padded_on_all_sides(size, stride, corners):
    """Ones are counted; with padding below and on the right alone, the corner would see more."""
    network, _ = convolved((4, 4), size, stride)
    np.testing.assert_array_equal(network(tf.ones([1, 4, 4, 1]))[0, ..., 0], corners)


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_convolution_of_an_odd_map_rounds_its_sides_up(size, stride):
    network, layer = convolved((7, 10), size, stride)
    assert network.output.shape[1:] == (-(-7 // stride), -(-10 // stride), 1)
    assert not layer.use_bias


def test_a_convolution_is_in_its_number_format():
    network, _ = convolved((4, 4), 3, 2, "bfloat16")
    assert {x.compute_dtype for x in network.layers[1:]} == {"bfloat16"}
    assert len(network.layers) == 3
