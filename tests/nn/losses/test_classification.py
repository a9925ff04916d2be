"""Losses of labels that may be wrong, of contrast and of least squares."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, losses

RESIDUAL = tf.constant([[0.5, -1.0, 0.2]])
NOISY = tf.constant([[1.0, 0.3, -0.7]])
CLEAN = tf.constant([[2.0, -1.0, 0.1]])
GIVEN, TRUE = tf.constant([1]), tf.constant([0])
LOGITS = tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]])
LABELS = tf.constant([1, 2])
ONE = tf.constant([[1.0, 0.0], [0.6, 0.8]])
TWO = tf.constant([[0.8, 0.6], [0.0, 1.0]])


def near(value):
    return pytest.approx(value, abs=1e-5)


def logit(probabilities):
    p = np.array(probabilities, np.float32)
    return tf.constant(np.log(p / (1 - p)))


def vectors(rows=4, width=3, seed=1):
    return tf.random.stateless_normal([2, rows, width], [seed, seed])


def test_noise_regularization_by_hand():
    noisy = losses.one_vs_rest(GIVEN, RESIDUAL + NOISY)
    clean = losses.one_vs_rest(TRUE, CLEAN)
    assert float(noisy) == near(3.278676) and float(clean) == near(1.184586)
    assert float(noisy + 0.2 * clean) == near(3.515594)
    assert float(losses.cross_entropy(GIVEN, RESIDUAL + NOISY)) == near(2.42005)
    assert float(losses.cross_entropy(TRUE, CLEAN)) == near(0.181784)


def test_heads_that_say_nothing():
    zeros, labels = tf.zeros([4, 10]), tf.constant([0, 3, 3, 9])
    every = losses.one_vs_rest(labels, zeros)
    assert float(every) == near(10 * np.log(2)) == near(6.931472)
    assert float(every + 0.2 * every) == near(8.317766)
    assert float(losses.exchanged_cross_entropy(labels, zeros)) == near(2.361150)


def test_the_ends_of_the_exchanged_cross_entropy():
    labels = tf.constant([0, 1])
    right, wrong = 50.0 * tf.eye(2, 10), -50.0 * tf.eye(2, 10)
    assert float(losses.exchanged_cross_entropy(labels, right)) == near(1.461150)
    assert float(losses.exchanged_cross_entropy(labels, wrong)) == near(2.461150)
    assert np.log(np.e + 9) == near(2.461150)


def test_the_exchanged_cross_entropy_is_a_cross_entropy():
    """-sum_k p_k log softmax(one-hot)_k, p of the logits."""
    p, ones = tf.nn.softmax(LOGITS), tf.one_hot(LABELS, 3)
    expected = -tf.reduce_mean(tf.reduce_sum(p * tf.nn.log_softmax(ones), -1))
    assert float(losses.exchanged_cross_entropy(LABELS, LOGITS)) == near(float(expected))


def test_a_constant_changes_each_class_s_loss_but_no_softmax_s():
    for loss in (losses.cross_entropy, losses.exchanged_cross_entropy):
        assert float(loss(LABELS, LOGITS + 7.0)) == near(float(loss(LABELS, LOGITS)))
    before = float(losses.one_vs_rest(LABELS, LOGITS))
    assert abs(float(losses.one_vs_rest(LABELS, LOGITS + 7.0)) - before) > 1


@pytest.mark.parametrize("loss", [losses.one_vs_rest, losses.exchanged_cross_entropy])
def test_losses_of_labels_are_means_over_the_batch(loss):
    once = float(loss(LABELS, LOGITS))
    assert float(loss(tf.tile(LABELS, [3]), tf.tile(LOGITS, [3, 1]))) == near(once)
    assert float(loss(LABELS[::-1], LOGITS[::-1])) == near(once)
    rows = [float(loss(LABELS[i : i + 1], LOGITS[i : i + 1])) for i in range(2)]
    assert once == near(np.mean(rows))


@pytest.mark.parametrize("loss", [losses.one_vs_rest, losses.exchanged_cross_entropy])
def test_losses_of_labels_bear_large_logits_and_bfloat16(loss):
    huge = 1e4 * LOGITS
    with tf.GradientTape() as tape:
        tape.watch(huge)
        found = loss(LABELS, huge)
    assert np.isfinite(found) and np.all(np.isfinite(tape.gradient(found, huge)))
    rough = loss(LABELS, tf.cast(LOGITS, tf.bfloat16))
    assert rough.dtype == tf.float32
    assert float(rough) == pytest.approx(float(loss(LABELS, LOGITS)), abs=0.02)


def test_the_gradient_of_each_class_is_its_error():
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        loss = losses.one_vs_rest(LABELS, LOGITS)
    expected = (tf.sigmoid(LOGITS) - tf.one_hot(LABELS, 3)) / 2
    np.testing.assert_allclose(tape.gradient(loss, LOGITS), expected, atol=1e-6)


def test_least_squares_by_hand():
    real, fake = logit([0.9, 0.4]), logit([0.2, 0.7])
    assert float(losses.cross_entropy(LABELS, LOGITS)) == near(0.501853)
    assert float(losses.least_squares_critic_loss(real, fake)) == near(0.45)
    assert float(losses.least_squares_generator_loss(fake)) == near(0.365)


def test_least_squares_of_a_judge_that_says_nothing_and_of_one_that_knows():
    zeros, large = tf.zeros([3, 1]), tf.fill([3, 1], 100.0)
    assert float(losses.least_squares_critic_loss(zeros, zeros)) == 0.5
    assert float(losses.least_squares_generator_loss(zeros)) == 0.25
    assert float(losses.least_squares_critic_loss(large, -large)) == near(0.0)
    assert float(losses.least_squares_critic_loss(-large, large)) == near(2.0)
    assert float(losses.least_squares_generator_loss(-large)) == near(1.0)


def test_least_squares_of_batches_of_two_sizes():
    """Each mean by itself: nothing is broadcast."""
    real, fake = logit([[0.9], [0.4], [0.5]]), logit([[0.2], [0.7]])
    expected = (0.01 + 0.36 + 0.25) / 3 + (0.04 + 0.49) / 2
    assert float(losses.least_squares_critic_loss(real, fake)) == near(expected)


def test_contrast_by_hand():
    """Both views at .8 and .8 of each other, and .6, .96, 0 and .6 of the others."""
    assert float(losses.nt_xent(ONE, TWO, 0.5)) == near(0.870714)
    assert float(losses.nt_xent(ONE, TWO, 2.0)) == near(1.020278)


@pytest.mark.parametrize("images", [2, 100])
def test_contrast_where_all_are_alike(images):
    alike = tf.tile([[0.3, -0.4, 1.2]], [images, 1])
    found = float(losses.nt_xent(alike, alike, 0.5))
    assert found == near(np.log(2 * images - 1))
    assert found == near({2: 1.098612, 100: 5.293305}[images])


def test_contrast_is_the_formula():
    one, two = vectors(5, 4).numpy()
    v = np.concatenate([one, two])
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    similar = np.exp(v @ v.T / 0.3)
    pairs = [
        -np.log(similar[i, (i + 5) % 10] / (similar[i].sum() - similar[i, i])) for i in range(10)
    ]
    assert float(losses.nt_xent(one, two, 0.3)) == near(np.mean(pairs))


def test_contrast_sees_no_lengths_no_order_of_views_and_no_order_of_images():
    one, two = vectors()
    before = float(losses.nt_xent(one, two, 0.5))
    assert float(losses.nt_xent(5.0 * one, 0.1 * two, 0.5)) == near(before)
    assert float(losses.nt_xent(two, one, 0.5)) == near(before)
    assert float(losses.nt_xent(one[::-1], two[::-1], 0.5)) == near(before)
    assert float(losses.nt_xent(one, two[::-1], 0.5)) != near(before)


def test_contrast_is_coldest_where_views_agree_and_images_differ():
    unit = tf.eye(4)
    agree = float(losses.nt_xent(unit, unit, 0.5))
    assert agree == near(np.log(1 + 6 * np.exp(-2.0)))
    assert float(losses.nt_xent(unit, unit, 0.01)) == near(0.0)


def test_contrast_on_two_replicas_is_that_on_one():
    """The loss, and the gradient that a player makes of it: the mean over the replicas."""
    one, two = vectors()

    def loss_and_slopes(one, two):
        with tf.GradientTape() as tape:
            tape.watch([one, two])
            loss = losses.nt_xent(one, two, 0.5)
        return loss, tape.gradient(loss, [one, two])

    strategy = distribution.strategy(2)

    @tf.function
    def both():
        def own():
            loss, slopes = loss_and_slopes(
                distribution.replica_share(one), distribution.replica_share(two)
            )
            return distribution.mean_over_replicas(loss), [
                slope / distribution.num_replicas() for slope in slopes
            ]

        return strategy.run(own)

    alone, alone_slopes = loss_and_slopes(one, two)
    means, slopes = both()
    for mean in strategy.experimental_local_results(means):
        assert float(mean) == near(float(alone))
    for slope, expected in zip(slopes, alone_slopes, strict=True):
        rows = np.concatenate(strategy.experimental_local_results(slope))
        np.testing.assert_allclose(rows, expected, atol=1e-6)
        assert np.any(np.abs(rows) > 1e-3)
