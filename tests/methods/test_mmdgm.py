"""mmDGM: the loss by recomputation, the bound, what learns from what, rates, images, recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.core import monitoring
from tf_ssgan.methods import mmdgm
from tf_ssgan.nn import layers, losses, step_random, weights
from tf_ssgan.training import config

FIRST = 3  # step of stage "train"


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("mmdgm", margin=3.0, bound_weight=0.01, weight_decay=0.1)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    toy.method.step.assign(FIRST)
    toy.method.set_stage(FIRST)
    return toy.method


def with_values(method, monkeypatch, **values):
    """The method with other hyperparameters."""
    monkeypatch.setattr(method, "hp", toy_methods.hparams("mmdgm", **values))
    return method


def recorded_step(method, batch, monkeypatch):
    """A step that moves nothing: its scalars, and per player the loss and its gradients."""
    found = {}

    def note(player):
        def minimize(loss, tape):
            gradients = tape.gradient(loss, [v.value for v in player.variables])
            found[player.name] = float(loss), gradients

        return minimize

    with monkeypatch.context() as patch:
        for player in (method.c, method.v):
            patch.setattr(player, "minimize", note(player))
        logs = {k: float(v) for k, v in method.one_step(batch).items()}
    return logs, found


def expected_bound(images, code, made, classes):
    """ELBO(x, y) of each image by NumPy."""
    m, s = (made[k].numpy().astype(np.float64) for k in ("mean", "log_variance"))
    log_p = -0.5 * (np.log(2 * np.pi) + s + (images.numpy() - m) ** 2 / np.exp(s)).sum((1, 2, 3))
    m, s = (code[k].numpy().astype(np.float64) for k in ("mean", "log_variance"))
    return log_p - 0.5 * (np.exp(s) + m**2 - 1 - s).sum(1) - np.log(classes)


def expected_hinge(scores, label, margin):
    own = scores[np.arange(len(label)), label]
    away = margin * (np.arange(scores.shape[1]) != label[:, None])
    return (away + scores - own[:, None]).max(1)


@pytest.mark.parametrize(
    ("side", "channels", "counts"),
    [
        (32, 3, {"classifier": 217_152 + 15_370, "posterior": 792_064, "decoder": 631_974}),
        (28, 1, {"classifier": 213_952 + 15_370, "posterior": 792_064, "decoder": 625_570}),
    ],
)
def test_the_networks_have_the_parameter_counts_of_the_public_code(side, channels, counts):
    hp = config.configure("mmdgm", "svhn").hparams
    task = toy_methods.task(classes=10, height=side, width=side, channels=channels)
    found = mmdgm.Method(hp, task).networks()
    assert {k: weights.parameter_count(n) for k, n in found.items()} == counts


def test_a_step_is_the_formula(toy, method, monkeypatch):
    batch = next(toy.batches(FIRST))
    logs, found = recorded_step(method, batch, monkeypatch)
    x, y, u = batch["labeled"]["image"], batch["labeled"]["label"], batch["unlabeled"]["image"]
    with step_random.at(0, FIRST):
        outputs = method.forward_concat(method.classifier, x, u)
        predicted = tf.argmax(outputs[1]["logits"], -1)
        bounds = []
        for images, given, label in zip((x, u), outputs, (y, predicted), strict=True):
            code = method.posterior([given["features"], label])
            made = method.decoder([layers.sample_gaussian(**code), label])
            bounds.append(expected_bound(images, code, made, 3).mean())
    scores, of_u = (o["logits"].numpy() for o in outputs)
    p = np.exp(of_u) / np.exp(of_u).sum(1, keepdims=True)
    expected = {
        "hinge": expected_hinge(scores, y.numpy(), 3.0).mean(),
        "hat": expected_hinge(of_u, predicted.numpy(), 3.0).mean(),
        "balance": -np.log(p.mean(0)).mean() - np.log(3),
        "labeled_bound": bounds[0],
        "unlabeled_bound": bounds[1],
    }
    assert logs == pytest.approx(expected, rel=1e-4, abs=1e-5)
    networks = method.classifier, method.posterior, method.decoder
    kernels = [v for n in networks for v in n.trainable_variables if v.name == "kernel"]
    decay = 0.1 * sum(0.5 * np.sum(np.square(v)) for v in kernels)
    loss = expected["hinge"] + 0.3 * expected["hat"] + 1e-3 * expected["balance"] + decay
    loss -= 0.01 * (bounds[0] + bounds[1])
    assert len(kernels) == 2 + 1 + 2 + 1 + 1 + 2  # convolutions are two in toys
    for player in ("classifier", "autoencoder"):
        assert found[player][0] == pytest.approx(loss, rel=1e-5)


def test_both_players_move_by_the_gradients_at_the_same_weights(toy, method, monkeypatch):
    batch = next(toy.batches(FIRST))
    before = toy.values()
    _, found = recorded_step(method, batch, monkeypatch)
    toy.load(before)
    seen, minimize = {}, method.v.minimize

    def after_the_classifier(loss, tape):
        seen["gradients"] = tape.gradient(loss, [v.value for v in method.v.variables])
        minimize(loss, tape)

    monkeypatch.setattr(method.v, "minimize", after_the_classifier)
    method.one_step(batch)
    assert not np.array_equal(method.c.variables[0], before["network/classifier"][0])
    for one, two in zip(seen["gradients"], found["autoencoder"][1], strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_the_first_stage_learns_labels_alone(toy, method, monkeypatch):
    assert method.stages() == {"labels": 0, "train": FIRST}
    method.step.assign(0)
    method.set_stage(0)
    assert set(method.streams()) == {"labeled"}
    batch = next(toy.batches())
    logs, found = recorded_step(method, batch, monkeypatch)
    with step_random.at(0, 0):
        scores = method.classifier(batch["labeled"]["image"], training=True)["logits"].numpy()
    hinge = expected_hinge(scores, batch["labeled"]["label"].numpy(), 3.0).mean()
    decay = 0.1 * sum(0.5 * np.sum(np.square(v)) for v in method.c.variables if v.name == "kernel")
    assert logs == {"hinge": pytest.approx(hinge, rel=1e-5)}
    assert set(found) == {"classifier"}
    assert found["classifier"][0] == pytest.approx(hinge + decay, rel=1e-5)


def test_the_bound_moves_features_and_leaves_scores_alone(toy, method):
    """Their class is given or predicted, which has no gradient."""
    x = toy_methods.centered(toy_methods.images(8)[0])
    with step_random.at(0, 0), tf.GradientTape() as tape:
        outputs = method.classifier(x, training=True)
        bound = method.bound(x, outputs, tf.argmax(outputs["logits"], -1))
    variables = [v for n in (method.classifier, method.posterior, method.decoder)
                 for v in n.trainable_variables]  # fmt: skip
    gradients = tape.gradient(bound, [v.value for v in variables])
    scores = {id(v) for v in method.classifier.get_layer("logits").trainable_variables}
    for variable, gradient in zip(variables, gradients, strict=True):
        assert (gradient is None) == (id(variable) in scores), variable.path
        assert gradient is None or np.any(gradient), variable.path


def test_without_its_terms_unlabeled_images_teach_nothing(toy, method, monkeypatch):
    batch = next(toy.batches(FIRST))
    with_values(method, monkeypatch, bound_weight=0.0, hat_weight=0.0, balance_weight=0.0)
    before = toy.values()
    one = recorded_step(method, batch, monkeypatch)[1]["classifier"]
    toy.load(before)
    batch["unlabeled"]["image"] *= -1.0
    two = recorded_step(method, batch, monkeypatch)[1]["classifier"]
    assert one[0] == two[0]
    for a, b in zip(one[1], two[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_bound_of_a_model_that_ignores_images(toy, method):
    """With all weights 0, x is N(0, I) and so is z: log p(x, y) is known, and the bound is it."""
    for variable in (*method.posterior.variables, *method.decoder.variables):
        variable.assign(tf.zeros(variable.shape))
    x = toy_methods.centered(toy_methods.images(8)[0])
    with step_random.at(0, 0):
        found = method.bound_of_images(x)
    expected = losses.standard_log_density(x, axes=3) - np.log(3)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_bound_of_images_is_that_of_their_predicted_class(toy, method):
    x = toy_methods.centered(toy_methods.images(8)[0])
    method.classifier.get_layer("logits").bias.assign([0.0, 100.0, 0.0])
    outputs = method.classifier(x)
    found = []
    for compute in (
        lambda: method.bound_of_images(x),
        lambda: method.bound(x, outputs, tf.ones(8, tf.int64)),
        lambda: method.bound(x, outputs, tf.zeros(8, tf.int64)),
    ):
        with step_random.at(0, 0):
            found.append(compute().numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    assert np.all(found[0] != found[2])


def test_the_bound_is_below_the_likelihood(toy, method):
    """Estimated by importance sampling with the samples of the bound: Jensen's inequality."""
    x = toy_methods.centered(toy_methods.images(4)[0])
    outputs, y = method.predicted(x)
    for variable in method.decoder.variables:  # so that z matters
        variable.assign(2.0 * variable)
    code = method.posterior([outputs["features"], y])
    log_weights, bounds = [], []
    for step in range(40):
        with step_random.at(0, step):
            bounds.append(method.bound(x, outputs, y))
        with step_random.at(0, step):
            z = layers.sample_gaussian(**code)
        log_p = losses.gaussian_log_density(x, **method.decoder([z, y]), axes=3) - np.log(3)
        log_q = losses.gaussian_log_density(z, **code)
        log_weights.append(log_p + losses.standard_log_density(z) - log_q)
    likelihood = np.logaddexp.reduce(log_weights) - np.log(40)
    assert np.all(np.mean(bounds, 0) < likelihood)
    np.testing.assert_allclose(np.mean(bounds, 0), np.mean(log_weights, 0), atol=1.0)


