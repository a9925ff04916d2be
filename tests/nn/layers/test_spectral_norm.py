"""Spectral normalization: the singular value that it divides by, and what a pass changes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import initial_values

from tf_ssgan.nn import layers, precision

IMAGES = tf.random.stateless_normal([2, 6, 6, 3], [1, 1])


def built(units=4, size=2, channels=3, **kwargs):
    keras.utils.set_random_seed(0)
    layer = layers.SpectralConv(units, size, **kwargs)
    layer.build((None, 6, 6, channels))
    return layer


def pointwise(matrix, direction, **kwargs):
    """A 1 x 1 convolution whose kernel is this matrix, [in, units]."""
    matrix = np.array(matrix, np.float32)
    layer = built(matrix.shape[1], 1, matrix.shape[0], **kwargs)
    layer.kernel.assign(matrix[None, None])
    layer.direction.assign(direction)
    return layer


def converged(layer):
    """The layer after enough power iterations for its estimate to converge."""
    for _ in range(100):
        layer.normalized(record=True)
    return layer


def largest(kernel):
    kernel = np.asarray(kernel)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def test_one_power_iteration_by_hand():
    """Of diag(3, 4) from (1, 1): left (3, 4) / 5, right along (9, 16), sigma |(1.8, 3.2)|."""
    layer = pointwise([[3.0, 0.0], [0.0, 4.0]], [1.0, 1.0])
    kernel = layer.normalized(record=True)[0, 0]
    np.testing.assert_allclose(kernel, np.diag([3.0, 4.0]) / np.hypot(1.8, 3.2), rtol=1e-6)
    np.testing.assert_allclose(layer.direction, np.array([9, 16]) / np.hypot(9, 16), rtol=1e-6)


def test_after_many_passes_the_largest_singular_value_is_one():
    layer = built()
    layer.kernel.assign(5.0 * layer.kernel)
    before = largest(layer.kernel)
    for _ in range(50):
        layer(IMAGES, training=True)
    assert largest(layer.normalized()) == pytest.approx(1.0, abs=1e-5)
    assert largest(layer.kernel) == before > 2


@pytest.mark.parametrize("training", [False, True])
def test_no_pass_changes_the_kernel(training):
    layer = built()
    before = [v.numpy() for v in layer.trainable_variables]
    for _ in range(3):
        layer(IMAGES, training=training)
    for variable, value in zip(layer.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_only_a_training_pass_with_unfrozen_statistics_changes_the_direction():
    layer = built()
    before = layer.direction.numpy()
    layer(IMAGES)
    layer.normalized()
    with layers.frozen_statistics():
        layer(IMAGES, training=True)
    np.testing.assert_array_equal(layer.direction, before)
    layer(IMAGES, training=True)
    assert not np.array_equal(layer.direction, before)
    assert [v.name for v in layer.non_trainable_variables] == ["direction"]


def test_a_pass_uses_the_power_iteration_that_it_records():
    """The output does not depend on whether the estimate is recorded; the next pass goes on."""
    one, two = built(), built()
    with layers.frozen_statistics():
        frozen = one(IMAGES, training=True)
    np.testing.assert_array_equal(two(IMAGES, training=True), frozen)
    assert not np.array_equal(two(IMAGES, training=True), frozen)


def test_it_is_a_convolution_by_the_normalized_kernel_a_bias_and_a_leaky_relu():
    layer = built(slope=0.1)
    layer.bias.assign([0.3, -0.2, 0.1, -0.4])
    plain = keras.layers.Conv2D(4, 2)
    plain.build(IMAGES.shape)
    plain.kernel.assign(layer.normalized())
    plain.bias.assign(layer.bias)
    expected = plain(IMAGES).numpy()
    expected = np.where(expected > 0, expected, 0.1 * expected)
    np.testing.assert_allclose(layer(IMAGES), expected, atol=1e-6)
    assert np.any(expected < 0)


@pytest.mark.parametrize(
    ("size", "stride", "padding", "shape"),
    [
        (2, 1, "VALID", (5, 5)),
        (4, 2, "VALID", (2, 2)),
        (4, 2, "SAME", (3, 3)),
        (1, 1, "SAME", (6, 6)),
    ],
)
def test_shapes_of_outputs(size, stride, padding, shape):
    layer = built(5, size, stride=stride, padding=padding)
    assert layer(IMAGES).shape == (2, *shape, 5)
    assert layer(keras.Input((6, 6, 3))).shape == (None, *shape, 5)


def test_without_slope_and_bias_it_is_linear():
    layer = built(slope=None, bias=False)
    np.testing.assert_allclose(layer(-3.0 * IMAGES), -3.0 * layer(IMAGES), atol=1e-5)
    assert [v.name for v in layer.trainable_variables] == ["kernel"]


def test_the_gradient_by_hand():
    """Of <A, W / sigma>, sigma = u W v with u and v fixed: (A - <A, W / sigma> u v) / sigma."""
    weights, a = np.array([[3.0, 1.0], [0.0, 4.0]]), np.array([[1.0, -2.0], [0.5, 1.5]])
    layer = pointwise(weights, [1.0, 1.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer.normalized() * tf.constant(a[None, None], tf.float32))
    gradient = tape.gradient(loss, layer.kernel.value)[0, 0]
    u = weights @ [1, 1] / np.linalg.norm(weights @ [1, 1])
    v = weights.T @ u / np.linalg.norm(weights.T @ u)
    sigma = u @ weights @ v
    expected = (a - np.sum(a * weights) / sigma * np.outer(u, v)) / sigma
    np.testing.assert_allclose(gradient, expected, atol=1e-6)
    assert np.sum(gradient * weights) == pytest.approx(
        0.0, abs=1e-5
    )  # the loss does not depend on its length


def test_after_convergence_the_gradient_is_that_of_the_true_norm():
    """Compared with central differences of W / (NumPy's largest singular value)."""
    layer = converged(built(units=3, channels=2))
    goal = tf.random.stateless_normal([5, 5, 3], [2, 2])
    inputs = IMAGES[:1, ..., :2]

    def loss(kernel):
        return tf.reduce_mean(tf.square(tf.nn.conv2d(inputs, kernel, 1, "VALID")[0] - goal))

    with tf.GradientTape() as tape:
        value = loss(layer.normalized())
    gradient = tape.gradient(value, layer.kernel.value).numpy()
    start = layer.kernel.numpy().astype(np.float64)
    for place in [(0, 0, 0, 0), (1, 0, 1, 2), (0, 1, 1, 1)]:
        sides = []
        for step in (0.01, -0.01):
            kernel = start.copy()
            kernel[place] += step
            sides.append(float(loss(tf.constant(kernel / largest(kernel), tf.float32))))
        assert gradient[place] == pytest.approx((sides[0] - sides[1]) / 0.02, abs=1e-3)


@pytest.mark.parametrize("bias", [True, False])
def test_a_clone_is_the_same_layer(bias):
    layer = layers.SpectralConv(4, 3, 2, "SAME", slope=None, bias=bias, name="one")
    network = keras.Sequential([keras.Input((6, 6, 3)), layer])
    twin = keras.models.clone_model(network)
    (clone,) = twin.layers
    assert clone is not layer and clone.get_config() == layer.get_config()
    assert [v.shape for v in twin.variables] == [v.shape for v in network.variables]
    assert hasattr(clone, "bias") == bias
    for slow, fast in zip(twin.variables, network.variables, strict=True):
        slow.assign(fast)
    np.testing.assert_array_equal(twin(IMAGES), network(IMAGES))


def test_in_bfloat16_the_kernel_is_normalized_in_float32():
    with precision.policy("mixed_bfloat16"):
        layer = built()
        assert layer(IMAGES, training=True).dtype == tf.bfloat16
    assert layer.normalized().dtype == tf.float32
    assert {v.dtype for v in layer.variables} == {"float32"}


def test_kernel_and_bias_start_as_in_pytorch():
    layer = built(200, 3, 5)
    initial_values.check_torch_uniform(layer.kernel, 9 * 5)
    initial_values.check_torch_uniform(layer.bias, 9 * 5)
