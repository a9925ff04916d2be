"""Truncated latents by hand and in distribution, and the variables of the searches for tau."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.core.task import Task
from tf_ssgan.methods.bases import latent_truncation
from tf_ssgan.networks import acgan_cnn
from tf_ssgan.nn import losses

Z = tf.constant([-2.5, -0.3, 0.0, 0.7, 1.4])
MANY = tf.random.stateless_normal([400_000], [3, 4])


def test_the_clamp_by_hand():
    tau = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(tau)
        z = latent_truncation.truncate_latents(Z, tau, "clamp")
    np.testing.assert_allclose(z, [-1.0, -0.3, 0.0, 0.7, 1.0])
    np.testing.assert_array_equal(tape.jacobian(z, tau), [-1, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("tau", "clipped", "variance"),
    [
        (0.89, 0.373466, 0.444467),
        (1.05, 0.293718, 0.547354),
        (1.2, 0.230139, 0.635215),
        (1.49, 0.136224, 0.774431),
        (1.63, 0.103101, 0.826329),
    ],
)
def test_the_clamp_in_distribution(tau, clipped, variance):
    z = latent_truncation.truncate_latents(MANY, tau, "clamp").numpy()
    assert np.mean(np.abs(z) == np.float32(tau)) == pytest.approx(clipped, abs=3e-3)
    assert z.var() == pytest.approx(variance, abs=3e-3)


@pytest.mark.parametrize("tau", [0.3, 0.89, 1.63, 3.0])
def test_resampling_in_distribution(tau):
    z = np.sort(latent_truncation.truncate_latents(MANY, tau, "resample").numpy())
    # 1 - 2 tau phi(tau) / (2 Phi(tau) - 1)
    inside = math.erf(tau / math.sqrt(2))
    density = math.exp(-tau * tau / 2) / math.sqrt(2 * math.pi)
    assert z.var() == pytest.approx(1 - 2 * tau * density / inside, rel=0.01)
    for x in (-0.8 * tau, -0.2 * tau, 0.5 * tau):
        expected = (math.erf(x / math.sqrt(2)) / inside + 1) / 2
        assert np.searchsorted(z, x) / len(z) == pytest.approx(expected, abs=3e-3)


def test_resampling_does_not_change_coordinates_within_tau():
    kept = np.abs(MANY) <= 1.1
    z = latent_truncation.truncate_latents(MANY, 1.1, "resample").numpy()
    np.testing.assert_array_equal(z[kept], MANY.numpy()[kept])
    assert np.all(np.abs(z[~kept]) < 1.1)


@pytest.mark.parametrize("mode", ["clamp", "resample"])
@pytest.mark.parametrize("tau", [0.0, 0.1, 1.0, 3.0, 7.0])
def test_no_coordinate_lies_beyond_tau(mode, tau):
    assert np.abs(latent_truncation.truncate_latents(MANY, tau, mode)).max() <= np.float32(tau)


@pytest.mark.parametrize("mode", ["clamp", "resample"])
def test_an_infinite_tau_changes_nothing(mode):
    z = latent_truncation.truncate_latents(MANY, math.inf, mode)
    np.testing.assert_array_equal(z, MANY)


@pytest.mark.parametrize("tau", [0.1, 1.0, 3.0])
def test_resampling_has_a_finite_gradient_in_tau(tau):
    tau = tf.constant(tau)
    with tf.GradientTape() as tape:
        tape.watch(tau)
        z = latent_truncation.truncate_latents(MANY, tau, "resample")
        variance = tf.reduce_mean(tf.square(z))
    gradient = float(tape.gradient(variance, tau))
    assert math.isfinite(gradient) and gradient > 0


def test_the_outer_problem_by_hand():
    """G(z) = z and logits [2x - 0.5, 0]: cross-entropy with class 0, and its gradient in tau."""
    tau = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(tau)
        first = 2.0 * latent_truncation.truncate_latents(Z, tau, "clamp") - 0.5
        logits = tf.stack([first, tf.zeros(5)], 1)
        loss = losses.cross_entropy(tf.zeros([5], tf.int64), logits)
    assert float(loss) == pytest.approx(1.096574, abs=1e-5)
    assert float(tape.gradient(loss, tau)) == pytest.approx(0.296687, abs=1e-5)


def test_learned_tau_stays_in_its_range():
    assert float(latent_truncation.LearnedTruncation(math.inf).tau) == 3.0
    factor = latent_truncation.LearnedTruncation(0.11)
    factor.tau.assign(0.02)
    factor.clip_to_range()
    assert float(factor.tau) == pytest.approx(0.1)


def grid_search(steps=1000, labeled=50):
    task = Task(3, 8, 8, 1, labeled, 100, steps, 10)
    return latent_truncation.TruncationSearch(task, [acgan_cnn.classifier(task, width=2)])


def test_each_trial_takes_five_percent_of_the_run():
    search = grid_search()
    taus = [float(search.tau(tf.constant(s, tf.int64))) for s in (0, 49, 50, 149, 299, 300, 349)]
    assert taus == [0.5, 0.5, 0.75, 1.0, 1.75, 2.0, 2.0]


def test_after_the_trials_tau_is_the_one_with_the_best_score():
    search = grid_search()
    search.scored.assign([10.0, 10.0, 10.0, 5.0, 10.0, 10.0, 10.0])
    search.correct.assign([5.0, 6.0, 7.0, 4.0, 7.0, 7.0, 1.0])
    assert float(search.tau(tf.constant(350, tf.int64))) == 1.25


def test_a_fifth_of_the_labels_is_held_out_during_the_trials_only():
    search, index = grid_search(), tf.range(50, dtype=tf.int64)
    held_out = search.is_held_out(tf.constant(349, tf.int64), index).numpy()
    assert held_out.sum() == 10
    same_seed = grid_search().is_held_out(tf.constant(0, tf.int64), index)
    np.testing.assert_array_equal(held_out, same_seed)
    assert not search.is_held_out(tf.constant(350, tf.int64), index).numpy().any()


def test_a_trial_is_scored_in_its_last_quarter_on_held_out_images():
    search = grid_search(steps=80)  # Four steps per trial.
    held_out = tf.constant([True, True, False, False])
    correct = tf.constant([True, False, True, False])
    for step in range(40):
        search.record(tf.constant(step, tf.int64), held_out, correct)
    np.testing.assert_allclose(search.scored, np.full(7, 0.5))
    np.testing.assert_allclose(search.correct, np.full(7, 0.25))
