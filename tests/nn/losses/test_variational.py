"""Terms of variational bounds: by hand, sums to 1, and bounds below what can be computed exactly."""

import itertools
import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tf_ssgan.nn import losses

X, X_MEAN, X_LOG_VARIANCE = [0.5, -1.0], [0.3, -0.5], [0.0, -0.4]
Z_MEAN, Z_LOG_VARIANCE = [0.2, -0.1], [-0.5, 0.1]
# Nodes and weights by which the mean over N(0, 1) of a polynomial of degree 7 is exact.
NODES, SHARES = np.polynomial.hermite_e.hermegauss(4)
SHARES = SHARES / SHARES.sum()


def near(value):
    return pytest.approx(value, abs=1e-5)


def numbers(*shape, seed=0, stddev=1.0):
    return tf.random.stateless_normal(shape, [seed, 5], stddev=stddev)


def test_the_bound_of_a_class_by_hand():
    log_px = losses.gaussian_log_density(X, X_MEAN, X_LOG_VARIANCE)
    divergence = losses.gaussian_divergence(Z_MEAN, Z_LOG_VARIANCE)
    assert float(log_px) == near(-1.844355)
    assert float(divergence) == near(0.080851)
    bound = losses.class_bound(log_px, divergence, 3)
    assert float(bound) == near(-1.844355 - 1.098612 - 0.080851) == near(-3.023818)
    with_auxiliary = losses.class_bound(log_px, divergence, 3, tf.constant(-0.25))
    assert float(with_auxiliary) == near(-3.023818 - 0.25)


def test_the_bound_of_an_open_class_by_hand():
    bounds = [-3.0238182, -4.0238182, -2.5238182]
    logits = tf.math.log([0.2, 0.5, 0.3])
    for shift in (0.0, 4.0):  # logits need not be logarithms of probabilities
        assert float(losses.open_class_bound(bounds, logits + shift)) == near(-2.344165)


def test_bernoulli_densities_by_hand_and_of_intensities():
    logits = tf.constant([0.5, -1.0])
    ones = float(losses.bernoulli_log_density([1.0, 0.0], logits))
    assert ones == near(-0.787339)
    # It is linear in x, so the intensity .25 is a quarter of 1 and three quarters of 0.
    zeros = float(losses.bernoulli_log_density([0.0, 0.0], logits))
    mixed = float(losses.bernoulli_log_density([0.25, 0.0], logits))
    assert mixed == near(0.25 * ones + 0.75 * zeros)


def test_bernoulli_densities_of_all_images_sum_to_one():
    images = np.array(list(itertools.product([0.0, 1.0], repeat=4)), np.float32)
    log_p = losses.bernoulli_log_density(images, numbers(4, stddev=2.0))
    assert float(tf.reduce_sum(tf.exp(log_p))) == near(1.0)


def test_the_gradient_of_a_bernoulli_density_by_hand():
    """In the logits it is x - sigmoid(logits), at 0 too, from where decoders may start."""
    logits = tf.constant([0.0, 1.5, -30.0, 30.0])
    x = tf.constant([1.0, 0.0, 1.0, 0.25])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = losses.bernoulli_log_density(x, logits)
    expected = x - tf.sigmoid(logits)
    np.testing.assert_allclose(tape.gradient(value, logits), expected, rtol=1e-6)


def test_bernoulli_densities_of_certain_pixels_are_finite():
    logits = tf.constant([1e4, -1e4])
    assert float(losses.bernoulli_log_density([1.0, 0.0], logits)) == 0.0
    assert float(losses.bernoulli_log_density([0.0, 1.0], logits)) == -2e4


def test_gaussian_densities_are_those_of_scipy():
    x, mean, log_variance = (numbers(5, 7, seed=seed) for seed in range(3))
    deviation = np.exp(0.5 * log_variance.numpy())
    expected = scipy.stats.norm.logpdf(x, mean, deviation).sum(-1)
    given = losses.gaussian_log_density(x, mean, log_variance)
    np.testing.assert_allclose(given, expected, rtol=1e-5)
    np.testing.assert_allclose(
        losses.standard_log_density(x), scipy.stats.norm.logpdf(x).sum(-1), rtol=1e-5
    )
    standard = losses.gaussian_log_density(x, tf.zeros(7), tf.zeros(7))
    np.testing.assert_allclose(losses.standard_log_density(x), standard, rtol=1e-6)


def test_densities_of_images_are_sums_over_their_pixels():
    """Twice the pixels have twice the density; a mean would not change."""
    x, mean, log_variance = (numbers(2, 3, 4, 2, seed=seed) for seed in range(3))
    flat = [tf.reshape(value, [2, 24]) for value in (x, mean, log_variance)]
    for density, count in (
        (losses.gaussian_log_density, 3),
        (losses.bernoulli_log_density, 2),
        (losses.standard_log_density, 1),
    ):
        image = density(*(x, mean, log_variance)[:count], axes=3)
        assert image.shape == (2,)
        np.testing.assert_allclose(image, density(*flat[:count]), rtol=1e-5)
        doubled = density(*(tf.tile(value, [1, 2]) for value in flat[:count]))
        np.testing.assert_allclose(doubled, 2 * image, rtol=1e-5)


