"""Losses of discriminators, critics and generators: by hand, identities, gradients."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.nn import losses

LABELED = tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]])
LABELS = tf.constant([1, 2])
UNLABELED = tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])
SECOND = tf.constant([[2.3, 0.3, -0.9], [0.0, 1.5, 2.6]])
GENERATED = tf.constant([[0.2, -0.3, 0.1], [-1.0, -2.0, 0.5]])
REAL_FEATURES = tf.constant([[1.0, 0.0, 2.0, -1.0], [3.0, 1.0, 0.0, 0.5]])
FAKE_FEATURES = tf.constant([[0.5, 0.2, 1.0, 0.0], [0.0, 1.0, 1.0, 0.5], [1.0, -0.4, 0.7, 0.1]])
REAL_POINTS = tf.constant([[1.0, 0.0], [0.0, 2.0]])
FAKE_POINTS = tf.constant([[0.0, 1.0], [-1.0, 0.0]])
MIX = tf.constant([[0.25], [0.5]])


def near(value):
    return pytest.approx(value, abs=1e-5)


def logit(probabilities):
    p = np.array(probabilities, np.float32)
    return tf.constant(np.log(p / (1 - p)))


def linear_critic(x):
    return tf.linalg.matvec(x, tf.constant([3.0, 4.0]))


def quadratic_critic(x):
    return 0.5 * tf.reduce_sum(tf.square(x), 1)


def test_real_or_fake_in_full_and_half_form():
    assert float(losses.real_or_fake(UNLABELED, GENERATED)) == near(1.346604)
    assert 0.5 * float(losses.real_or_fake(UNLABELED, GENERATED)) == near(0.673302)
    assert 2.0 * float(losses.real_or_fake(UNLABELED, GENERATED)) == near(2.693209)


@pytest.mark.parametrize(("classes", "half"), [(10, 1.246603), (100, 2.312535)])
def test_real_or_fake_of_zero_logits(classes, half):
    zeros = tf.zeros([4, classes])
    assert 0.5 * float(losses.real_or_fake(zeros, zeros)) == near(half)


def test_real_or_fake_equals_a_softmax_with_an_explicit_fake_class():
    def fake_probability(logits):
        return tf.nn.softmax(tf.concat([logits, tf.zeros([2, 1])], 1))[:, -1]

    explicit = -tf.reduce_mean(tf.math.log(1 - fake_probability(UNLABELED))) - tf.reduce_mean(
        tf.math.log(fake_probability(GENERATED))
    )
    assert float(losses.real_or_fake(UNLABELED, GENERATED)) == near(float(explicit))


def test_the_generator_loss_by_hand():
    assert float(losses.generator_loss(GENERATED)) == near(0.331912)
    assert float(losses.generator_loss(tf.zeros([4, 10]))) == near(0.095310)


def test_feature_matching_of_batches_of_different_size():
    assert float(losses.feature_matching(REAL_FEATURES, FAKE_FEATURES)) == near(0.570833)
    assert 4 * float(losses.feature_matching(REAL_FEATURES, FAKE_FEATURES)) == near(2.283333)


def test_the_discriminator_loss_of_frgan_by_hand():
    consistency = losses.squared_distance(tf.nn.softmax(UNLABELED), tf.nn.softmax(SECOND))
    adversarial = losses.real_or_fake(UNLABELED, GENERATED)
    supervised = losses.cross_entropy(LABELS, LABELED)
    assert float(supervised + adversarial + 10 * consistency) == near(2.051670)
    assert float(supervised + adversarial) == near(1.848457)
    assert float(supervised + 0.5 * adversarial) == near(1.175155)


def test_a_constant_added_to_all_logits_changes_the_adversarial_losses():
    moved = UNLABELED + 3.0
    assert float(losses.real_or_fake(moved, GENERATED)) != near(1.346604)
    assert float(losses.generator_loss(GENERATED + 3.0)) != near(0.331912)


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_adversarial_losses_of_huge_logits_are_finite(size):
    huge = tf.constant([[size, 0.0, -size]])
    for value in (losses.real_or_fake(huge, huge), losses.generator_loss(huge)):
        assert np.isfinite(float(value))


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: losses.real_or_fake(x, GENERATED),
        lambda x: losses.real_or_fake(UNLABELED, x),
        losses.generator_loss,
        lambda x: losses.feature_matching(x, REAL_FEATURES[:, :3]),
    ],
)
def test_gradients_equal_finite_differences(loss):
    theory, numbers = tf.test.compute_gradient(loss, [UNLABELED.numpy()], delta=1e-2)
    np.testing.assert_allclose(theory[0], numbers[0], atol=2e-3)


def test_the_order_of_the_batch_and_its_repetition_change_nothing():
    flipped, doubled = UNLABELED[::-1], tf.concat([UNLABELED, UNLABELED], 0)
    for same in (flipped, doubled):
        assert float(losses.real_or_fake(same, GENERATED)) == near(1.346604)


def test_pair_weights_by_hand():
    pull, push = losses.pair_weights(UNLABELED, GENERATED)
    np.testing.assert_allclose(
        pull, [[0.075497, 0.016846, 0.003759], [0.001694, 0.004604, 0.034019]], atol=1e-6
    )
    np.testing.assert_allclose(
        push, [[0.300291, 0.182136, 0.271715], [0.116715, 0.042937, 0.523082]], atol=1e-6
    )


def test_pair_weights_are_the_gradients_of_real_or_fake():
    with tf.GradientTape() as tape:
        tape.watch([UNLABELED, GENERATED])
        loss = losses.real_or_fake(UNLABELED, GENERATED)
    real, fake = tape.gradient(loss, [UNLABELED, GENERATED])
    pull, push = losses.pair_weights(UNLABELED, GENERATED)
    np.testing.assert_allclose(2 * real, -pull, atol=1e-6)  # a batch of two
    np.testing.assert_allclose(2 * fake, push, atol=1e-6)


def test_pair_weights_of_huge_logits_are_zero_or_one():
    huge = tf.constant([[1e4, 0.0, -1e4]])
    pull, push = losses.pair_weights(huge, huge)
    np.testing.assert_allclose(pull, [[0, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(push, [[1, 0, 0]], atol=1e-6)


def test_the_angle_to_the_vector_of_the_predicted_class():
    vectors = tf.constant([[1.0, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, -1]])
    assert float(losses.mean_angle(REAL_FEATURES[:1], vectors, UNLABELED[:1])) == near(30.0)
    assert float(losses.mean_angle(REAL_FEATURES[1:], vectors, UNLABELED[1:])) == near(50.863597)
    both = losses.mean_angle(3 * REAL_FEATURES, 0.1 * vectors, UNLABELED)
    assert float(both) == near(40.431798)


def test_the_angle_is_finite_at_0_and_at_180_degrees():
    vectors = tf.random.stateless_normal([7, 50], [0, 0])
    features, chosen = tf.transpose(vectors), tf.eye(50)
    assert float(losses.mean_angle(features, vectors, chosen)) == pytest.approx(0, abs=0.1)
    assert float(losses.mean_angle(-features, vectors, chosen)) == pytest.approx(180, abs=0.1)


def test_the_losses_of_a_source_head_by_hand():
    real, fake = tf.constant([[2.0], [-1.0]]), tf.constant([[0.5], [-3.0]])
    # softplus of -2, 1 and of 0.5, -3; of -0.5, 3
    assert float(losses.source_loss(real, fake)) == near((0.126928 + 1.313262) / 2 + 0.511332)
    assert float(losses.source_generator_loss(fake)) == near((0.474077 + 3.048587) / 2)


def test_the_losses_of_zero_source_logits():
    zeros = tf.zeros([4, 1])
    assert float(losses.source_loss(zeros, zeros)) == near(2 * np.log(2))
    assert float(losses.source_generator_loss(zeros)) == near(np.log(2))


def test_the_losses_of_huge_source_logits_are_finite():
    huge = tf.constant([1e4, -1e4])
    assert float(losses.source_loss(huge, huge)) == near(1e4)
    assert float(losses.source_generator_loss(huge)) == near(5e3)


def test_least_squares_by_hand():
    real, fake = logit([0.9, 0.4]), logit([0.2, 0.7])
    assert float(losses.least_squares_critic_loss(real, fake)) == near(0.45)
    assert float(losses.least_squares_generator_loss(fake)) == near(0.365)


def test_least_squares_of_zero_logits_and_of_a_perfect_critic():
    zeros, large = tf.zeros([3, 1]), tf.fill([3, 1], 100.0)
    assert float(losses.least_squares_critic_loss(zeros, zeros)) == 0.5
    assert float(losses.least_squares_generator_loss(zeros)) == 0.25
    assert float(losses.least_squares_critic_loss(large, -large)) == near(0.0)
    assert float(losses.least_squares_critic_loss(-large, large)) == near(2.0)
    assert float(losses.least_squares_generator_loss(-large)) == near(1.0)


def test_least_squares_of_batches_of_different_size():
    """Each mean by itself: nothing is broadcast."""
    real, fake = logit([[0.9], [0.4], [0.5]]), logit([[0.2], [0.7]])
    expected = (0.01 + 0.36 + 0.25) / 3 + (0.04 + 0.49) / 2
    assert float(losses.least_squares_critic_loss(real, fake)) == near(expected)


def test_the_losses_of_a_linear_critic():
    wasserstein = losses.wasserstein_critic_loss(
        linear_critic(REAL_POINTS), linear_critic(FAKE_POINTS)
    )
    penalty = losses.gradient_penalty(linear_critic, REAL_POINTS, FAKE_POINTS, MIX)
    assert float(wasserstein) == near(-5.0)
    assert float(penalty) == near(16.0)
    assert float(wasserstein + 10 * penalty) == pytest.approx(155.0, abs=1e-4)
    assert float(losses.wasserstein_generator_loss(linear_critic(FAKE_POINTS))) == near(-0.5)


def test_the_losses_of_a_quadratic_critic():
    wasserstein = losses.wasserstein_critic_loss(
        quadratic_critic(REAL_POINTS), quadratic_critic(FAKE_POINTS)
    )
    penalty = losses.gradient_penalty(quadratic_critic, REAL_POINTS, FAKE_POINTS, MIX)
    assert float(penalty) == near(0.028897)
    assert float(wasserstein + 10 * penalty) == near(-0.461034)


def test_the_gradient_penalty_is_taken_between_the_images():
    inputs = []

    def critic(x):
        inputs.append(x.numpy())
        return quadratic_critic(x)

    losses.gradient_penalty(critic, REAL_POINTS, FAKE_POINTS, MIX)
    np.testing.assert_allclose(inputs[0], [[0.25, 0.75], [-0.5, 1.0]])


@pytest.mark.parametrize("slope", [0.0, 1e-20, 1e-7, 1e10])
def test_the_gradient_penalty_and_its_gradient_are_finite_for_every_slope(slope):
    weight = tf.Variable([slope, 0.0])
    with tf.GradientTape() as tape:
        penalty = losses.gradient_penalty(
            lambda x: tf.linalg.matvec(x, weight), REAL_POINTS, FAKE_POINTS, MIX
        )
    assert float(penalty) == pytest.approx((slope - 1) ** 2, rel=1e-4, abs=1e-4)
    assert np.all(np.isfinite(tape.gradient(penalty, weight)))


def test_the_gradient_penalty_is_float32_for_images_of_any_type():
    half = tf.cast(FAKE_POINTS, tf.bfloat16)
    penalty = losses.gradient_penalty(quadratic_critic, REAL_POINTS, half, MIX)
    assert penalty.dtype == tf.float32 and float(penalty) == near(0.028897)