@pytest.mark.parametrize(
    ("step", "drops"),
    [(0, 0), (80, 0), (108, 0), (109, 1), (128, 1), (129, 2), (148, 2), (149, 3), (159, 3)],
)
def test_the_learning_rate_falls_to_a_third_where_epochs_30_50_and_70_of_80_begin(step, drops):
    """After 80 steps on labels; an epoch is a step here."""
    hp = toy_methods.hparams("mmdgm", labels_fraction=0.5)
    made = mmdgm.Method(hp, toy_methods.task(steps=160))
    assert made.stages() == {"labels": 0, "train": 80}
    made.step.assign(step)
    assert float(made.rate()) == pytest.approx(1e-3 * 3.0**-drops)
    assert all(player.rate == made.rate for player in (made.c, made.v))


def test_biases_learn_at_twice_the_rate(toy, method):
    """Adam's first steps have the length of the learning rate, whatever the gradient."""
    before = toy.values()
    method.one_step(next(toy.batches(FIRST)))
    networks = zip((method.classifier, method.posterior, method.decoder),
                   ("classifier", "posterior", "decoder"), strict=True)  # fmt: skip
    for network, name in networks:
        for variable, old in zip(network.variables, before[f"network/{name}"], strict=True):
            longest = np.abs(variable.numpy() - old).max()
            factor = 2.0 if variable.name == "bias" else 1.0
            assert longest == pytest.approx(1e-3 * factor, rel=0.02), variable.path


