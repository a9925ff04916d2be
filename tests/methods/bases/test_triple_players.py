"""Triple-GAN's players: balanced labels, learning rates, beta_1, initialization, samples."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.methods import triple_gan
from tf_ssgan.nn import step_random
from tf_ssgan.training import config


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("triple_gan")


def built(**hyperparameters):
    return triple_gan.Method(
        toy_methods.hparams("triple_gan", **hyperparameters), toy_methods.task(steps=1000)
    )


def test_latents_are_uniform_and_labels_balanced(toy):
    toy.load(toy.start)
    with step_random.at(0, 0):
        z, label = toy.method.latents(600)
    assert -1 <= np.min(z) < -0.99 and 0.99 < np.max(z) <= 1
    assert label.dtype == tf.int64
    np.testing.assert_array_equal(label, np.arange(600) % 3)


def test_classes_take_turns_over_the_steps(toy):
    """Also if a batch has fewer images than there are classes, or not a multiple of their number."""
    toy.load(toy.start)
    drawn = []
    for step in range(6):
        toy.method.step.assign(step)
        with step_random.at(0, step):
            drawn.extend(toy.method.latents(2)[1].numpy())
    np.testing.assert_array_equal(drawn, np.arange(12) % 3)


def test_a_run_of_less_than_an_epoch_has_whole_schedules():
    made = built(classifier_beta_1=0.9, last_rate=0.01)
    object.__setattr__(made.task, "steps_per_epoch", 5000)
    made.step.assign(1000)
    assert float(made.rate()) == pytest.approx(0.01 * made.hp.learning_rate, rel=1e-4)
    assert float(made.beta_1()) == pytest.approx(0.5, abs=1e-4)


def test_labels_are_balanced_over_both_replicas():
    pair = toy_methods.Toy("triple_gan", 2)

    def labels():
        with step_random.at(0, 0):
            return pair.method.latents(4)[1]

    parts = pair.strategy.experimental_local_results(pair.strategy.run(labels))
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(8) % 3)


@pytest.mark.parametrize(
    ("epoch", "factor", "classifier"),
    [(0, 1.0, 1.0), (300, 1.0, 1.0), (301, 0.995, 0.99), (1000, 0.995**700, 0.99**700)],
)
def test_rates_fall_by_a_factor_each_epoch_as_in_the_public_code(epoch, factor, classifier):
    """For .995 and, on CIFAR-10, .99; fractions at the end are rounded in the recipes."""
    hp = toy_methods.hparams(
        "triple_gan", last_rate=0.995**700, classifier_last_rate=0.99**700,
        classifier_learning_rate=3e-3, learning_rate=3e-4,
    )  # fmt: skip
    made = triple_gan.Method(hp, toy_methods.task(steps=5000))  # of 5 steps an epoch
    made.step.assign(5 * epoch)
    assert float(made.rate()) == pytest.approx(3e-4 * factor, rel=1e-4)
    assert float(made.classifier_rate()) == pytest.approx(3e-3 * classifier, rel=1e-4)


def test_the_recipes_round_the_last_rates():
    hp = config.configure("triple_gan", "cifar10").hparams
    assert hp.last_rate == pytest.approx(0.995**700, rel=0.01)
    assert hp.classifier_last_rate == pytest.approx(0.99**700, rel=0.03)


def test_beta_1_of_the_classifier_falls_after_a_quarter_of_the_run():
    made = built(classifier_beta_1=0.9)
    for step, expected in (
        (0, 0.9), (250, 0.9), (275, 0.5 + 0.4 * np.exp(-12.5 / 4)), (300, 0.5), (995, 0.5),
    ):  # fmt: skip
        made.step.assign(step)
        assert float(made.beta_1()) == pytest.approx(expected, abs=1e-4)
    constant = built()
    constant.step.assign(275)
    assert float(constant.beta_1()) == 0.5


def test_the_classifier_has_a_rate_of_its_own_only_if_one_is_given():
    made = built(learning_rate=2e-4)
    assert float(made.classifier_rate()) == pytest.approx(2e-4)


def test_the_scores_of_the_discriminator_start_small(toy):
    toy.load(toy.start)
    images = toy_methods.centered(toy_methods.images()[0])
    label = tf.range(40, dtype=tf.int64) % 3
    with step_random.at(0, -1):
        toy.method.initialize(images)
    scores = toy.method.discriminator([images, label], training=False)["score"]
    # Scale .1 with the dropout of the initialization, which is off here.
    assert abs(np.mean(scores)) < 0.1 and 0.01 < np.std(scores) < 0.2


def test_samples_have_all_classes(toy):
    sampler = toy.method.sampler()
    z, label = sampler.fixed_latents(9)
    assert sampler.conditional and np.abs(z).max() <= 1
    np.testing.assert_array_equal(label, np.arange(9) % 3)
    assert sampler.sample(9).shape == (9, 8, 8, 1)
