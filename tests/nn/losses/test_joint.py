"""Losses of several players and of covering generators: by hand, bounds, gradients, replicas."""

import math

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tf_ssgan.nn import distribution, losses

LABELED = tf.constant([[1.0, 2.0, -0.5], [0.3, -0.2, 0.9]])
LABELS = tf.constant([1, 2])
REAL = tf.constant([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])
GENERATED = tf.constant([[0.2, -0.3, 0.1], [-1.0, -2.0, 0.5]])
SCORES = tf.constant([[0.4], [-1.1]])


def near(value):
    return pytest.approx(value, abs=1e-5)


def logit(probabilities):
    p = np.array(probabilities, np.float32)[:, np.newaxis]
    return tf.constant(np.log(p / (1 - p)))


def gradient(loss, at):
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = loss(at)
    return tape.gradient(value, at)


def test_the_losses_of_three_players_by_hand():
    real, generated, classified = logit([0.8, 0.6]), logit([0.3, 0.4]), logit([0.5, 0.2])
    pairs = losses.pair_discriminator_loss(real[:1], real[1:], 0.5, generated, classified)
    assert float(pairs) == near(0.812932)
    assert 0.5 * float(losses.source_generator_loss(generated)) == near(0.530066)
    # With p_max .9 and .6.
    logits = tf.math.log([[0.05, 0.9, 0.05], [0.6, 0.3, 0.1]])
    convincing = losses.pair_classifier_loss(logits, classified)
    assert 0.01 * float(convincing) == near(0.003974)


def test_an_undecided_discriminator_of_pairs():
    zeros = tf.zeros([4, 1])
    for share in (0.0, 0.9):
        pairs = losses.pair_discriminator_loss(zeros, zeros[:1], share, zeros, zeros)
        assert float(pairs) == near(2 * math.log(2))
    # Of three equal classes, the largest probability is a third.
    convincing = losses.pair_classifier_loss(tf.zeros([4, 3]), zeros)
    assert float(convincing) == near(math.log(2) / 6)


def test_the_share_of_pseudo_labels_weighs_them_as_their_number_would():
    """A labeled and four pseudo-labeled images have the mean of these five."""
    real, zeros = logit([0.9, 0.2, 0.4, 0.7, 0.5]), tf.zeros([5, 1])
    mean = -np.mean(np.log([0.9, 0.2, 0.4, 0.7, 0.5])) + math.log(2)
    parts = losses.pair_discriminator_loss(real[:1], real[1:], 0.8, zeros, zeros)
    assert float(parts) == near(mean)
    for share, kept in ((0.0, [0.9]), (1.0, [0.2, 0.4, 0.7, 0.5])):
        only = losses.pair_discriminator_loss(real[:1], real[1:], share, zeros, zeros)
        assert float(only) == near(-np.mean(np.log(kept)) + math.log(2))


def test_weights_are_those_of_labeled_pairs_alone():
    scores = tf.math.log([[0.8 / 0.2], [0.6 / 0.4]])
    weighed = losses.pair_discriminator_loss(
        scores, scores, 0.5, scores, scores, tf.constant([3.0, 0.0])
    )
    plain = losses.pair_discriminator_loss(scores, scores, 0.5, scores, scores)
    added = 0.5 * (3 * -math.log(0.8) / 2 - (-math.log(0.8) - math.log(0.6)) / 2)
    assert float(weighed - plain) == near(added)


def test_a_classifier_convinces_by_the_probability_of_its_label_alone():
    """d p_max / d l is p_max (1 - p_max) and -p_max p_k; with .5, 2 rows and softplus(-d)."""
    p = np.array([[0.05, 0.9, 0.05], [0.6, 0.3, 0.1]])
    slope = gradient(lambda x: losses.pair_classifier_loss(x, SCORES), tf.math.log(p))
    doubt = 0.5 / 2 * np.log1p(np.exp(-SCORES.numpy()))
    expected = doubt * [[-0.045, 0.09, -0.045], [0.24, -0.18, -0.06]]
    np.testing.assert_allclose(slope, expected, atol=1e-6)


def test_a_convincing_classifier_has_no_gradient_into_the_scores():
    assert gradient(lambda x: losses.pair_classifier_loss(REAL, x), SCORES) is None


def test_doubts_are_those_of_their_own_rows():
    """Scores [batch, 1] and [batch] mean the same; nothing is broadcast."""
    column, row = (losses.pair_classifier_loss(REAL, s) for s in (SCORES, SCORES[:, 0]))
    one_by_one = [
        float(losses.pair_classifier_loss(REAL[i : i + 1], SCORES[i : i + 1])) for i in range(2)
    ]
    assert float(column) == float(row) == near(np.mean(one_by_one))


def test_terms_of_the_mean_prediction_by_hand():
    assert float(losses.marginal_entropy(REAL)) == near(1.005853)
    assert float(losses.marginal_entropy(GENERATED)) == near(0.967502)
    assert float(losses.uniform_cross_entropy(REAL)) == near(1.210948)
    assert float(losses.uniform_divergence(REAL)) == near(0.112335)
    assert float(losses.uniform_divergence(tf.math.log([[0.5, 0.3, 0.2]]))) == near(0.07024)