def test_shapes_are_broadcast():
    """One image beside three samples of what a decoder makes of it."""
    x, mean, log_variance = numbers(2, 1, 4), numbers(2, 3, 4, seed=1), numbers(2, 3, 4, seed=2)
    densities = losses.gaussian_log_density(x, mean, log_variance)
    assert densities.shape == (2, 3)
    logits = losses.bernoulli_log_density(x, mean)
    for sample in range(3):
        bits = losses.bernoulli_log_density(x[:, 0], mean[:, sample])
        np.testing.assert_allclose(logits[:, sample], bits, rtol=1e-6)
        alone = losses.gaussian_log_density(x[:, 0], mean[:, sample], log_variance[:, sample])
        np.testing.assert_allclose(densities[:, sample], alone, rtol=1e-6)


def test_the_divergence_is_the_mean_difference_of_log_densities():
    """By nodes and weights, exact because the difference is a polynomial of degree 2."""
    mean, log_variance, other_mean, other_log_variance = (
        numbers(3, 1, seed=seed).numpy() for seed in range(4)
    )
    for other in ((other_mean, other_log_variance), (0.0, 0.0)):
        x = mean + np.exp(0.5 * log_variance) * NODES  # [3, 4]
        difference = losses.gaussian_log_density(
            x[..., np.newaxis], mean[..., np.newaxis], log_variance[..., np.newaxis]
        ) - losses.gaussian_log_density(x[..., np.newaxis], *(np.expand_dims(v, -1) for v in other))
        expected = np.sum(SHARES * difference.numpy(), axis=-1)
        given = losses.gaussian_divergence(mean, log_variance, *other)
        np.testing.assert_allclose(given, expected, rtol=1e-4)


def test_the_divergence_to_itself_is_zero_and_to_others_positive():
    mean, log_variance = numbers(200, 3), numbers(200, 3, seed=1, stddev=2.0)
    itself = losses.gaussian_divergence(mean, log_variance, mean, log_variance)
    np.testing.assert_array_equal(itself, np.zeros(200))
    others = losses.gaussian_divergence(mean, log_variance, mean[::-1], log_variance[::-1])
    assert np.min(others) > 0
    assert np.min(losses.gaussian_divergence(mean, log_variance)) > 0


def test_small_divergences_keep_their_digits():
    """Near the prior the divergence is mean^2 / 2 + log_variance^2 / 4."""
    given = losses.gaussian_divergence([1e-4], [2e-4])
    assert float(given) == pytest.approx(0.5e-8 + 1e-8, rel=1e-3)


def test_the_gradient_of_the_divergence_by_hand():
    """In the mean it is the mean, in the logarithm (variance - 1) / 2."""
    mean, log_variance = tf.constant(Z_MEAN), tf.constant(Z_LOG_VARIANCE)
    with tf.GradientTape() as tape:
        tape.watch([mean, log_variance])
        value = losses.gaussian_divergence(mean, log_variance)
    slopes = tape.gradient(value, [mean, log_variance])
    np.testing.assert_allclose(slopes[0], Z_MEAN, rtol=1e-6)
    np.testing.assert_allclose(slopes[1], (np.exp(Z_LOG_VARIANCE) - 1) / 2, rtol=1e-5)


class Linear:
    """p(z) = N(0, 1), p(y) = 1/3, p(x | y, z) = N(2 z + b_y, .5): all of it is known.

    Then p(x | y) = N(b_y, 4 + .5), and z given x and y has mean 2 (x - b_y) / 4.5 and variance
    .5 / 4.5.
    """

    shifts = np.array([-1.0, 0.5, 2.0])
    x = 0.7

    log_p = scipy.stats.norm.logpdf(x, shifts, math.sqrt(4.5)) - math.log(3)  # of x and each class
    mean, log_variance = 2 * (x - shifts) / 4.5, np.full(3, math.log(0.5 / 4.5))

    def bounds(self, mean, log_variance, auxiliary=0.0):
        """The mean of L(x, y) over q(z | x, y) for each class, exact."""
        z = mean[:, np.newaxis] + np.exp(0.5 * log_variance[:, np.newaxis]) * NODES  # [3, 4]
        log_px = losses.gaussian_log_density(
            np.full([3, 4, 1], self.x),
            (2 * z + self.shifts[:, np.newaxis])[..., np.newaxis],
            np.full([3, 4, 1], math.log(0.5)),
        )
        log_px = tf.reduce_sum(tf.cast(SHARES, tf.float32) * log_px, axis=-1)
        divergence = losses.gaussian_divergence(mean[:, np.newaxis], log_variance[:, np.newaxis])
        return losses.class_bound(log_px, divergence, 3, auxiliary)