def test_a_run_without_the_first_stage():
    hp = toy_methods.hparams("mmdgm", labels_fraction=0.0)
    assert mmdgm.Method(hp, toy_methods.task()).stages() == {"train": 0}
    with pytest.raises(errors.UserError, match="labels_fraction"):
        toy_methods.hparams("mmdgm", labels_fraction=0.95)


def test_nothing_starts_from_data(toy, method):
    before = toy.values()
    method.initialize(toy_methods.centered(toy_methods.images()[0]))
    for owner, values in toy.values().items():
        for one, two in zip(values, before[owner], strict=True):
            np.testing.assert_array_equal(one, two)


def test_generated_images_are_the_means_of_their_class(method):
    sampler = method.sampler()
    z, c = sampler.fixed_latents(6)
    assert sampler.conditional and c.numpy().tolist() == [0, 1, 2, 0, 1, 2]
    for variable in method.decoder.variables:
        variable.assign(20.0 * variable)  # so that some are beyond [-1, 1]
    means = method.decoder([z, c])["mean"].numpy()
    assert np.abs(means).max() > 1
    np.testing.assert_allclose(sampler.sample(6), np.clip(means, -1, 1), atol=1e-5)
    assert np.any(method.generator([z, (c + 1) % 3]) != sampler.sample(6))


def test_reconstructions_and_the_bound_are_watched(method):
    pairs, bound = method.monitors()
    images = toy_methods.centered(toy_methods.images(pairs.examples)[0])
    outputs = method.classifier(images)
    y = tf.argmax(outputs["logits"], -1)
    mean = method.posterior([outputs["features"], y])["mean"]
    assert pairs.name == "reconstructions"
    np.testing.assert_allclose(pairs.transform(images), method.generator([mean, y]), atol=1e-6)
    assert isinstance(bound, monitoring.Bound)
    with step_random.at(0, 0):
        of = bound.of(images)
    assert of.shape == (pairs.examples,) and np.all(np.isfinite(of))


def test_large_images_are_not_whitened():
    hp = toy_methods.hparams("mmdgm", normalization="zca")
    assert mmdgm.Method.most_values(hp) == 4096
    assert mmdgm.Method.most_values(toy_methods.hparams("mmdgm")) == 0
    with pytest.raises(errors.UserError, match="whitens images of at most 4,096 values"):
        mmdgm.Method(hp, toy_methods.task(height=48, width=48, channels=3))


def test_recipes():
    for dataset, labels, width, latent_size in (
        ("svhn", 1000, 64, 256), ("cifar10", 4000, 64, 256), ("fashion_mnist", 100, 32, 100),
    ):  # fmt: skip
        settings = config.configure("mmdgm", dataset)
        hp = settings.hparams
        assert (settings.labels, settings.epochs) == (labels, 200)
        assert (hp.width, hp.latent_size, hp.batch_size) == (width, latent_size, 100)
        assert (hp.learning_rate, hp.beta_1, hp.average_decay) == (1e-3, 0.9, 0.0)
        assert (hp.margin, hp.bound_weight, hp.hat_weight) == (10, 1e-4, 0.3)
        assert (hp.balance_weight, hp.weight_decay) == (1e-3, 2e-6)
    assert config.configure("mmdgm", "svhn").hparams.normalization == "per_image"
    digits = config.configure("mmdgm", "digits")
    assert (digits.labels, digits.max_steps, digits.hparams.batch_size) == (50, 1000, 50)
    assert (digits.hparams.width, digits.hparams.labels_fraction) == (24, 0.2)  # it is short
    assert config.configure("mmdgm", "svhn").hparams.labels_fraction == 0.05
