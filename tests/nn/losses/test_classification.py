"""Losses on labeled images: numbers worked by hand, identities, limits, gradients."""

import math

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
TARGETS = tf.constant([[0.2, 0.7, 0.1], [0.0, 0.5, 0.5]])
OTHERS = tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])


def near(value):
    return pytest.approx(value, abs=1e-5)


def test_cross_entropy_by_hand():
    assert float(losses.cross_entropy(LABELS[:1], LOGITS[:1])) == near(0.371539)
    assert float(losses.cross_entropy(LABELS[1:], LOGITS[1:])) == near(0.632166)
    assert float(losses.cross_entropy(LABELS, LOGITS)) == near(0.501853)


@pytest.mark.parametrize(("classes", "value"), [(2, 0.693147), (10, 2.302585), (100, 4.605170)])
def test_cross_entropy_of_zero_logits(classes, value):
    assert float(losses.cross_entropy(tf.zeros([4], tf.int64), tf.zeros([4, classes]))) == near(
        value
    )


def test_cross_entropy_counts_only_known_labels():
    half = losses.cross_entropy(tf.constant([1, -1]), LOGITS)
    assert float(half) == near(0.371539)
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        none = losses.cross_entropy(tf.constant([-1, -1]), LOGITS)
    assert float(none) == 0.0
    np.testing.assert_array_equal(tape.gradient(none, LOGITS), np.zeros([2, 3]))


def test_cross_entropy_of_huge_logits_is_finite():
    for size in (1e4, -1e4):
        huge = tf.constant([[size, 0.0, -size]])
        assert np.isfinite(float(losses.cross_entropy(tf.constant([2]), huge)))


def test_noise_regularization_by_hand():
    noisy = losses.one_vs_rest(GIVEN, RESIDUAL + NOISY)
    clean = losses.one_vs_rest(TRUE, CLEAN)
    assert float(noisy) == near(3.278676) and float(clean) == near(1.184586)
    assert float(noisy + 0.2 * clean) == near(3.515594)
    assert float(losses.cross_entropy(GIVEN, RESIDUAL + NOISY)) == near(2.42005)
    assert float(losses.cross_entropy(TRUE, CLEAN)) == near(0.181784)


def test_losses_of_zero_logits():
    zeros, labels = tf.zeros([4, 10]), tf.constant([0, 3, 3, 9])
    every = losses.one_vs_rest(labels, zeros)
    assert float(every) == near(10 * np.log(2)) == near(6.931472)
    assert float(every + 0.2 * every) == near(8.317766)
    assert float(losses.exchanged_cross_entropy(labels, zeros)) == near(2.361150)


def test_the_bounds_of_the_exchanged_cross_entropy():
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


def test_a_constant_added_to_all_logits_changes_the_sigmoid_loss_but_no_softmax_loss():
    for loss in (losses.cross_entropy, losses.exchanged_cross_entropy):
        assert float(loss(LABELS, LOGITS + 7.0)) == near(float(loss(LABELS, LOGITS)))
    assert float(losses.cross_entropy(LABELS, LOGITS + 3.0)) == near(0.501853)
    assert float(losses.entropy(OTHERS + 5.0)) == near(float(losses.entropy(OTHERS)))
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
def test_losses_of_labels_accept_large_logits_and_bfloat16(loss):
    huge = 1e4 * LOGITS
    with tf.GradientTape() as tape:
        tape.watch(huge)
        value = loss(LABELS, huge)
    assert np.isfinite(value) and np.all(np.isfinite(tape.gradient(value, huge)))
    rough = loss(LABELS, tf.cast(LOGITS, tf.bfloat16))
    assert rough.dtype == tf.float32
    assert float(rough) == pytest.approx(float(loss(LABELS, LOGITS)), abs=0.02)


def test_the_gradient_of_one_vs_rest_is_the_error_of_each_class():
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        loss = losses.one_vs_rest(LABELS, LOGITS)
    expected = (tf.sigmoid(LOGITS) - tf.one_hot(LABELS, 3)) / 2
    np.testing.assert_allclose(tape.gradient(loss, LOGITS), expected, atol=1e-6)


def test_mean_confidence_by_hand():
    assert float(losses.mean_confidence(OTHERS)) == near(0.814696)
    assert float(losses.mean_confidence(OTHERS + 3.0)) == near(0.814696)
    assert float(losses.mean_confidence(tf.zeros([4, 10]))) == near(0.1)


