"""What is special to virtual adversarial training."""

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan import methods
from tf_ssgan.methods import vat
from tf_ssgan.nn import layers, losses, precision, step_random
from tf_ssgan.training import config

RECORDED = ("moving_mean", "moving_variance")


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("vat", epsilon=3.0)


@pytest.fixture()
def made(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


def caught(made):
    """The loss of each next step, which moves no weight."""
    found = []
    made.c.minimize = lambda loss, tape: found.append(float(loss))
    return found


def taken(made, toy):
    return {k: float(v) for k, v in made.one_step(next(toy.batches())).items()}


def test_a_perturbation_has_its_length_in_standardized_images():
    """Deviation .2 of intensities is .4 of images in [-1, 1]."""
    made = vat.Method(toy_methods.hparams("vat", epsilon=3.0), toy_methods.task(std=(0.2,)))
    images = toy_methods.centered(toy_methods.images(6)[0])
    with step_random.at(0, 0):
        found = made.perturbation(images).numpy() / 0.4
    lengths = np.linalg.norm(found.reshape(6, -1), axis=1)
    np.testing.assert_allclose(lengths, np.full(6, 3.0), rtol=1e-4)


def test_the_loss_is_the_sum_of_its_parts(toy, made):
    found = caught(scripted_outputs.turned(made, adversarial_weight=2.0, entropy_weight=0.5))
    plain = taken(made, toy)
    assert plain["adversarial"] > 0 and plain["entropy"] > 0
    assert found[-1] == pytest.approx(plain["supervised"] + 2 * plain["adversarial"], rel=1e-5)
    toy.load(toy.start)
    logs = taken(scripted_outputs.turned(made, entmin=True), toy)
    assert logs == plain
    whole = logs["supervised"] + 2 * logs["adversarial"] + 0.5 * logs["entropy"]
    assert found[-1] == pytest.approx(whole, rel=1e-5)


def test_neither_the_clean_prediction_nor_the_perturbation_learns(toy, made):
    """Loss and gradient are those of KL(p || q) with p and the perturbation as numbers."""
    batch, found = next(toy.batches()), []
    weights = [v.value for v in made.c.variables]
    made.c.minimize = lambda loss, tape: found.append((loss, tape.gradient(loss, weights)))
    logs = made.one_step(batch)
    toy.load(toy.start)
    u = batch["unlabeled"]["image"]
    with step_random.at(toy.method.task.seed, 0), layers.frozen_statistics():
        r, clean = made.perturbation(u), made.classifier(u, training=True)["logits"]
        p = tf.nn.softmax(clean)
        with tf.GradientTape() as tape:
            logits = made.classifier(batch["labeled"]["image"], training=True)["logits"]
            log_q = tf.nn.log_softmax(made.classifier(u + r, training=True)["logits"])
            changed = tf.reduce_mean(tf.reduce_sum(p * (tf.math.log(p) - log_q), 1))
            loss = losses.cross_entropy(batch["labeled"]["label"], logits) + changed
    assert float(logs["adversarial"]) == pytest.approx(float(changed), rel=1e-4)
    assert float(found[0][0]) == pytest.approx(float(loss), rel=1e-5)
    for ours, expected in zip(found[0][1], tape.gradient(loss, weights), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_without_a_length_predictions_stay(toy, made):
    caught(scripted_outputs.turned(made, epsilon=0.0))
    assert taken(made, toy)["adversarial"] == pytest.approx(0.0, abs=1e-6)


def test_what_is_searched_for_is_worse_than_what_is_drawn(toy, made):
    """Of the same length; more iterations start from the first one's direction."""
    images = next(toy.batches())["unlabeled"]["image"]
    noise = losses.unit_norm(tf.random.stateless_normal(images.shape, [1, 1]))

    def changed(direction):
        with layers.frozen_statistics():
            clean = made.classifier(images, training=True)["logits"]
            other = made.classifier(images + 0.3 * direction, training=True)["logits"]
        return float(losses.kl_divergence(clean, other))

    found = []
    for iterations in (1, 4):
        scripted_outputs.turned(made, iterations=iterations)
        with step_random.at(0, 0):
            found.append(changed(made.perturbation(images) / 3.0))
    assert changed(noise) < found[0] < found[1]


def test_without_slope_all_is_finite_and_zero(toy, made):
    made.classifier.get_layer("logits").kernel.assign(tf.zeros([16, 3]))
    images = toy_methods.centered(toy_methods.images(4)[0])
    with step_random.at(0, 0):
        np.testing.assert_array_equal(made.perturbation(images), np.zeros(images.shape))
    logs = taken(made, toy)
    assert logs["adversarial"] == 0.0 and logs["entropy"] == pytest.approx(np.log(3), abs=1e-5)
    assert all(np.all(np.isfinite(v)) for v in made.classifier.get_weights())


def test_only_the_labeled_pass_is_recorded(toy, made):
    batch = next(toy.batches())
    moving = [v for v in made.classifier.variables if v.name in RECORDED]
    made.classifier(batch["labeled"]["image"], training=True)
    expected = [v.numpy() for v in moving]
    toy.load(toy.start)
    made.one_step(batch)
    for ours, alone in zip(moving, expected, strict=True):
        np.testing.assert_array_equal(ours, alone)


def test_the_perturbation_of_a_figure_records_nothing(made):
    before = [v.numpy() for v in made.classifier.variables]
    with step_random.at(0, 0):
        made.perturbation(toy_methods.centered(toy_methods.images(4)[0]))
    for ours, kept in zip(made.classifier.variables, before, strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_of_the_authors_entropy_counts_within_the_weight_of_the_divergence(toy, made):
    knobs = dict(profile="authors", entmin=True, adversarial_weight=2.0, entropy_weight=0.5)
    found = caught(scripted_outputs.turned(made, **knobs))
    logs = taken(made, toy)
    whole = logs["supervised"] + 2 * (logs["adversarial"] + 0.5 * logs["entropy"])
    assert found == pytest.approx([whole], rel=1e-5)


def test_of_the_authors_it_is_the_perturbed_images_that_shall_be_sure(toy, made):
    caught(made)
    clean = taken(made, toy)["entropy"]
    toy.load(toy.start)
    perturbed = taken(scripted_outputs.turned(made, profile="authors"), toy)["entropy"]
    assert perturbed != pytest.approx(clean, abs=1e-4)


def test_after_a_warm_up_on_labels_the_step_is_traced_anew():
    toy = toy_methods.Toy("vat", warm_up_fraction=0.5)
    made = toy.method
    assert made.stages() == {"warm_up": 0, "train": 6} and made.stage == "warm_up"
    (logs,) = toy.run(1)
    assert logs["adversarial"] == 0.0 and logs["entropy"] == 0.0 and logs["supervised"] > 0
    traced = made.train_function
    made.set_stage(5)
    assert made.train_function is traced
    made.step.assign(6)
    (logs,) = toy.run(1, first=6)
    assert made.stage == "train" and made.train_function is not traced
    assert logs["adversarial"] > 0 and logs["entropy"] > 0


def test_without_a_warm_up_there_is_one_stage(made):
    assert made.stages() == {"train": 0} and made.stage == "train"


@pytest.mark.parametrize(
    ("step", "rate", "beta_1"), [(0, 1e-3, 0.9), (6, 1e-3, 0.9), (9, 5e-4, 0.7), (12, 0, 0.5)]
)
def test_step_size_and_first_moment_decay_fall_together(made, step, rate, beta_1):
    scripted_outputs.turned(made, decay_start=0.5)
    made.step.assign(step)
    assert float(made.rate()) == pytest.approx(rate, abs=1e-8)
    assert float(made.beta_1()) == pytest.approx(beta_1, abs=1e-6)


def test_adam_gets_the_decay_of_this_step(toy, made):
    """The first moment of a step is (1 - beta_1) times its gradient."""
    scripted_outputs.turned(made, decay_start=0.5)
    moments = []
    for step in (0, 9):
        toy.load(toy.start)
        made.step.assign(step)
        made.one_step(next(toy.batches()) | {"unlabeled": {"image": tf.zeros([32, 8, 8, 1])}})
        moments.append([v.numpy() for v in made.c.optimizer.variables if "momentum" in v.path])
    assert len(moments[0]) == len(made.c.variables)
    last = np.linalg.norm(moments[1][-1]) / np.linalg.norm(moments[0][-1])
    assert last == pytest.approx(0.3 / 0.1, rel=0.05)  # the direction is drawn anew


def test_it_is_in_float32_under_any_precision():
    with precision.policy("mixed_bfloat16"):
        made = methods.find("vat").Method(toy_methods.hparams("vat"), toy_methods.task())
    _, *computing = made.classifier.layers
    assert {layer.compute_dtype for layer in computing} == {"float32"}


def test_its_numbers_and_recipes():
    hp = vat.HParams()
    assert (hp.batch_size, hp.unlabeled_examples, hp.epsilon, hp.xi) == (32, 128, 8.0, 1e-2)
    svhn = config.configure("vat", "svhn")
    assert (svhn.max_steps, svhn.hparams.epsilon) == (48_000, 20.0)
    assert svhn.hparams.decay_start == pytest.approx(2 / 3)
    theirs = config.configure("vat", "cifar10", profile="authors")
    assert (theirs.hparams.xi, theirs.hparams.epsilon, theirs.hparams.iterations) == (10, 10, 5)
    assert (theirs.hparams.amsgrad, theirs.hparams.average_decay) == (True, 0.0)
    assert (theirs.max_steps, theirs.hparams.unlabeled_examples) == (3386, 1024)
    few = config.configure("vat", "cifar10", profile="authors", labels=250)
    assert few.hparams.batch_size == 250
    small = config.configure("vat", "digits", profile="authors").hparams
    assert (small.batch_size, small.xi) == (50, 10)


@pytest.mark.parametrize(("labels", "warm_up"), [(4000, 140), (250, 35)])
def test_the_authors_warm_up_is_35_passes_over_the_labels(labels, warm_up):
    theirs = config.configure("vat", "cifar10", profile="authors", labels=labels)
    batches = -(-labels // theirs.hparams.batch_size)
    assert theirs.hparams.warm_up_fraction * theirs.max_steps == pytest.approx(35 * batches)
    assert warm_up == 35 * batches


def test_a_step_size_that_never_falls(made):
    scripted_outputs.turned(made, decay_start=1.0)
    made.step.assign(12)
    assert float(made.rate()) == pytest.approx(1e-3)
