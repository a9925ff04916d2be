"""Losses of methods that compare a classifier with itself: by hand, identities, limits."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import losses

ONE = tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])
TWO = tf.constant([[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]])
WEAK = tf.constant([[4.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 3.5]])
STRONG = tf.constant([[2.0, 1.0, 0.0], [0.2, 0.1, 0.0], [1.0, 0.0, 0.5]])
NOBODY, SOME = tf.zeros([3]), tf.constant([1.0, 0.0, 1.0])


def near(value):
    return pytest.approx(value, abs=1e-5)


def test_divergence_by_hand_and_its_direction():
    assert float(losses.kl_divergence(ONE, TWO)) == near(0.034248)
    assert float(losses.kl_divergence(TWO, ONE)) == near(0.038470)


def test_divergence_is_positive_and_zero_between_equals():
    one, two = (tf.random.stateless_normal([500, 5], [seed, 0]) * 3 for seed in (1, 2))
    each = [float(losses.kl_divergence(one[i : i + 1], two[i : i + 1])) for i in range(50)]
    assert min(each) > 0
    assert float(losses.kl_divergence(one, one)) == 0.0


def test_gradients_of_a_divergence_go_into_both_sides():
    with tf.GradientTape() as tape:
        tape.watch([ONE, TWO])
        value = losses.kl_divergence(ONE, TWO)
    assert all(np.any(gradient) for gradient in tape.gradient(value, [ONE, TWO]))


def test_entropy_by_hand():
    assert float(losses.entropy(ONE[:1])) == near(0.621585)
    assert float(losses.entropy(ONE[1:])) == near(0.524267)
    assert float(losses.entropy(ONE)) == near(0.572926)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_entropy_of_the_undecided_and_of_the_sure(classes):
    assert float(losses.entropy(tf.zeros([4, classes]))) == near(math.log(classes))
    assert float(losses.entropy(200.0 * tf.one_hot([0, 1], classes))) == near(0.0)


def test_a_constant_added_to_all_logits_changes_nothing():
    guessed, sure = losses.pseudo_labels(WEAK + 5.0, 0.9)
    np.testing.assert_array_equal(sure, SOME)
    for moved, still in (
        (losses.kl_divergence(ONE + 5.0, TWO - 3.0), losses.kl_divergence(ONE, TWO)),
        (losses.entropy(ONE + 5.0), losses.entropy(ONE)),
        (
            losses.masked_cross_entropy(guessed, STRONG + 5.0, sure),
            losses.masked_cross_entropy(guessed, STRONG, sure),
        ),
        (
            losses.attention_divergence(WEAK + 5.0, STRONG - 3.0, SOME),
            losses.attention_divergence(WEAK, STRONG, SOME),
        ),
    ):
        assert float(moved) == near(float(still))


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_logits_stay_finite(size):
    huge = tf.constant([[size, 0.0, -size]])
    for value in (
        losses.kl_divergence(huge, -huge),
        losses.entropy(huge),
        losses.attention_divergence(huge, -huge, tf.ones([1])),
    ):
        assert np.isfinite(float(value))


def test_pseudo_labels_by_hand():
    labels, sure = losses.pseudo_labels(WEAK, 0.9)
    np.testing.assert_array_equal(labels, [0, 0, 2])
    np.testing.assert_array_equal(sure, SOME)  # .964663, .506480, .943045
    assert labels.dtype == tf.int64 and sure.dtype == tf.float32
    np.testing.assert_array_equal(losses.pseudo_labels(WEAK, 0.95)[1], [1, 0, 0])


def test_a_threshold_is_reached_or_must_be_exceeded():
    even = tf.constant([[0.0, 0.0, -1e4], [0.1, 0.0, -1e4]])  # .5 exactly, and a little more
    np.testing.assert_array_equal(losses.pseudo_labels(even, 0.5)[1], [1, 1])
    np.testing.assert_array_equal(losses.pseudo_labels(even, 0.5, strict=True)[1], [0, 1])


def test_no_gradient_goes_into_pseudo_labels():
    with tf.GradientTape() as tape:
        tape.watch(WEAK)
        labels, sure = losses.pseudo_labels(WEAK, 0.9)
        loss = losses.masked_cross_entropy(labels, STRONG, sure)
    assert tape.gradient(loss, WEAK) is None


def test_the_unlabeled_loss_of_fixmatch_by_hand():
    labels, sure = losses.pseudo_labels(WEAK, 0.9)
    assert float(losses.masked_cross_entropy(labels, STRONG, sure)) == near(0.529292)
    assert float(losses.masked_cross_entropy(labels, STRONG, sure, True)) == near(0.793938)
    per_example = [
        float(losses.masked_cross_entropy(labels[i : i + 1], STRONG[i : i + 1], tf.ones([1])))
        for i in range(3)
    ]
    assert per_example == near([0.407606, 1.001943, 1.180270])


def test_pseudo_labels_of_the_same_logits_by_hand():
    labels, sure = losses.pseudo_labels(WEAK, 0.9, strict=True)
    assert float(losses.masked_cross_entropy(labels, WEAK, sure)) == near(0.031539)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, mask: losses.masked_cross_entropy(tf.constant([0, 1, 2]), x, mask),
        lambda x, mask: losses.masked_cross_entropy(tf.constant([0, 1, 2]), x, mask, True),
        lambda x, mask: losses.attention_divergence(x, STRONG, mask),
        lambda x, mask: losses.attention_divergence(STRONG, x, mask),
    ],
)
def test_where_nobody_is_selected_loss_and_gradient_are_zero(loss):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(WEAK)
        nobody, some = loss(WEAK, NOBODY), loss(WEAK, SOME)
    assert float(nobody) == 0.0 and float(some) > 0
    np.testing.assert_array_equal(tape.gradient(nobody, WEAK), np.zeros([3, 3]))
    gradient = tape.gradient(some, WEAK).numpy()
    assert np.any(gradient[0]) and not np.any(gradient[1])


def test_masked_mean_by_hand():
    values = tf.constant([1.0, 10.0, 4.0])
    assert float(losses.masked_mean(values, SOME)) == 2.5
    assert float(losses.masked_mean(values, NOBODY)) == 0.0


def test_attention_that_is_uniform_on_one_side():
    """KL(p || uniform) = log positions - H(p): at most log positions, near it for a spike."""
    spike = 50.0 * tf.one_hot([0, 7, 63], 64)
    flat = tf.zeros([3, 64])
    near_most = float(losses.attention_divergence(spike, flat, tf.ones([3])))
    assert near_most == near(math.log(64))
    for scale in (0.1, 1.0, 10.0, 100.0):
        drawn = scale * tf.random.stateless_normal([3, 64], [1, 1])
        value = float(losses.attention_divergence(drawn, flat, tf.ones([3])))
        assert 0 < value <= math.log(64) + 1e-5
        assert value == near(math.log(64) - float(losses.entropy(drawn)))


def test_attention_divergence_is_the_mean_over_the_selected():
    alone = [float(losses.kl_divergence(WEAK[i : i + 1], STRONG[i : i + 1])) for i in (0, 2)]
    value = losses.attention_divergence(WEAK, STRONG, SOME)
    assert float(value) == near(sum(alone) / 2)


def test_half_squares_by_hand():
    weights = [tf.constant([[1.0, 2.0]]), tf.constant([3.0], tf.bfloat16)]
    value = losses.l2_loss(weights)
    assert float(value) == 7.0 and value.dtype == tf.float32


def test_unit_by_hand():
    directions = tf.constant([[3.0, -4.0, 0.0], [0.1, 0.2, 0.2]])
    expected = [[0.6, -0.8, 0.0], [0.333333, 0.666667, 0.666667]]
    np.testing.assert_allclose(losses.unit_norm(directions), expected, atol=1e-5)


@pytest.mark.parametrize("size", [1e-12, 1e-10, 1e-3, 1.0, 1e20, 1e30])
def test_a_unit_has_length_one(size):
    made = losses.unit_norm(size * tf.random.stateless_normal([16, 4, 4, 3], [1, 1]))
    lengths = np.linalg.norm(made.numpy().reshape(16, -1), axis=1)
    np.testing.assert_allclose(lengths, np.ones(16), atol=1e-4)


def test_the_unit_of_tiny_gradients_is_short_but_points_their_way():
    made = losses.unit_norm(tf.constant([[3e-20, -4e-20]])).numpy()
    np.testing.assert_allclose(made / np.linalg.norm(made), [[0.6, -0.8]], atol=1e-5)
    assert 0 < np.linalg.norm(made) < 1


def test_the_unit_of_nothing_is_nothing():
    np.testing.assert_array_equal(losses.unit_norm(tf.zeros([2, 3, 3, 1])), np.zeros([2, 3, 3, 1]))


def direction_of(weights, probe, iterations):
    """The direction that a linear softmax classifier of three images gets.

    From starts that are not at right angles to it: there a step of 1e-6 is lost in rounding.
    """
    x = tf.constant([[0.3, -0.2, 0.1], [0.0, 0.1, 0.2], [-0.1, 0.3, 0.0]])
    start = tf.constant([[1.0, 0.2, 0.0], [0.1, 1.0, -0.3], [1.0, -1.0, 0.5]])
    return losses.adversarial_direction(
        lambda r: tf.matmul(x + r, weights), tf.matmul(x, weights), start, probe, iterations
    ).numpy()


@pytest.mark.parametrize("iterations", [1, 5])
@pytest.mark.parametrize(("probe", "tolerance"), [(1e-6, 0.1), (1e-2, 1e-3), (0.5, 1e-3)])
def test_what_changes_two_linear_classes_most_is_their_difference(probe, tolerance, iterations):
    weights = tf.constant([[2.0, -1.0], [0.5, 3.0], [-1.0, 1.0]])
    difference = (weights[:, 0] - weights[:, 1]).numpy()
    expected = difference / np.linalg.norm(difference)
    found = direction_of(weights, probe, iterations)
    signs = np.sign(found @ expected)
    np.testing.assert_allclose(found * signs[:, None], [expected] * 3, atol=tolerance)


def test_where_there_is_no_slope_there_is_no_direction():
    np.testing.assert_array_equal(direction_of(tf.zeros([3, 2]), 1e-6, 2), np.zeros([3, 3]))


def test_no_gradient_goes_through_the_direction():
    weights = tf.constant([[2.0, -1.0], [0.5, 3.0]])
    with tf.GradientTape() as tape:
        tape.watch(weights)
        direction = losses.adversarial_direction(
            lambda r: tf.matmul(r, weights), tf.matmul(tf.ones([1, 2]), weights), tf.ones([1, 2]),
            0.1, 1,
        )  # fmt: skip
    assert tape.gradient(direction, weights) is None