def test_entropy_by_hand():
    assert float(losses.entropy(OTHERS[:1])) == near(0.621585)
    assert float(losses.entropy(OTHERS[1:])) == near(0.524267)
    assert float(losses.entropy(OTHERS)) == near(0.572926)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_entropy_of_uniform_and_of_certain_predictions(classes):
    assert float(losses.entropy(tf.zeros([4, classes]))) == near(math.log(classes))
    assert float(losses.entropy(200.0 * tf.one_hot([0, 1], classes))) == near(0.0)


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_entropy_of_huge_logits_is_finite(size):
    assert np.isfinite(float(losses.entropy(tf.constant([[size, 0.0, -size]]))))


def test_the_l2_loss_is_half_the_sum_of_squares():
    weights = [tf.constant([[1.0, 2.0]]), tf.constant([3.0], tf.bfloat16)]
    value = losses.l2_loss(weights)
    assert float(value) == 7.0 and value.dtype == tf.float32


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: losses.cross_entropy(LABELS, x),
        lambda x: losses.soft_cross_entropy(TARGETS, x),
        lambda x: losses.soft_cross_entropy(x, LOGITS),
        losses.entropy,
    ],
    ids=["labels", "logits", "targets", "entropy"],
)
def test_gradients_equal_finite_differences(loss):
    theory, numbers = tf.test.compute_gradient(loss, [OTHERS.numpy()], delta=1e-2)
    np.testing.assert_allclose(theory[0], numbers[0], atol=2e-3)


WEIGHTS = tf.constant([3.0, 0.5])
LABEL_LOSSES = (losses.cross_entropy, losses.one_vs_rest, losses.exchanged_cross_entropy)


@pytest.mark.parametrize("loss", LABEL_LOSSES)
def test_weights_are_factors_of_each_examples_loss(loss):
    rows = [float(loss(LABELS[i : i + 1], LOGITS[i : i + 1])) for i in range(2)]
    expected = (3.0 * rows[0] + 0.5 * rows[1]) / 2
    assert float(loss(LABELS, LOGITS, WEIGHTS)) == near(expected)
    ones, none = loss(LABELS, LOGITS, tf.ones([2])), loss(LABELS, LOGITS)
    assert ones.numpy() == none.numpy()
    assert float(loss(LABELS, LOGITS, tf.zeros([2]))) == 0.0


@pytest.mark.parametrize("loss", LABEL_LOSSES)
def test_an_example_without_weight_has_no_gradient(loss):
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        value = loss(LABELS, LOGITS, tf.constant([0.0, 2.0]))
    weightless, other = tape.gradient(value, LOGITS).numpy()
    assert not weightless.any() and other.all()


def test_a_weighted_cross_entropy_by_hand():
    assert float(losses.cross_entropy(LABELS, LOGITS, WEIGHTS)) == near(0.715350)
    known = losses.cross_entropy(tf.constant([1, -1]), LOGITS, WEIGHTS)
    assert float(known) == near(3 * 0.371539)  # the example without a label does not count


def test_cross_entropy_of_the_batch_divides_by_all_rows():
    """Half of .371539, because one of two labels is missing; without gaps it is the usual mean."""
    gap = tf.constant([1, -1])
    assert float(losses.cross_entropy(gap, LOGITS, of_batch=True)) == near(0.371539 / 2)
    assert float(losses.cross_entropy(LABELS, LOGITS, of_batch=True)) == near(0.501853)
    assert float(losses.cross_entropy(tf.constant([-1, -1]), LOGITS, of_batch=True)) == 0.0
    weighted = losses.cross_entropy(gap, LOGITS, tf.constant([3.0, 5.0]), of_batch=True)
    assert float(weighted) == near(3 * 0.371539 / 2)


def test_cross_entropy_of_the_batch_is_the_same_where_replicas_have_different_numbers_of_labels():
    """Three labels on one replica and none on the other: the mean of their losses and gradients."""
    labels = tf.constant([1, 2, 0, -1, -1, -1, -1, -1])
    logits = tf.random.stateless_normal([8, 3], [1, 2])

    def loss_and_slope(labels, logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = losses.cross_entropy(labels, logits, of_batch=True)
        return loss, tape.gradient(loss, logits)

    strategy = distribution.strategy(2)

    @tf.function
    def both():
        def own():
            rows = [distribution.replica_share(value) for value in (labels, logits)]
            loss, slope = loss_and_slope(*rows)
            return distribution.mean_over_replicas(loss), slope / distribution.num_replicas()

        return strategy.run(own)

    loss, slope = loss_and_slope(labels, logits)
    means, slopes = map(strategy.experimental_local_results, both())
    assert float(means[0]) == float(means[1]) == near(float(loss))
    np.testing.assert_allclose(np.concatenate(slopes), slope, atol=1e-7)
    assert np.any(slope[:3]) and not np.any(slope[3:])


def test_the_loss_of_a_mixture_is_the_cross_entropy_of_the_mixed_one_hot_labels():
    logits = tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]])
    labels, others = tf.constant([1, 2]), tf.constant([2, 2])
    target = 0.3 * tf.one_hot(labels, 3) + 0.7 * tf.one_hot(others, 3)
    expected = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(target, logits))
    found = losses.mixed_cross_entropy(labels, others, 0.3, logits)
    assert float(found) == pytest.approx(float(expected), rel=1e-6)


