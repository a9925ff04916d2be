"""Losses against numbers worked by hand, identities, and finite differences."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan import losses

LABELED = tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]])
LABELS = tf.constant([1, 2])
UNLABELED = tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])
SECOND = tf.constant([[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]])
GENERATED = tf.constant([[0.2, -0.3, 0.1], [-1.0, -2.0, 0.5]])
REAL_FEATURES = tf.constant([[1.0, 0.0, 2.0, -1.0], [3.0, 1.0, 0.0, 0.5]])
FAKE_FEATURES = tf.constant([[0.5, 0.2, 1.0, 0.0], [0.0, 1.0, 1.0, 0.5], [1.0, -0.4, 0.7, 0.1]])


def near(value):
    return pytest.approx(value, abs=1e-5)


def test_cross_entropy():
    assert float(losses.cross_entropy(LABELS[:1], LABELED[:1])) == near(0.371539)
    assert float(losses.cross_entropy(LABELS[1:], LABELED[1:])) == near(0.632166)
    assert float(losses.cross_entropy(LABELS, LABELED)) == near(0.501853)


@pytest.mark.parametrize(("classes", "value"), [(2, 0.693147), (10, 2.302585), (100, 4.605170)])
def test_cross_entropy_of_the_undecided(classes, value):
    assert float(losses.cross_entropy(tf.zeros([4], tf.int64), tf.zeros([4, classes]))) == near(
        value
    )


def test_cross_entropy_counts_only_known_labels():
    half = losses.cross_entropy(tf.constant([1, -1]), LABELED)
    assert float(half) == near(0.371539)
    with tf.GradientTape() as tape:
        tape.watch(LABELED)
        none = losses.cross_entropy(tf.constant([-1, -1]), LABELED)
    assert float(none) == 0.0
    np.testing.assert_array_equal(tape.gradient(none, LABELED), np.zeros([2, 3]))


def test_real_or_fake_in_full_and_half_form():
    assert float(losses.real_or_fake(UNLABELED, GENERATED)) == near(1.346604)
    assert 0.5 * float(losses.real_or_fake(UNLABELED, GENERATED)) == near(0.673302)
    assert 2.0 * float(losses.real_or_fake(UNLABELED, GENERATED)) == near(2.693209)


@pytest.mark.parametrize(("classes", "half"), [(10, 1.246603), (100, 2.312535)])
def test_real_or_fake_of_the_undecided(classes, half):
    zeros = tf.zeros([4, classes])
    assert 0.5 * float(losses.real_or_fake(zeros, zeros)) == near(half)


def test_real_or_fake_equals_a_softmax_with_an_explicit_fake_class():
    def fake_probability(logits):
        return tf.nn.softmax(tf.concat([logits, tf.zeros([2, 1])], 1))[:, -1]

    explicit = -tf.reduce_mean(tf.math.log(1 - fake_probability(UNLABELED))) - tf.reduce_mean(
        tf.math.log(fake_probability(GENERATED))
    )
    assert float(losses.real_or_fake(UNLABELED, GENERATED)) == near(float(explicit))


def test_fool():
    assert float(losses.fool(GENERATED)) == near(0.331912)
    assert float(losses.fool(tf.zeros([4, 10]))) == near(0.095310)


def test_feature_matching_of_batches_of_different_size():
    assert float(losses.feature_matching(REAL_FEATURES, FAKE_FEATURES)) == near(0.570833)
    assert 4 * float(losses.feature_matching(REAL_FEATURES, FAKE_FEATURES)) == near(2.283333)


def test_squared_distance_of_probabilities_and_of_logits():
    one, two = tf.nn.softmax(UNLABELED), tf.nn.softmax(SECOND)
    assert float(losses.squared_distance(one, two)) == near(0.020321)
    assert 10 * float(losses.squared_distance(one, two)) == near(0.203212)
    assert float(losses.squared_distance(UNLABELED, SECOND)) == near(0.275)
    assert float(losses.squared_distance(one, one)) == 0.0


def test_the_whole_of_frgan():
    consistency = losses.squared_distance(tf.nn.softmax(UNLABELED), tf.nn.softmax(SECOND))
    adversarial = losses.real_or_fake(UNLABELED, GENERATED)
    supervised = losses.cross_entropy(LABELS, LABELED)
    assert float(supervised + adversarial + 10 * consistency) == near(2.051670)
    assert float(supervised + adversarial) == near(1.848457)
    assert float(supervised + 0.5 * adversarial) == near(1.175155)


def test_a_constant_added_to_all_logits():
    moved = UNLABELED + 3.0
    assert float(losses.cross_entropy(LABELS, LABELED + 3.0)) == near(0.501853)
    assert float(losses.real_or_fake(moved, GENERATED)) != near(1.346604)
    assert float(losses.fool(GENERATED + 3.0)) != near(0.331912)


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_logits_stay_finite(size):
    huge = tf.constant([[size, 0.0, -size]])
    for value in (
        losses.cross_entropy(tf.constant([2]), huge),
        losses.real_or_fake(huge, huge),
        losses.fool(huge),
    ):
        assert np.isfinite(float(value))


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: losses.cross_entropy(LABELS, x),
        lambda x: losses.real_or_fake(x, GENERATED),
        lambda x: losses.real_or_fake(UNLABELED, x),
        losses.fool,
        lambda x: losses.feature_matching(x, REAL_FEATURES[:, :3]),
        lambda x: losses.squared_distance(tf.nn.softmax(x), tf.nn.softmax(SECOND)),
    ],
)
def test_gradients_by_finite_differences(loss):
    theory, numbers = tf.test.compute_gradient(loss, [UNLABELED.numpy()], delta=1e-2)
    np.testing.assert_allclose(theory[0], numbers[0], atol=2e-3)


def test_the_order_of_the_batch_and_its_repetition_change_nothing():
    flipped, doubled = UNLABELED[::-1], tf.concat([UNLABELED, UNLABELED], 0)
    for same in (flipped, doubled):
        assert float(losses.real_or_fake(same, GENERATED)) == near(1.346604)