def test_the_losses_of_cat_gan_by_hand():
    certain = losses.entropy(REAL) - losses.marginal_entropy(REAL)
    supervised = losses.cross_entropy(LABELS, LABELED)
    assert float(supervised + certain - losses.entropy(GENERATED)) == near(-0.809892)
    generator = losses.entropy(GENERATED) - losses.marginal_entropy(GENERATED)
    assert float(generator) == near(-0.088683)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_of_equally_frequent_predictions_both_terms_are_the_logarithm_of_the_classes(classes):
    """If each is uncertain, and if each is certain but they differ."""
    for logits in (tf.zeros([4, classes]), 60.0 * tf.eye(classes)):
        assert float(losses.marginal_entropy(logits)) == near(math.log(classes))
        assert float(losses.uniform_cross_entropy(logits)) == near(math.log(classes))
        assert float(losses.uniform_divergence(logits)) == near(0.0)


def test_the_uniform_divergence_has_the_gradient_of_the_uniform_cross_entropy():
    slopes = (
        gradient(loss, REAL) for loss in (losses.uniform_divergence, losses.uniform_cross_entropy)
    )
    np.testing.assert_array_equal(*slopes)


def test_of_one_and_the_same_certain_prediction_the_entropy_is_zero():
    logits = tf.tile([[60.0, 0.0, 0.0]], [4, 1])
    assert float(losses.marginal_entropy(logits)) == near(0.0)
    assert float(losses.uniform_cross_entropy(logits)) == pytest.approx(40.0, abs=1e-4)


def test_the_uniform_cross_entropy_is_least_where_the_mean_is_uniform():
    """Its gradient vanishes there, and elsewhere a step along it lowers it."""
    level = tf.constant([[1.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, -1.0]])
    np.testing.assert_allclose(gradient(losses.uniform_cross_entropy, level), 0, atol=1e-7)
    lower = REAL - gradient(losses.uniform_cross_entropy, REAL)
    assert math.log(3) < losses.uniform_cross_entropy(lower) < losses.uniform_cross_entropy(REAL)


def test_the_losses_of_encoder_and_decoder_by_hand():
    """Both pairs change places for the generator, for one logit a row and for several."""
    inferred, decoded = tf.constant([[1.0], [-0.5]]), tf.constant([[-0.2], [0.4]])
    assert float(losses.source_loss(inferred, decoded)) == near(1.399246)
    assert float(losses.source_loss(decoded, inferred)) == near(1.549246)
    assert float(losses.real_or_fake(inferred, decoded)) == near(1.399246)
    assert float(losses.real_or_fake(decoded, inferred)) == near(1.549246)
    # log(exp(a - log 3) * 3) = a: the logsumexp counts alone.
    three = [tf.tile(x - math.log(3), [1, 3]) for x in (inferred, decoded)]
    assert float(losses.real_or_fake(*three)) == near(1.399246)
    assert float(losses.real_or_fake(*three[::-1])) == near(1.549246)


def test_pull_away_by_hand():
    """The cosines of three pairs are 0, .6 and .8, whatever the lengths."""
    features = tf.constant([[2.0, 0.0], [0.0, -1.0], [0.3, 0.4]])
    assert float(losses.pull_away(features)) == near((0.36 + 0.64) / 3)
    assert float(losses.pull_away(features[::-1] * [[5.0], [-1.0], [0.1]])) == near(1 / 3)


def test_the_bounds_of_pull_away():
    assert float(losses.pull_away(tf.eye(4, 6))) == near(0.0)
    parallel = tf.constant([[1.0], [-2.0], [3.0], [0.5]]) * [[0.6, 0.0, -0.8]]
    assert float(losses.pull_away(parallel)) == near(1.0)
    assert 0 < float(losses.pull_away(tf.random.stateless_normal([5, 3], [0, 1]))) < 1


def test_a_single_row_is_pulled_away_from_nothing():
    alone = tf.constant([[3.0, 4.0]])
    assert float(losses.pull_away(alone)) == 0.0
    np.testing.assert_allclose(gradient(losses.pull_away, alone), [[0.0, 0.0]], atol=1e-6)


def test_features_of_zero_have_finite_gradients():
    features = tf.constant([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])
    assert float(losses.pull_away(features)) == near(2 * 0.36 / 6)
    assert np.all(np.isfinite(gradient(losses.pull_away, features)))


def test_the_code_loss_by_hand():
    """Standardized, the latents are 2, 1/2 and 0, -1: 2 + log 2 + 1/8, and -log 2 + 1/2."""
    mean = tf.constant([[1.0, 0.0], [5.0, 2.0]])
    log_scale = tf.math.log([[1.0, 2.0], [0.5, 1.0]])
    latents = tf.constant([[3.0, 1.0], [5.0, 1.0]])
    assert float(losses.code_loss(mean, log_scale, latents)) == near(2.625 / 2)


