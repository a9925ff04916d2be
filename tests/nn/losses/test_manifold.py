"""Losses along tangents: numbers worked by hand, bounds, gradients where they may not exist."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import losses, tangents

ONE = tf.constant([[3.0, 4.0], [0.6, 0.0]])
TWO = tf.constant([[0.0, -2.0], [0.0, 1e-3]])
# Of two images and three classes, along two tangents.
SLOPES = [
    tf.constant([[0.1, -0.2, 0.3], [1.0, 0.0, -1.0]]),
    tf.constant([[-0.4, 0.0, 0.2], [0.5, -0.5, 2.0]]),
]


def near(value):
    return pytest.approx(value, abs=1e-6)


def test_the_change_by_a_neighboring_latent_vector_by_hand():
    """Each of three logits of each image moves by .01."""
    logits = tf.constant([[0.2, -0.3, 0.1], [-1.0, -2.0, 0.5]])
    assert float(losses.squared_distance(logits, logits + 0.01)) == near(0.0003)


def test_the_squared_steepness_of_a_linear_map_by_hand():
    """J_f T has the columns (.5, -.1) and (-.2, .1)."""
    jacobian = tf.constant([[0.5, -0.2, 0.0], [0.1, 0.3, -0.4]])
    columns = [tf.constant([[1.0, 0.0, 0.5]]), tf.constant([[0.0, 1.0, 0.5]])]
    moved = [tf.matmul(t, jacobian, transpose_b=True) for t in columns]
    assert float(losses.squared_steepness(moved)) == near(0.31)
    through = tangents.tangents(
        lambda x: tf.matmul(x, jacobian, transpose_b=True), tf.zeros([1, 3]), columns
    )[1]
    assert float(losses.squared_steepness(through)) == near(0.31)


def test_the_squared_steepness_is_a_mean_over_images_and_a_sum_over_the_rest():
    squares = [0.14, 2.0, 0.2, 4.5]
    assert float(losses.squared_steepness(SLOPES)) == near(sum(squares) / 2)
    assert float(losses.squared_steepness(SLOPES[:1])) == near(1.07)
    assert float(losses.squared_steepness([tf.zeros([2, 3])])) == 0.0


def test_unit_tangents_by_hand():
    one, two = losses.unit_tangents([ONE, TWO])
    np.testing.assert_allclose(one, [[0.6, 0.8], [1.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(two, [[0.0, -1.0], [0.0, 1.0]], atol=1e-6)


def test_unit_tangents_of_images_have_length_one_over_all_their_values():
    made = [tf.random.stateless_normal([5, 4, 4, 3], [0, k]) * 10.0**k for k in range(-3, 4)]
    for given, unit in zip(made, losses.unit_tangents(made), strict=True):
        lengths = np.linalg.norm(unit.numpy().reshape(5, -1), axis=1)
        np.testing.assert_allclose(lengths, np.ones(5), rtol=1e-5)
        ratio = (unit / given).numpy().reshape(5, -1)
        np.testing.assert_allclose(ratio, ratio[:, :1] * np.ones([1, 48]), rtol=1e-4)
        assert ratio.min() > 0  # the direction stays


def test_a_tangent_of_length_zero_stays_zero_and_has_a_finite_gradient():
    still = tf.zeros([2, 2, 2, 1])
    with tf.GradientTape() as tape:
        tape.watch(still)
        (unit,) = losses.unit_tangents([still])
        value = tf.reduce_sum(unit)
    np.testing.assert_array_equal(unit, still)
    assert np.all(np.isfinite(tape.gradient(value, still)))


def test_steepness_by_hand():
    """The mean of twelve absolute values: .6, 2, .6 and 3 are sums over classes."""
    assert float(losses.steepness(SLOPES)) == near(6.2 / 12)
    assert float(losses.steepness(SLOPES[:1])) == near(2.6 / 6)


def test_the_steepness_of_the_class_of_each_image_by_hand():
    """Of the classes 2 and 0: .3, 1, .2 and .5."""
    labels = tf.constant([2, 0], tf.int64)
    assert float(losses.steepness(SLOPES, labels)) == near(2.0 / 4)
    with tf.GradientTape() as tape:
        tape.watch(SLOPES)
        value = losses.steepness(SLOPES, labels)
    one, two = tape.gradient(value, SLOPES)
    np.testing.assert_allclose(one, [[0, 0, 0.25], [0.25, 0, 0]])
    np.testing.assert_allclose(two, [[0, 0, 0.25], [0.25, 0, 0]])


def test_weights_are_factors_of_each_images_steepness():
    weights = tf.constant([2.0, 0.0])
    assert float(losses.steepness(SLOPES, weights=weights)) == near(2 * (0.6 + 0.6) / 12)
    labels = tf.constant([2, 0])
    assert float(losses.steepness(SLOPES, labels, weights)) == near(2 * (0.3 + 0.2) / 4)
    for given in (None, labels):
        plain = losses.steepness(SLOPES, given)
        assert float(losses.steepness(SLOPES, given, tf.ones([2]))) == float(plain)


def test_a_flat_classifier_has_no_steepness_and_no_nan_gradient():
    flat = [tf.zeros([2, 3])] * 2
    with tf.GradientTape() as tape:
        tape.watch(flat)
        value = losses.steepness(flat) + losses.squared_steepness(flat)
    assert float(value) == 0.0
    for slope in tape.gradient(value, flat):
        np.testing.assert_array_equal(slope, np.zeros([2, 3]))


def test_orthonormal_tangents_have_no_loss():
    turned = [tf.constant([[0.6, 0.8, 0.0]]), tf.constant([[-0.8, 0.6, 0.0]])]
    assert float(losses.orthonormality(turned)) == near(0.0)
    images = [tf.reshape(tf.tile(tf.one_hot([k], 12), [3, 1]), [3, 2, 2, 3]) for k in (0, 3, 7, 11)]
    assert float(losses.orthonormality(images)) == 0.0


def test_orthonormality_by_hand():
    """J^T J - I is [[3, 2], [2, 1]] of one image and [[-1, 0], [0, -1]] of a constant one."""
    columns = [tf.constant([[2.0, 0.0], [0.0, 0.0]]), tf.constant([[1.0, 1.0], [0.0, 0.0]])]
    assert float(losses.orthonormality(columns)) == near((8 / 4 + 2 / 4) / 2)
    # Of opposite unit vectors, the products off the diagonal are -1.
    opposite = [tf.constant([[0.6, 0.8]]), tf.constant([[-0.6, -0.8]])]
    assert float(losses.orthonormality(opposite)) == near(2 / 4)
    assert float(losses.orthonormality([tf.constant([[3.0, 0.0]])])) == near(8.0)


def test_the_gradient_of_orthonormality_is_zero_where_it_is_least():
    """The absolute value has no derivative there."""
    columns = [tf.constant([[1.0, 0.0, 0.0]]), tf.constant([[0.0, 0.0, 1.0]])]
    with tf.GradientTape() as tape:
        tape.watch(columns)
        value = losses.orthonormality(columns)
    assert float(value) == 0.0
    for slope in tape.gradient(value, columns):
        np.testing.assert_array_equal(slope, np.zeros([1, 3]))


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: losses.orthonormality([x, SLOPES[1]]),
        lambda x: losses.orthonormality(losses.unit_tangents([x, SLOPES[1]])),
        lambda x: losses.squared_steepness([x, SLOPES[0]]),
        lambda x: losses.steepness([x, SLOPES[0]], tf.constant([1, 2]), tf.constant([0.5, 2.0])),
    ],
    ids=["orthonormality", "of unit tangents", "squared", "steepness"],
)
def test_gradients_equal_finite_differences(loss):
    at = np.array([[0.3, -0.8, 0.5], [1.2, 0.4, -0.7]], np.float32)
    theory, numbers = tf.test.compute_gradient(loss, [at], delta=1e-2)
    np.testing.assert_allclose(theory[0], numbers[0], atol=2e-3)
    assert np.abs(theory[0]).max() > 0.02