def test_a_mixture_that_is_one_of_its_images_has_the_loss_of_this_image():
    logits, labels, others = tf.eye(3), tf.constant([0, 1, 2]), tf.constant([1, 1, 0])
    for share, only in ((1.0, labels), (0.0, others)):
        found = losses.mixed_cross_entropy(labels, others, share, logits)
        assert float(found) == float(losses.cross_entropy(only, logits))


def test_each_label_of_a_mixture_has_its_own_weight():
    """Of three equal logits each cross-entropy is log 3; here the weights are 2, 0 and 4, 1."""
    found = losses.mixed_cross_entropy(
        tf.constant([0, 1]), tf.constant([1, 0]), 0.25, tf.zeros([2, 3]),
        tf.constant([2.0, 0.0]), tf.constant([4.0, 1.0]),
    )  # fmt: skip
    assert float(found) == pytest.approx((0.25 * 1.0 + 0.75 * 2.5) * math.log(3), rel=1e-6)


def test_the_soft_cross_entropy_by_hand():
    """-log p is 1.371539, .371539, 2.871539 and 1.232166, 1.732166, .632166."""
    one, two = (
        float(losses.soft_cross_entropy(TARGETS[k : k + 1], LOGITS[k : k + 1])) for k in (0, 1)
    )
    assert one == near(0.2 * 1.371539 + 0.7 * 0.371539 + 0.1 * 2.871539) == near(0.821539)
    assert two == near(0.5 * 1.732166 + 0.5 * 0.632166) == near(1.182166)
    assert float(losses.soft_cross_entropy(TARGETS, LOGITS)) == near((one + two) / 2)


def test_the_soft_cross_entropy_of_one_hot_targets_is_the_cross_entropy():
    ones = tf.one_hot(LABELS, 3)
    for weights in (None, WEIGHTS):
        found = losses.soft_cross_entropy(ones, LOGITS, weights)
        assert float(found) == near(float(losses.cross_entropy(LABELS, LOGITS, weights)))


def test_the_soft_cross_entropy_of_mixed_one_hot_targets_is_that_of_a_mixture():
    labels, others = tf.constant([1, 2]), tf.constant([2, 0])
    targets = 0.3 * tf.one_hot(labels, 3) + 0.7 * tf.one_hot(others, 3)
    found = losses.soft_cross_entropy(targets, LOGITS)
    assert float(found) == near(float(losses.mixed_cross_entropy(labels, others, 0.3, LOGITS)))


def test_the_soft_cross_entropy_is_entropy_plus_divergence():
    target = tf.nn.softmax(OTHERS)
    expected = losses.entropy(OTHERS) + losses.kl_divergence(OTHERS, LOGITS)
    assert float(losses.soft_cross_entropy(target, LOGITS)) == near(float(expected))
    assert float(losses.soft_cross_entropy(target, OTHERS)) == near(float(losses.entropy(OTHERS)))


def test_weights_are_factors_of_the_soft_cross_entropy_of_each_example():
    found = losses.soft_cross_entropy(TARGETS, LOGITS, WEIGHTS)
    assert float(found) == near((3.0 * 0.821539 + 0.5 * 1.182166) / 2)
    assert float(losses.soft_cross_entropy(TARGETS, LOGITS, tf.zeros([2]))) == 0.0


def test_the_soft_cross_entropy_accepts_large_logits_and_bfloat16():
    huge = 1e4 * LOGITS
    with tf.GradientTape() as tape:
        tape.watch(huge)
        value = losses.soft_cross_entropy(TARGETS, huge)
    assert np.isfinite(value) and np.all(np.isfinite(tape.gradient(value, huge)))
    rough = losses.soft_cross_entropy(*(tf.cast(x, tf.bfloat16) for x in (TARGETS, LOGITS)))
    assert rough.dtype == tf.float32
    assert float(rough) == pytest.approx(1.001853, abs=0.02)
    shifted = losses.soft_cross_entropy(TARGETS, LOGITS + 7.0)
    assert float(shifted) == near(float(losses.soft_cross_entropy(TARGETS, LOGITS)))