def test_the_code_loss_is_a_normal_likelihood_up_to_a_constant():
    mean, log_scale, latents = (tf.random.stateless_normal([6, 4], [2, k]) for k in range(3))
    density = scipy.stats.norm(mean, np.exp(log_scale)).logpdf(latents)
    expected = -np.mean(np.sum(density, axis=1)) - 4 / 2 * math.log(2 * math.pi)
    assert float(losses.code_loss(mean, log_scale, latents)) == near(expected)


def test_the_code_loss_is_least_at_the_latents_and_at_their_distance():
    """For a known mean, sigma is |z - mu|, where the loss is log sigma + 1/2."""
    mean, latents = tf.constant([[1.0, -2.0]]), tf.constant([[1.5, 0.0]])
    log_scale = tf.math.log([[0.5, 2.0]])
    found = losses.code_loss(mean, log_scale, latents)
    assert float(found) == near(1.0)
    slope = gradient(lambda s: losses.code_loss(mean, s, latents), log_scale)
    np.testing.assert_allclose(slope, [[0.0, 0.0]], atol=1e-6)
    for change in ([[0.1, 0.0]], [[-0.1, 0.0]], [[0.0, 0.1]], [[0.0, -0.1]]):
        assert losses.code_loss(mean, log_scale + change, latents) > found
    slope = gradient(lambda m: losses.code_loss(m, log_scale, latents), latents)
    np.testing.assert_array_equal(slope, [[0.0, 0.0]])
    assert float(losses.code_loss(latents, log_scale, latents)) == near(0.0)  # log .5 + log 2


@pytest.mark.parametrize("size", [1e4, -1e4])
@pytest.mark.parametrize(
    "loss",
    [
        losses.marginal_entropy,
        losses.uniform_cross_entropy,
        losses.uniform_divergence,
        lambda x: losses.pair_classifier_loss(x, x[:, :1]),
        lambda x: losses.pair_discriminator_loss(x, x, 0.5, x, x),
    ],
    ids=["marginal", "uniform", "divergence", "classifier", "discriminator"],
)
def test_losses_and_gradients_of_huge_logits_are_finite(loss, size):
    huge = tf.constant([[size, 0.0, -size]])
    assert np.isfinite(float(loss(huge)))
    assert np.all(np.isfinite(gradient(loss, huge)))


@pytest.mark.parametrize(
    "loss",
    [
        losses.marginal_entropy,
        losses.uniform_cross_entropy,
        losses.uniform_divergence,
        losses.pull_away,
        lambda x: losses.pair_classifier_loss(x, SCORES),
        lambda x: losses.pair_discriminator_loss(x[:1], x[1:], 0.3, 2 * x, 3 * x),
        lambda x: losses.code_loss(x, LABELED, GENERATED),
        lambda x: losses.code_loss(LABELED, x, GENERATED),
    ],
    ids=[
        "marginal",
        "uniform",
        "divergence",
        "pull_away",
        "classifier",
        "discriminator",
        "mean",
        "scale",
    ],
)
def test_gradients_equal_finite_differences(loss):
    theory, numbers = tf.test.compute_gradient(loss, [REAL.numpy()], delta=1e-2)
    np.testing.assert_allclose(theory[0], numbers[0], atol=2e-3)
    assert np.abs(theory[0]).max() > 0.02


@pytest.mark.parametrize(
    "loss",
    [
        losses.marginal_entropy,
        losses.uniform_cross_entropy,
        losses.uniform_divergence,
        losses.pull_away,
        lambda x: losses.pair_classifier_loss(x, x[:, :1]),
        lambda x: losses.code_loss(x, 0.1 * x, tf.cast(x > 0, tf.float32)),
    ],
    ids=["marginal", "uniform", "divergence", "pull_away", "classifier", "code"],
)
def test_losses_are_float32_for_outputs_of_bfloat16(loss):
    rough = loss(tf.cast(REAL, tf.bfloat16))
    assert rough.dtype == tf.float32
    assert float(rough) == pytest.approx(float(loss(REAL)), abs=0.02)


@pytest.mark.parametrize(
    "loss",
    [
        losses.marginal_entropy,
        losses.uniform_cross_entropy,
        losses.uniform_divergence,
        losses.pull_away,
    ],
)
def test_two_replicas_see_all_rows(loss):
    """Values and gradients are those of the whole batch, and not means over its halves."""
    values = 3.0 * tf.random.stateless_normal([6, 4], [0, 2])

    def step():
        own = distribution.replica_share(values)
        with tf.GradientTape() as tape:
            tape.watch(own)
            value = loss(own)
        return value, tape.gradient(value, own)

    expected, slope = step()
    halves = np.mean([loss(values[:3]), loss(values[3:])])
    assert abs(float(expected) - halves) > 1e-3
    strategy = distribution.strategy(2)
    found = [strategy.experimental_local_results(part) for part in tf.function(strategy.run)(step)]
    for value in found[0]:
        assert float(value) == near(float(expected))
    # The optimizer takes the mean over two replicas, so each has twice its share.
    np.testing.assert_allclose(tf.concat(found[1], 0) / 2, slope, atol=1e-6)
