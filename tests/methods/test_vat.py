"""VAT: the adversarial perturbation, the parts of the loss, schedules and recipes."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.methods import vat
from tf_ssgan.nn import layers, losses, precision, step_random
from tf_ssgan.training import config

RECORDED = ("moving_mean", "moving_variance")


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("vat", epsilon=3.0)


@pytest.fixture()
def method(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


def record_losses(method):
    """The list to which each further step appends its loss, instead of changing weights."""
    recorded = []
    method.c.minimize = lambda loss, tape: recorded.append(float(loss))
    return recorded


def one_step(method, toy):
    return {k: float(v) for k, v in method.one_step(next(toy.batches())).items()}


def test_the_perturbation_has_norm_epsilon_in_standardized_images():
    """A standard deviation of .2 in [0, 1] is .4 in [-1, 1]."""
    method = vat.Method(toy_methods.hparams("vat", epsilon=3.0), toy_methods.task(std=(0.2,)))
    images = toy_methods.centered(toy_methods.images(6)[0])
    with step_random.at(0, 0):
        standardized = method.perturbation(images).numpy() / 0.4
    lengths = np.linalg.norm(standardized.reshape(6, -1), axis=1)
    np.testing.assert_allclose(lengths, np.full(6, 3.0), rtol=1e-4)


def test_the_loss_is_the_sum_of_its_parts(toy, method):
    hparams = dict(adversarial_weight=2.0, entropy_weight=0.5)
    recorded = record_losses(scripted_outputs.with_hparams(method, **hparams))
    plain = one_step(method, toy)
    assert plain["adversarial"] > 0 and plain["entropy"] > 0
    assert recorded[-1] == pytest.approx(plain["supervised"] + 2 * plain["adversarial"], rel=1e-5)
    toy.load(toy.start)
    logs = one_step(scripted_outputs.with_hparams(method, entmin=True), toy)
    assert logs == plain
    whole = logs["supervised"] + 2 * logs["adversarial"] + 0.5 * logs["entropy"]
    assert recorded[-1] == pytest.approx(whole, rel=1e-5)


def test_clean_prediction_and_perturbation_have_no_gradient(toy, method):
    """Loss and gradient are those of KL(p || q) with constant p and constant perturbation."""
    batch, recorded = next(toy.batches()), []
    weights = [v.value for v in method.c.variables]
    method.c.minimize = lambda loss, tape: recorded.append((loss, tape.gradient(loss, weights)))
    logs = method.one_step(batch)
    toy.load(toy.start)
    u = batch["unlabeled"]["image"]
    with step_random.at(toy.method.task.seed, 0), layers.frozen_statistics():
        r, clean = method.perturbation(u), method.classifier(u, training=True)["logits"]
        p = tf.nn.softmax(clean)
        with tf.GradientTape() as tape:
            logits = method.classifier(batch["labeled"]["image"], training=True)["logits"]
            log_q = tf.nn.log_softmax(method.classifier(u + r, training=True)["logits"])
            changed = tf.reduce_mean(tf.reduce_sum(p * (tf.math.log(p) - log_q), 1))
            loss = losses.cross_entropy(batch["labeled"]["label"], logits) + changed
    assert float(logs["adversarial"]) == pytest.approx(float(changed), rel=1e-4)
    assert float(recorded[0][0]) == pytest.approx(float(loss), rel=1e-5)
    for gradient, expected in zip(recorded[0][1], tape.gradient(loss, weights), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-4)


def test_without_a_perturbation_the_divergence_is_zero(toy, method):
    record_losses(scripted_outputs.with_hparams(method, epsilon=0.0))
    assert one_step(method, toy)["adversarial"] == pytest.approx(0.0, abs=1e-6)


def test_the_adversarial_direction_is_worse_than_a_random_one(toy, method):
    """All have the same length; more iterations find a worse direction."""
    images = next(toy.batches())["unlabeled"]["image"]
    noise = losses.unit_norm(tf.random.stateless_normal(images.shape, [1, 1]))

    def changed(direction):
        with layers.frozen_statistics():
            clean = method.classifier(images, training=True)["logits"]
            other = method.classifier(images + 0.3 * direction, training=True)["logits"]
        return float(losses.kl_divergence(clean, other))

    divergences = []
    for iterations in (1, 4):
        scripted_outputs.with_hparams(method, iterations=iterations)
        with step_random.at(0, 0):
            divergences.append(changed(method.perturbation(images) / 3.0))
    assert changed(noise) < divergences[0] < divergences[1]


def test_a_constant_classifier_gives_no_perturbation_and_finite_losses(toy, method):
    method.classifier.get_layer("logits").kernel.assign(tf.zeros([16, 3]))
    images = toy_methods.centered(toy_methods.images(4)[0])
    with step_random.at(0, 0):
        np.testing.assert_array_equal(method.perturbation(images), np.zeros(images.shape))
    logs = one_step(method, toy)
    assert logs["adversarial"] == 0.0 and logs["entropy"] == pytest.approx(np.log(3), abs=1e-5)
    assert all(np.all(np.isfinite(v)) for v in method.classifier.get_weights())


def test_batch_statistics_record_labeled_images_only(toy, method):
    batch = next(toy.batches())
    moving = [v for v in method.classifier.variables if v.name in RECORDED]
    method.classifier(batch["labeled"]["image"], training=True)
    expected = [v.numpy() for v in moving]
    toy.load(toy.start)
    method.one_step(batch)
    for recorded, value in zip(moving, expected, strict=True):
        np.testing.assert_array_equal(recorded, value)


def test_perturbing_images_changes_no_variable(method):
    before = [v.numpy() for v in method.classifier.variables]
    with step_random.at(0, 0):
        method.perturbation(toy_methods.centered(toy_methods.images(4)[0]))
    for variable, value in zip(method.classifier.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_profile_authors_multiplies_the_entropy_by_both_weights(toy, method):
    hparams = dict(profile="authors", entmin=True, adversarial_weight=2.0, entropy_weight=0.5)
    recorded = record_losses(scripted_outputs.with_hparams(method, **hparams))
    logs = one_step(method, toy)
    whole = logs["supervised"] + 2 * (logs["adversarial"] + 0.5 * logs["entropy"])
    assert recorded == pytest.approx([whole], rel=1e-5)


def test_profile_authors_takes_the_entropy_of_perturbed_images(toy, method):
    record_losses(method)
    clean = one_step(method, toy)["entropy"]
    toy.load(toy.start)
    perturbed = one_step(scripted_outputs.with_hparams(method, profile="authors"), toy)["entropy"]
    assert perturbed != pytest.approx(clean, abs=1e-4)


def test_the_step_is_traced_again_after_the_warm_up():
    toy = toy_methods.Toy("vat", warm_up_epochs=1)
    method = toy.method
    assert method.stages() == {"warm_up": 0, "train": 2} and method.stage == "warm_up"
    (logs,) = toy.run(1)
    assert logs["adversarial"] == 0.0 and logs["entropy"] == 0.0 and logs["supervised"] > 0
    traced = method.train_function
    method.set_stage(1)
    assert method.train_function is traced
    method.step.assign(2)
    (logs,) = toy.run(1, first=2)
    assert method.stage == "train" and method.train_function is not traced
    assert logs["adversarial"] > 0 and logs["entropy"] > 0


def test_without_a_warm_up_the_run_has_one_stage(method):
    assert method.stages() == {"train": 0} and method.stage == "train"


@pytest.mark.parametrize(
    ("step", "rate", "beta_1"), [(0, 1e-3, 0.9), (6, 1e-3, 0.9), (9, 5e-4, 0.7), (12, 0, 0.5)]
)
def test_learning_rate_and_beta_1_fall_together(method, step, rate, beta_1):
    scripted_outputs.with_hparams(method, decay_start=0.5)
    method.step.assign(step)
    assert float(method.rate()) == pytest.approx(rate, abs=1e-8)
    assert float(method.beta_1()) == pytest.approx(beta_1, abs=1e-6)


def test_adam_uses_the_beta_1_of_this_step(toy, method):
    """The first moment after one step is (1 - beta_1) times its gradient."""
    scripted_outputs.with_hparams(method, decay_start=0.5)
    moments = []
    for step in (0, 9):
        toy.load(toy.start)
        method.step.assign(step)
        method.one_step(next(toy.batches()) | {"unlabeled": {"image": tf.zeros([32, 8, 8, 1])}})
        moments.append([v.numpy() for v in method.c.optimizer.variables if "momentum" in v.path])
    assert len(moments[0]) == len(method.c.variables)
    last = np.linalg.norm(moments[1][-1]) / np.linalg.norm(moments[0][-1])
    assert last == pytest.approx(0.3 / 0.1, rel=0.05)  # the random direction is another


def test_it_computes_in_float32_at_any_precision():
    with precision.policy("mixed_bfloat16"):
        method = methods.find("vat").Method(toy_methods.hparams("vat"), toy_methods.task())
    _, *after_input = method.classifier.layers
    assert {layer.compute_dtype for layer in after_input} == {"float32"}


def test_defaults_and_recipes():
    hp = vat.HParams()
    assert (hp.batch_size, hp.unlabeled_examples, hp.epsilon, hp.xi) == (32, 128, 8.0, 1e-2)
    svhn = config.configure("vat", "svhn")
    assert (svhn.max_steps, svhn.hparams.epsilon) == (48_000, 20.0)
    assert svhn.hparams.decay_start == pytest.approx(2 / 3)
    authors = config.configure("vat", "cifar10", profile="authors")
    assert (authors.hparams.xi, authors.hparams.epsilon, authors.hparams.iterations) == (10, 10, 5)
    assert (authors.hparams.amsgrad, authors.hparams.average_decay) == (True, 0.0)
    assert (authors.max_steps, authors.hparams.unlabeled_examples) == (3386, 1024)
    few = config.configure("vat", "cifar10", profile="authors", labels=250)
    assert few.hparams.batch_size == 250
    small = config.configure("vat", "digits", profile="authors").hparams
    assert (small.batch_size, small.xi) == (50, 10)


@pytest.mark.parametrize(
    ("dataset", "labels", "warm_up"),
    [
        ("cifar10", 4000, 140),
        ("cifar10", 250, 35),
        ("cifar100", 10_000, 350),
        ("cifar100", 2500, 105),
    ],
)
def test_profile_authors_warms_up_for_35_passes_over_the_labels(dataset, labels, warm_up):
    authors = config.configure("vat", dataset, profile="authors", labels=labels)
    assert first_step_of_training(authors, labels) == warm_up


def first_step_of_training(settings, labels):
    """First step of "train" of a run with these settings."""
    method = vat.Method(toy_methods.hparams("vat"), toy_methods.task())
    method.hp = settings.hparams
    method.task = dataclasses.replace(method.task, labeled=labels, steps=settings.max_steps)
    return method.stages()["train"]


def test_profile_report_takes_what_the_report_says_and_the_rest_of_the_paper():
    report = config.configure("vat", "cifar10", profile="report").hparams
    assert (report.xi, report.epsilon, report.iterations) == (10, 10, 5)
    assert (report.warm_up_epochs, report.entmin) == (35, False)
    paper = config.configure("vat", "cifar10").hparams
    changed = dict(xi=10.0, epsilon=10.0, iterations=5, warm_up_epochs=35, profile="report")
    assert report == dataclasses.replace(paper, **changed)


@pytest.mark.parametrize(
    ("dataset", "labels", "warm_up", "batches"),
    [
        ("cifar10", 250, 8, 391),
        ("cifar10", 1000, 32, 391),
        ("cifar10", 4000, 125, 391),
        ("cifar100", 2500, 79, 391),
        ("cifar100", 10_000, 313, 391),
        ("svhn", 500, 16, 573),
        ("svhn", 1000, 32, 573),
        ("fashion_mnist", 1000, 32, 469),
    ],
)
def test_profile_report_has_35_passes_over_the_labels_and_265_over_the_pool(
    dataset, labels, warm_up, batches
):
    """Of batches of 32 labeled and 128 unlabeled images; the last batch may be incomplete."""
    report = config.configure("vat", dataset, profile="report", labels=labels)
    assert report.max_steps == 35 * warm_up + 265 * batches
    assert first_step_of_training(report, labels) == 35 * warm_up


def test_profile_report_has_its_length_for_the_usual_labels_and_none_that_you_replace():
    report = config.configure("vat", "svhn", profile="report")
    assert (report.labels, report.max_steps) == (1000, 1120 + 265 * 573)
    assert report.hparams.epsilon == 10.0
    given = config.configure("vat", "svhn", profile="report", epochs=3)
    assert (given.epochs, given.max_steps) == (3, 0)
    assert config.configure("vat", "digits", profile="report").max_steps == 1000


def test_a_step_of_profile_report_is_the_direct_formula(toy, method):
    """L = CE + KL(p || q(10 d)), d from 5 times d <- unit(grad KL(p || q(r)) at r = 10 d)."""
    report = config.configure("vat", "cifar10", profile="report").hparams
    taken = {k: getattr(report, k) for k in ("profile", "xi", "epsilon", "iterations")}
    recorded = record_losses(scripted_outputs.with_hparams(method, **taken))
    batch = next(toy.batches())
    logs = method.one_step(batch)
    toy.load(toy.start)
    u = batch["unlabeled"]["image"]

    def unit(d):
        return d / tf.sqrt(tf.reduce_sum(d**2, [1, 2, 3], keepdims=True))

    def divergence(r):
        log_q = tf.nn.log_softmax(method.classifier(u + r, training=True)["logits"])
        return tf.reduce_sum(p * (tf.math.log(p) - log_q), 1)

    with step_random.at(method.task.seed, 0), layers.frozen_statistics():
        p = tf.nn.softmax(method.classifier(u, training=True)["logits"])
        d = unit(method.step_random().normal(*u.shape))
        for _ in range(5):
            r = 10.0 * d
            with tf.GradientTape() as tape:
                tape.watch(r)
                changed = divergence(r)
            d = unit(tape.gradient(changed, r))
        expected = float(tf.reduce_mean(divergence(10.0 * d)))
    assert float(logs["adversarial"]) == pytest.approx(expected, rel=1e-3)
    assert recorded == pytest.approx([float(logs["supervised"]) + expected], rel=1e-3)


def test_only_vat_has_the_profile_of_the_report():
    with pytest.raises(
        errors.UserError, match="--profile=reprt is not one of its values. .*'report'"
    ):
        vat.HParams(profile="reprt")
    with pytest.raises(errors.UserError, match="--profile=report is not one of its values"):
        methods.find("pseudo_label").HParams(profile="report")


def test_the_learning_rate_is_constant_with_decay_start_1(method):
    scripted_outputs.with_hparams(method, decay_start=1.0)
    method.step.assign(12)
    assert float(method.rate()) == pytest.approx(1e-3)