def test_the_bound_of_a_class_is_below_the_log_likelihood_and_reaches_it():
    model = Linear()
    np.testing.assert_allclose(model.bounds(model.mean, model.log_variance), model.log_p, rtol=1e-5)
    for shift, stretch in ((0.3, 0.0), (0.0, 0.5), (-0.2, -1.0)):
        mean, log_variance = model.mean + shift, model.log_variance + stretch
        gap = model.log_p - model.bounds(mean, log_variance)
        # It is the divergence of q(z | x, y) from the true one.
        expected = losses.gaussian_divergence(
            *(np.expand_dims(v, -1) for v in (mean, log_variance, model.mean, model.log_variance))
        )
        assert np.min(gap) > 0.01
        np.testing.assert_allclose(gap, expected, rtol=1e-3)


def test_the_bound_of_an_open_class_is_below_the_log_likelihood_and_reaches_it():
    model = Linear()
    exact = scipy.special.logsumexp(model.log_p)
    bounds = model.bounds(model.mean, model.log_variance)
    # log p(x, y) are logits of p(y | x).
    assert float(losses.open_class_bound(bounds, model.log_p)) == near(exact)
    posterior = scipy.special.softmax(model.log_p)
    for logits in ([0.0, 0.0, 0.0], [3.0, -1.0, 0.0], [0.0, 0.0, 50.0]):
        q = scipy.special.softmax(logits)
        gap = exact - float(losses.open_class_bound(bounds, tf.constant(logits)))
        assert gap > 1e-3
        assert gap == near(scipy.special.rel_entr(q, posterior).sum())


def test_a_certain_class_has_the_bound_of_that_class():
    bounds = tf.constant([[-3.0, -40.0, -2.0], [-1e4, -7.0, -1e5]])
    given = losses.open_class_bound(bounds, 1e3 * tf.constant([[1.0, 0, 0], [0, 1.0, 0]]))
    np.testing.assert_array_equal(given, [-3.0, -7.0])


def test_undecided_classes_have_the_mean_bound_and_the_entropy():
    bounds = numbers(4, 5)
    given = losses.open_class_bound(bounds, tf.zeros([4, 5]))
    np.testing.assert_allclose(given, tf.reduce_mean(bounds, -1) + math.log(5), rtol=1e-5)


def test_the_gradient_of_an_open_class_bound():
    """In the bounds it is q; in the logits 0 exactly where they are the bounds."""
    bounds = tf.constant([[1.0, -2.0, 0.3]])
    for logits in (bounds, tf.zeros([1, 3])):
        with tf.GradientTape() as tape:
            tape.watch([bounds, logits])
            # The same tensor twice would add its gradients up.
            value = losses.open_class_bound(tf.identity(bounds), tf.identity(logits))
        slopes = tape.gradient(value, [bounds, logits])
        if logits is bounds:
            np.testing.assert_allclose(slopes[0], tf.nn.softmax(bounds), atol=1e-6)
        else:
            np.testing.assert_allclose(slopes[0], np.full([1, 3], 1 / 3), rtol=1e-6)
            # q_k (L_k - mean of L), as log q and its mean are equal.
            expected = (bounds.numpy() - bounds.numpy().mean()) / 3
            np.testing.assert_allclose(slopes[1], expected, rtol=1e-5)


def test_an_auxiliary_latent_costs_its_divergence_and_nothing_where_it_is_known():
    """p(a | .) does not depend on z here, so the mean of its term is -KL(q(a | x) || p(a | .))."""
    model = Linear()
    a_mean, a_log_variance = np.array([[0.4]]), np.array([[-0.6]])
    a = (a_mean + np.exp(0.5 * a_log_variance) * NODES)[0][:, np.newaxis]  # [4, 1]
    log_q = losses.gaussian_log_density(a, a_mean, a_log_variance)
    for other_mean, other_log_variance in ((0.4, -0.6), (-0.3, 0.2)):
        log_p = losses.gaussian_log_density(a, other_mean, other_log_variance)
        mean = np.sum(SHARES * (log_p - log_q).numpy())
        cost = losses.gaussian_divergence(a_mean, a_log_variance, other_mean, other_log_variance)
        bounds = model.bounds(model.mean, model.log_variance, np.float32(mean))
        np.testing.assert_allclose(bounds, model.log_p - float(cost[0]), rtol=1e-5)


def test_the_mean_prediction_of_samples():
    p = np.array([[[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]], [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]])
    logits = tf.math.log(tf.constant(p + 1e-30, tf.float32)) + 3.0
    given = losses.mean_log_probabilities(logits)
    np.testing.assert_allclose(tf.exp(given), [[0.4, 0.4, 0.2], [1, 0, 0]], atol=1e-6)
    one = numbers(4, 1, 5)
    np.testing.assert_allclose(
        losses.mean_log_probabilities(one), tf.nn.log_softmax(one[:, 0]), atol=1e-6
    )


def test_terms_are_float32_of_any_tensors():
    x = tf.cast(numbers(2, 3), tf.bfloat16)
    for term in (
        losses.bernoulli_log_density(x, x),
        losses.gaussian_log_density(x, x, x),
        losses.standard_log_density(x),
        losses.gaussian_divergence(x, x),
        losses.gaussian_divergence(x, x, x, x),
        losses.open_class_bound(x, x),
        losses.mean_log_probabilities(x),
    ):
        assert term.dtype == tf.float32
