"""Directional derivatives: by hand, against finite differences, on replicas, compiled."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, layers, losses, step_random, tangents

AT = tf.random.stateless_normal([4, 3], [0, 1])
V = tf.random.stateless_normal([4, 3], [0, 2])
MATRIX = tf.constant([[1.0, 0.0], [2.0, -1.0], [0.0, 3.0]])


def curved(x):
    """A function of rows that couples them, of the precision of its argument."""
    y = tf.sin(tf.matmul(x, tf.cast(MATRIX, x.dtype))) * tf.exp(0.3 * x[:, :1])
    return y + tf.reduce_mean(tf.square(x[:, 1:]), axis=0)


def differences(function, at, direction, step):
    """Central ones, computed in float64."""
    at, direction = tf.cast(at, tf.float64), tf.cast(direction, tf.float64)
    return (
        (function(at + step * direction) - function(at - step * direction)) / (2 * step)
    ).numpy()


def network():
    """Two convolutions with batch normalization between them, of images of 4 x 4 pixels."""
    return keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv(5, 3, weight_norm=False),
            layers.BatchNorm(scaled=True),
            keras.layers.Activation("tanh"),
            layers.Conv(3, 3, weight_norm=False),
        ]
    )


def test_the_tangent_of_a_linear_map_by_hand():
    value, derivative = tangents.tangent(
        lambda x: tf.matmul(x, MATRIX) + 7.0,
        tf.constant([[1.0, 1.0, 1.0], [0.0, 2.0, 0.5]]),
        tf.constant([[1.0, 0.0, 0.0], [0.5, 1.0, 2.0]]),
    )
    np.testing.assert_array_equal(value, [[10.0, 9.0], [11.0, 6.5]])
    np.testing.assert_array_equal(derivative, [[1.0, 0.0], [2.5, 5.0]])


def test_the_tangent_of_a_curved_function_is_that_of_finite_differences():
    value, derivative = tangents.tangent(curved, AT, V)
    np.testing.assert_array_equal(value, curved(AT))
    np.testing.assert_allclose(derivative, differences(curved, AT, V, 1e-6), atol=2e-6)


def test_several_directions_equal_single_ones_of_a_function_that_is_called_once():
    calls = []

    def function(x):
        calls.append(x)
        return curved(x)

    directions = [V, AT, tf.zeros_like(V)]
    value, several = tangents.tangents(function, AT, directions)
    assert len(calls) == 1
    for direction, derivative in zip(directions, several, strict=True):
        again, single = tangents.tangent(curved, AT, direction)
        np.testing.assert_array_equal(derivative, single)
        np.testing.assert_array_equal(value, again)
    np.testing.assert_array_equal(several[2], np.zeros([4, 2]))


def test_a_tangent_is_linear_in_its_direction_however_small():
    """Finite differences of such directions would be 0."""
    derivative, tiny = tangents.tangents(curved, AT, [V, 1e-20 * V])[1]
    np.testing.assert_allclose(1e20 * tiny, derivative, rtol=1e-5)


@pytest.mark.parametrize(
    "constant",
    [
        lambda x: tf.ones([4, 2]),
        lambda x: tf.stop_gradient(x[:, :2]),
        lambda x: tf.cast(x[:, :2] > 0, tf.float32),
        lambda x: 0.0 * x[:, :2],
    ],
    ids=["no argument", "stopped", "steps", "zero"],
)
def test_the_tangent_of_a_constant_is_zero(constant):
    value, derivative = tangents.tangent(constant, AT, V)
    np.testing.assert_array_equal(value, constant(AT))
    np.testing.assert_array_equal(derivative, np.zeros([4, 2]))


def test_value_and_derivative_have_the_noise_of_one_pass():
    """Dropout is a product with its mask: at 1 and along 1, both are that mask."""
    ones = tf.ones([8, 16])
    with step_random.at(0, 1):
        dropout = layers.Dropout(0.5)
        value, derivative = tangents.tangent(lambda x: dropout(x, training=True), ones, ones)
    np.testing.assert_array_equal(derivative, value)
    assert set(np.unique(value)) == {0.0, 2.0}


def test_the_tangent_through_batch_statistics_is_that_of_finite_differences():
    """In training, each image moves the outputs for all others."""
    made = network()
    x, v = (tf.random.stateless_normal([6, 4, 4, 2], [1, seed]) for seed in (1, 2))
    only = v * tf.one_hot(0, 6)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    derivative = tangents.tangent(lambda at: made(at, training=True), x, only)[1].numpy()
    step = 1e-2
    moved = [made(x + sign * step * only, training=True).numpy() for sign in (1, -1)]
    np.testing.assert_allclose(derivative, (moved[0] - moved[1]) / (2 * step), atol=3e-4)
    assert np.abs(derivative[1:]).max() > 0.01


def test_two_replicas_have_the_tangents_of_one():
    """Values, tangents and gradients of a loss of both, through the batch statistics of all."""
    x, v, w = (tf.random.stateless_normal([8, 4, 4, 2], [1, seed]) for seed in (1, 2, 3))
    alone = network()
    strategy = distribution.strategy(2)
    with strategy.scope():
        shared = network()
    for one, two in zip(alone.weights, shared.weights, strict=True):
        two.assign(one.numpy())

    def step(made):
        at, *directions = (distribution.replica_share(part) for part in (x, v, w))
        with tf.GradientTape() as tape:
            value, columns = tangents.tangents(lambda z: made(z, training=True), at, directions)
            loss = losses.squared_steepness([tf.reshape(c, [c.shape[0], -1]) for c in columns])
        kernel = made.trainable_variables[0]
        return value, *columns, tape.gradient(loss, kernel)

    *expected, slope = step(alone)
    *found, slopes = tf.function(lambda: strategy.run(lambda: step(shared)))()
    for one, two in zip(expected, found, strict=True):
        pieces = strategy.experimental_local_results(two)
        np.testing.assert_allclose(tf.concat(pieces, 0), one, atol=1e-5)
    # The optimizer takes the mean over replicas, each of which has the mean of its own rows.
    mean = sum(strategy.experimental_local_results(slopes)) / 2
    np.testing.assert_allclose(mean, slope, rtol=1e-4, atol=1e-4 * np.abs(slope).max())


def test_the_gradient_of_a_loss_of_the_tangent_is_that_of_finite_differences():
    """For tanh(x W), J v is (1 - tanh(x W)^2) (v W)."""
    weight = tf.Variable(MATRIX)
    with tf.GradientTape() as tape:
        derivative = tangents.tangent(lambda x: tf.tanh(tf.matmul(x, weight)), AT, V)[1]
        loss = tf.reduce_sum(tf.square(derivative))
    found = tape.gradient(loss, weight).numpy()

    def closed(w):
        x, v = AT.numpy().astype(np.float64), V.numpy().astype(np.float64)
        return np.sum(((1 - np.tanh(x @ w) ** 2) * (v @ w)) ** 2)

    exact = MATRIX.numpy().astype(np.float64)
    assert float(loss) == pytest.approx(closed(exact), rel=1e-5)
    for place in np.ndindex(3, 2):
        change = np.zeros([3, 2])
        change[place] = 1e-6
        slope = (closed(exact + change) - closed(exact - change)) / 2e-6
        assert found[place] == pytest.approx(slope, abs=1e-5)


def test_a_tangent_has_gradients_in_place_and_direction():
    """For x^3, J v is 3 x^2 v, with the gradients 6 x v and 3 x^2."""
    x, v = tf.constant([[2.0]]), tf.constant([[5.0]])
    with tf.GradientTape() as tape:
        tape.watch([x, v])
        derivative = tangents.tangent(lambda at: at**3, x, v)[1]
    slopes = tape.gradient(derivative, [x, v])
    found = [value.numpy().item() for value in (derivative, *slopes)]
    assert found == pytest.approx([60.0, 60.0, 12.0])


def test_compiled_it_is_the_same():
    dense = keras.Sequential(
        [keras.Input((3,)), layers.Dense(8, slope=0.2), layers.BatchNorm(), layers.Dense(2)]
    )
    columns = tangents.axis_directions(tf.constant([2, 0]), 4, 3)

    def step(at):
        with tf.GradientTape() as tape:
            value, derivatives = tangents.tangents(lambda x: dense(x, training=True), at, columns)
            loss = losses.squared_steepness(derivatives)
        return value, *derivatives, tape.gradient(loss, dense.trainable_variables[0])

    for one, two in zip(step(AT), tf.function(step, jit_compile=True)(AT), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


def test_axis_directions_by_hand():
    first, second = tangents.axis_directions(tf.constant([2, 0]), 2, 3)
    np.testing.assert_array_equal(first, [[0, 0, 1], [0, 0, 1]])
    np.testing.assert_array_equal(second, [[1, 0, 0], [1, 0, 0]])
    assert first.dtype == tf.float32


def test_along_the_axes_lie_the_rows_of_a_linear_map():
    axes = tangents.axis_directions(tf.range(3), 4, 3)
    columns = tangents.tangents(lambda x: tf.matmul(x, MATRIX), AT, axes)[1]
    for row, column in zip(MATRIX.numpy(), columns, strict=True):
        np.testing.assert_array_equal(column, np.tile(row, [4, 1]))
