"""Losses between two predictions for the same image: by hand, identities, limits."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import distribution, losses

ONE = tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])
TWO = tf.constant([[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]])
WEAK = tf.constant([[4.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 3.5]])
STRONG = tf.constant([[2.0, 1.0, 0.0], [0.2, 0.1, 0.0], [1.0, 0.0, 0.5]])
NONE, SOME = tf.zeros([3]), tf.constant([1.0, 0.0, 1.0])
FIRST_VIEW = tf.constant([[1.0, 0.0], [0.6, 0.8]])
SECOND_VIEW = tf.constant([[0.8, 0.6], [0.0, 1.0]])


def near(value):
    return pytest.approx(value, abs=1e-5)


def vectors(rows=4, width=3, seed=1):
    return tf.random.stateless_normal([2, rows, width], [seed, seed])


def test_squared_distance_of_probabilities_and_of_logits():
    one, two = tf.nn.softmax(ONE), tf.nn.softmax(TWO)
    assert float(losses.squared_distance(one, two)) == near(0.020321)
    assert 10 * float(losses.squared_distance(one, two)) == near(0.203212)
    assert float(losses.squared_distance(ONE, TWO)) == near(0.275)
    assert float(losses.squared_distance(one, one)) == 0.0


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


def test_a_constant_added_to_all_logits_changes_nothing():
    labels, confident = losses.pseudo_labels(WEAK + 5.0, 0.9)
    np.testing.assert_array_equal(confident, SOME)
    for moved, before in (
        (losses.kl_divergence(ONE + 5.0, TWO - 3.0), losses.kl_divergence(ONE, TWO)),
        (
            losses.masked_cross_entropy(labels, STRONG + 5.0, confident),
            losses.masked_cross_entropy(labels, STRONG, confident),
        ),
        (
            losses.attention_divergence(WEAK + 5.0, STRONG - 3.0, SOME),
            losses.attention_divergence(WEAK, STRONG, SOME),
        ),
    ):
        assert float(moved) == near(float(before))


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_losses_of_huge_logits_are_finite(size):
    huge = tf.constant([[size, 0.0, -size]])
    for value in (
        losses.kl_divergence(huge, -huge),
        losses.attention_divergence(huge, -huge, tf.ones([1])),
    ):
        assert np.isfinite(float(value))


def test_pseudo_labels_by_hand():
    labels, confident = losses.pseudo_labels(WEAK, 0.9)
    np.testing.assert_array_equal(labels, [0, 0, 2])
    np.testing.assert_array_equal(confident, SOME)  # .964663, .506480, .943045
    assert labels.dtype == tf.int64 and confident.dtype == tf.float32
    np.testing.assert_array_equal(losses.pseudo_labels(WEAK, 0.95)[1], [1, 0, 0])


def test_a_strict_threshold_must_be_exceeded():
    even = tf.constant([[0.0, 0.0, -1e4], [0.1, 0.0, -1e4]])  # .5 exactly, and a little more
    np.testing.assert_array_equal(losses.pseudo_labels(even, 0.5)[1], [1, 1])
    np.testing.assert_array_equal(losses.pseudo_labels(even, 0.5, strict=True)[1], [0, 1])


def test_no_gradient_goes_into_pseudo_labels():
    with tf.GradientTape() as tape:
        tape.watch(WEAK)
        labels, confident = losses.pseudo_labels(WEAK, 0.9)
        loss = losses.masked_cross_entropy(labels, STRONG, confident)
    assert tape.gradient(loss, WEAK) is None


def test_the_unlabeled_loss_of_fixmatch_by_hand():
    labels, confident = losses.pseudo_labels(WEAK, 0.9)
    assert float(losses.masked_cross_entropy(labels, STRONG, confident)) == near(0.529292)
    assert float(losses.masked_cross_entropy(labels, STRONG, confident, True)) == near(0.793938)
    per_example = [
        float(losses.masked_cross_entropy(labels[i : i + 1], STRONG[i : i + 1], tf.ones([1])))
        for i in range(3)
    ]
    assert per_example == near([0.407606, 1.001943, 1.180270])


def test_pseudo_labels_of_the_same_logits_by_hand():
    labels, confident = losses.pseudo_labels(WEAK, 0.9, strict=True)
    assert float(losses.masked_cross_entropy(labels, WEAK, confident)) == near(0.031539)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, mask: losses.masked_cross_entropy(tf.constant([0, 1, 2]), x, mask),
        lambda x, mask: losses.masked_cross_entropy(tf.constant([0, 1, 2]), x, mask, True),
        lambda x, mask: losses.attention_divergence(x, STRONG, mask),
        lambda x, mask: losses.attention_divergence(STRONG, x, mask),
    ],
)
def test_loss_and_gradient_are_zero_if_no_example_is_selected(loss):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(WEAK)
        none, some = loss(WEAK, NONE), loss(WEAK, SOME)
    assert float(none) == 0.0 and float(some) > 0
    np.testing.assert_array_equal(tape.gradient(none, WEAK), np.zeros([3, 3]))
    gradient = tape.gradient(some, WEAK).numpy()
    assert np.any(gradient[0]) and not np.any(gradient[1])


def test_masked_mean_by_hand():
    values = tf.constant([1.0, 10.0, 4.0])
    assert float(losses.masked_mean(values, SOME)) == 2.5
    assert float(losses.masked_mean(values, NONE)) == 0.0


def test_attention_divergence_from_uniform_attention():
    """KL(p || uniform) = log positions - H(p): at most log positions, near it for a spike."""
    spikes = 50.0 * tf.one_hot([0, 7, 63], 64)
    flat = tf.zeros([3, 64])
    largest = float(losses.attention_divergence(spikes, flat, tf.ones([3])))
    assert largest == near(math.log(64))
    for scale in (0.1, 1.0, 10.0, 100.0):
        logits = scale * tf.random.stateless_normal([3, 64], [1, 1])
        value = float(losses.attention_divergence(logits, flat, tf.ones([3])))
        assert 0 < value <= math.log(64) + 1e-5
        assert value == near(math.log(64) - float(losses.entropy(logits)))


def test_attention_divergence_is_the_mean_over_the_selected():
    alone = [float(losses.kl_divergence(WEAK[i : i + 1], STRONG[i : i + 1])) for i in (0, 2)]
    value = losses.attention_divergence(WEAK, STRONG, SOME)
    assert float(value) == near(sum(alone) / 2)


def test_unit_norm_by_hand():
    directions = tf.constant([[3.0, -4.0, 0.0], [0.1, 0.2, 0.2]])
    expected = [[0.6, -0.8, 0.0], [0.333333, 0.666667, 0.666667]]
    np.testing.assert_allclose(losses.unit_norm(directions), expected, atol=1e-5)


@pytest.mark.parametrize("size", [1e-12, 1e-10, 1e-3, 1.0, 1e20, 1e30])
def test_unit_norm_gives_length_one(size):
    unit = losses.unit_norm(size * tf.random.stateless_normal([16, 4, 4, 3], [1, 1]))
    lengths = np.linalg.norm(unit.numpy().reshape(16, -1), axis=1)
    np.testing.assert_allclose(lengths, np.ones(16), atol=1e-4)


def test_unit_norm_keeps_the_direction_of_tiny_gradients():
    unit = losses.unit_norm(tf.constant([[3e-20, -4e-20]])).numpy()
    np.testing.assert_allclose(unit / np.linalg.norm(unit), [[0.6, -0.8]], atol=1e-5)
    assert 0 < np.linalg.norm(unit) < 1


def test_unit_norm_of_zero_is_zero():
    np.testing.assert_array_equal(losses.unit_norm(tf.zeros([2, 3, 3, 1])), np.zeros([2, 3, 3, 1]))


def direction_of(weights, probe, iterations):
    """The adversarial directions of a linear softmax classifier for three images.

    No start is orthogonal to the result: from there, a step of 1e-6 would be lost in rounding.
    """
    x = tf.constant([[0.3, -0.2, 0.1], [0.0, 0.1, 0.2], [-0.1, 0.3, 0.0]])
    start = tf.constant([[1.0, 0.2, 0.0], [0.1, 1.0, -0.3], [1.0, -1.0, 0.5]])
    return losses.adversarial_direction(
        lambda r: tf.matmul(x + r, weights), tf.matmul(x, weights), start, probe, iterations
    ).numpy()


@pytest.mark.parametrize("iterations", [1, 5])
@pytest.mark.parametrize(("probe", "tolerance"), [(1e-6, 0.1), (1e-2, 1e-3), (0.5, 1e-3)])
def test_the_adversarial_direction_of_two_linear_classes_is_their_difference(
    probe, tolerance, iterations
):
    weights = tf.constant([[2.0, -1.0], [0.5, 3.0], [-1.0, 1.0]])
    difference = (weights[:, 0] - weights[:, 1]).numpy()
    expected = difference / np.linalg.norm(difference)
    directions = direction_of(weights, probe, iterations)
    signs = np.sign(directions @ expected)
    np.testing.assert_allclose(directions * signs[:, None], [expected] * 3, atol=tolerance)


def test_the_direction_is_zero_without_a_slope():
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


def test_nt_xent_by_hand():
    """Cosines of .8 and .8 with the other view, and of .6, .96, 0 and .6 with the other images."""
    assert float(losses.nt_xent(FIRST_VIEW, SECOND_VIEW, 0.5)) == near(0.870714)
    assert float(losses.nt_xent(FIRST_VIEW, SECOND_VIEW, 2.0)) == near(1.020278)


@pytest.mark.parametrize("images", [2, 100])
def test_nt_xent_of_equal_vectors(images):
    alike = tf.tile([[0.3, -0.4, 1.2]], [images, 1])
    loss = float(losses.nt_xent(alike, alike, 0.5))
    assert loss == near(np.log(2 * images - 1))
    assert loss == near({2: 1.098612, 100: 5.293305}[images])


def test_nt_xent_is_the_formula():
    one, two = vectors(5, 4).numpy()
    v = np.concatenate([one, two])
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    similarity = np.exp(v @ v.T / 0.3)
    pairs = [
        -np.log(similarity[i, (i + 5) % 10] / (similarity[i].sum() - similarity[i, i]))
        for i in range(10)
    ]
    assert float(losses.nt_xent(one, two, 0.3)) == near(np.mean(pairs))


def test_nt_xent_ignores_lengths_the_order_of_views_and_the_order_of_images():
    one, two = vectors()
    before = float(losses.nt_xent(one, two, 0.5))
    assert float(losses.nt_xent(5.0 * one, 0.1 * two, 0.5)) == near(before)
    assert float(losses.nt_xent(two, one, 0.5)) == near(before)
    assert float(losses.nt_xent(one[::-1], two[::-1], 0.5)) == near(before)
    assert float(losses.nt_xent(one, two[::-1], 0.5)) != near(before)


def test_nt_xent_is_least_if_views_agree_and_images_differ():
    unit = tf.eye(4)
    agree = float(losses.nt_xent(unit, unit, 0.5))
    assert agree == near(np.log(1 + 6 * np.exp(-2.0)))
    assert float(losses.nt_xent(unit, unit, 0.01)) == near(0.0)


def test_nt_xent_on_two_replicas_is_that_on_one():
    """The loss and the gradient, each the mean over the replicas."""
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


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: losses.squared_distance(tf.nn.softmax(x), tf.nn.softmax(TWO)),
        lambda x: losses.kl_divergence(x, TWO),
        lambda x: losses.kl_divergence(TWO, x),
    ],
)
def test_gradients_equal_finite_differences(loss):
    theory, numbers = tf.test.compute_gradient(loss, [ONE.numpy()], delta=1e-2)
    np.testing.assert_allclose(theory[0], numbers[0], atol=2e-3)


def test_alignment_by_hand():
    """[.5, .3, .2] times [.2, .4, .4] / [.4, .4, .2] is [.25, .3, .4], whose sum is .95."""
    logits = tf.math.log(tf.constant([[0.5, 0.3, 0.2]]))
    mean = tf.constant([0.4, 0.4, 0.2])
    aligned = tf.nn.softmax(losses.align_distribution(logits, mean, (0.2, 0.4, 0.4)))
    np.testing.assert_allclose(aligned, [[0.25 / 0.95, 0.3 / 0.95, 0.4 / 0.95]], atol=1e-5)


def test_predictions_with_the_distribution_of_the_target_are_unchanged():
    for target in ((0.2, 0.4, 0.4), (1.0, 0.0, 0.0), (1 / 3, 1 / 3, 1 / 3)):
        same = losses.align_distribution(WEAK, tf.constant(target), target)
        np.testing.assert_array_equal(same, WEAK)


def test_aligned_predictions_of_one_kind_have_the_distribution_of_the_target():
    """If all predictions are equal, they are their own mean."""
    target = (0.7, 0.2, 0.1)
    mean = tf.nn.softmax(WEAK[1])
    aligned = losses.align_distribution(tf.tile(WEAK[1:2], [5, 1]), mean, target)
    np.testing.assert_allclose(tf.nn.softmax(aligned), [target] * 5, atol=1e-5)


def test_classes_that_never_occur_align_to_finite_logits():
    for mean, target in (([1.0, 0.0, 0.0], (0.0, 0.0, 1.0)), ([0.0, 0.5, 0.5], (1.0, 0.0, 0.0))):
        aligned = losses.align_distribution(1e4 * WEAK, tf.constant(mean), target)
        assert np.all(np.isfinite(aligned)) and np.all(np.isfinite(tf.nn.softmax(aligned)))


def test_aligned_predictions_have_no_gradient():
    mean = tf.constant([0.2, 0.2, 0.6])
    with tf.GradientTape() as tape:
        tape.watch([WEAK, mean])
        value = tf.reduce_sum(losses.align_distribution(WEAK, mean, (0.3, 0.3, 0.4)))
    assert tape.gradient(value, [WEAK, mean]) == [None, None]


def test_the_squared_difference_is_the_mean_over_batch_and_classes():
    """The squared distance .020321 over three classes; logits are no probabilities."""
    target = tf.nn.softmax(TWO)
    assert float(losses.mean_squared_difference(ONE, target)) == near(0.006774)
    assert float(losses.mean_squared_difference(ONE + 5.0, target)) == near(0.006774)
    assert float(losses.mean_squared_difference(TWO, target)) == near(0.0)
    assert float(losses.mean_squared_difference(100.0 * tf.eye(3), tf.eye(3)[::-1])) == near(4 / 9)


def test_the_weights_of_a_squared_difference_do_not_change_what_it_is_divided_by():
    target = tf.nn.softmax(TWO)
    first = float(losses.mean_squared_difference(ONE[:1], target[:1]))
    both = losses.mean_squared_difference(ONE, target, tf.constant([3.0, 0.0]))
    assert float(both) == near(3 * first / 2) and float(both) > 0.001
    assert float(losses.mean_squared_difference(ONE, target, tf.zeros([2]))) == 0.0
    assert float(losses.mean_squared_difference(ONE, target, tf.ones([2]))) == near(0.006774)


def test_gradients_of_a_squared_difference_go_into_both_sides():
    target = tf.nn.softmax(TWO)
    with tf.GradientTape() as tape:
        tape.watch([ONE, target])
        value = losses.mean_squared_difference(ONE, target)
    into, back = tape.gradient(value, [ONE, target])
    assert np.any(into)
    np.testing.assert_allclose(back, 2 * (target - tf.nn.softmax(ONE)) / 6, atol=1e-6)


@pytest.mark.parametrize(
    ("latest", "thresholds"),
    [
        ([-1] * 10, [0.0, 0.0, 0.0]),  # nothing is learned: every prediction is taken
        ([0] * 4 + [1] * 2 + [-1] * 4, [0.9, 0.3, 0.0]),  # beta is 1, 1/2 and 0
        ([0] * 2 + [-1] * 8, [0.9 / 7, 0.0, 0.0]),  # the unused ones count: beta is 1/4
        ([0, 1, 2] * 3, [0.9, 0.9, 0.9]),  # as in FixMatch
        ([2] * 10, [0.0, 0.0, 0.9]),
    ],
)
def test_thresholds_by_class_by_hand(latest, thresholds):
    found = losses.class_thresholds(tf.constant(latest, tf.int64), 3, 0.9)
    np.testing.assert_allclose(found, thresholds, rtol=1e-6)


def test_each_predicted_class_may_have_a_threshold_of_its_own():
    """The largest probabilities are .964663, .506480 and .943045, of classes 0, 0 and 2."""
    labels, confident = losses.pseudo_labels(WEAK, tf.constant([0.6, 0.0, 0.95]))
    np.testing.assert_array_equal(labels, [0, 0, 2])
    np.testing.assert_array_equal(confident, [1.0, 0.0, 0.0])
    equal = losses.pseudo_labels(WEAK, tf.fill([3], 0.9))
    np.testing.assert_array_equal(equal[1], losses.pseudo_labels(WEAK, 0.9)[1])


def test_sharpened_probabilities_by_hand():
    """Squares at T = 1/2: .25, .09 and .04 of .38; their roots at T = 2."""
    p = tf.constant([[0.5, 0.3, 0.2]])
    np.testing.assert_allclose(losses.sharpen(p, 0.5), [[0.657895, 0.236842, 0.105263]], atol=1e-6)
    roots = np.sqrt([0.5, 0.3, 0.2])
    np.testing.assert_allclose(losses.sharpen(p, 2.0)[0], roots / roots.sum(), atol=1e-6)


def test_refined_and_guessed_labels_by_hand():
    """Of .7 (0, 1, 0) + .3 (.5, .3, .2) = (.15, .79, .06), and of the mean (.55, .275, .175)."""
    p, label = tf.constant([[0.5, 0.3, 0.2]]), tf.constant([[0.0, 1.0, 0.0]])
    refined = losses.sharpen(0.7 * label + 0.3 * p, 0.5)
    np.testing.assert_allclose(refined, [[0.034605, 0.959859, 0.005537]], atol=1e-6)
    predictions = [[0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.4, 0.4, 0.2], [0.7, 0.2, 0.1]]
    guessed = losses.sharpen(tf.reduce_mean(predictions, axis=0, keepdims=True), 0.5)
    np.testing.assert_allclose(guessed, [[0.740061, 0.185015, 0.074924]], atol=1e-6)
    logits = tf.math.log([[0.6, 0.3, 0.1]])
    assert float(losses.mean_squared_difference(logits, guessed)) == near(0.011156)


def test_the_limits_of_sharpening():
    p = tf.nn.softmax(tf.random.stateless_normal([20, 5], [3, 1]))
    np.testing.assert_allclose(losses.sharpen(p, 1.0), p, rtol=1e-6)
    np.testing.assert_allclose(losses.sharpen(p, 1e-3), tf.one_hot(tf.argmax(p, -1), 5), atol=1e-3)
    np.testing.assert_allclose(losses.sharpen(p, 1e6), np.full((20, 5), 0.2), atol=1e-5)
    np.testing.assert_allclose(tf.reduce_sum(losses.sharpen(p, 0.3), -1), np.ones(20), rtol=1e-6)


def test_sharpening_leaves_uniform_and_certain_predictions_as_they_are():
    """A hundredth to the power of 100 is no number of float32."""
    for p in (tf.fill([2, 100], 0.01), tf.eye(4)):
        np.testing.assert_allclose(losses.sharpen(p, 0.01), p, rtol=1e-6)


def test_sharpening_divides_the_logarithms_by_the_temperature():
    logits = tf.random.stateless_normal([20, 5], [3, 2])
    expected = tf.nn.softmax(logits / 0.4)
    np.testing.assert_allclose(losses.sharpen(tf.nn.softmax(logits), 0.4), expected, atol=1e-6)


def test_sharpened_probabilities_are_float32_without_a_gradient():
    p = tf.constant([[0.5, 0.5, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(p)
        sharpened = losses.sharpen(p, 0.5)
    assert tape.gradient(sharpened, p) is None
    assert losses.sharpen(tf.cast(p, tf.bfloat16), 0.5).dtype == tf.float32
