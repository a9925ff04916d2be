"""Losses of margins: by hand, their limits, gradients and weights."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import losses

LOGITS = tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]])
LABELS = tf.constant([1, 2])


def near(value):
    return pytest.approx(value, abs=1e-5)


def gradient(loss, at):
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = loss(at)
    return tape.gradient(value, at)


def test_the_hinge_loss_by_hand():
    """By 10: 10 + 1 - 2 and 10 + .3 - .9. By 1: 1 + 1 - 2 and 1 + .3 - .9."""
    assert float(losses.hinge_loss(LABELS, LOGITS)) == near((9 + 9.4) / 2)
    assert float(losses.hinge_loss(LABELS, LOGITS, margin=1.0)) == near((0 + 0.4) / 2)
    # Of wrong labels, the largest logit counts: 1 + 2 - 1 and 1 + .9 - (-.2).
    wrong = tf.constant([0, 1])
    assert float(losses.hinge_loss(wrong, LOGITS, margin=1.0)) == near((2 + 2.1) / 2)


def test_a_lead_of_the_margin_costs_nothing_and_an_undecided_classifier_the_margin():
    labels = tf.constant([0, 1, 2])
    for lead, expected in ((10.0, 0.0), (12.0, 0.0), (9.0, 1.0), (0.0, 10.0), (-5.0, 15.0)):
        assert float(losses.hinge_loss(labels, lead * tf.eye(3))) == near(expected)


def test_the_weights_of_labels_are_factors_of_their_losses():
    weights = tf.constant([3.0, 0.5])
    weighed = losses.hinge_loss(LABELS, LOGITS, weights=weights)
    assert float(weighed) == near((3 * 9 + 0.5 * 9.4) / 2)


def test_a_constant_added_to_all_logits_changes_nothing():
    for loss in (losses.hat_loss, lambda x: losses.hinge_loss(LABELS, x)):
        assert float(loss(LOGITS + 7.0)) == near(float(loss(LOGITS)))


def test_the_hinge_moves_the_label_and_its_strongest_rival():
    slope = gradient(lambda x: losses.hinge_loss(LABELS, x), LOGITS)
    np.testing.assert_array_equal(slope, [[0.5, -0.5, 0], [0.5, 0, -0.5]])
    # Where the lead is larger than the margin, nothing moves.
    slope = gradient(lambda x: losses.hinge_loss(LABELS, x, margin=0.5), LOGITS)
    np.testing.assert_array_equal(slope, np.zeros([2, 3]))


def test_the_hat_loss_is_what_the_lead_of_the_prediction_falls_short_of_the_margin():
    """The leads are 2 - 1 and .9 - .3."""
    assert float(losses.hat_loss(LOGITS)) == near((9 + 9.4) / 2)
    assert float(losses.hat_loss(LOGITS, margin=0.8)) == near((0 + 0.2) / 2)
    assert float(losses.hat_loss(tf.zeros([4, 3]))) == 10.0


def test_the_hat_loss_is_the_smallest_hinge_loss_of_all_labels():
    logits = tf.random.stateless_normal([50, 4], [1, 2], stddev=3.0)
    each = [
        min(float(losses.hinge_loss([label], row[tf.newaxis], 2.0)) for label in range(4))
        for row in logits
    ]
    assert float(losses.hat_loss(logits, 2.0)) == near(np.mean(each))


def test_the_hat_loss_drives_the_two_leading_classes_apart():
    slope = gradient(losses.hat_loss, LOGITS)
    np.testing.assert_array_equal(slope, [[0.5, -0.5, 0], [0.5, 0, -0.5]])


def test_losses_are_float32_of_any_logits():
    for dtype in (tf.bfloat16, tf.float32):
        logits = tf.cast(LOGITS, dtype)
        assert losses.hat_loss(logits).dtype == tf.float32
        assert losses.hinge_loss(LABELS, logits).dtype == tf.float32
