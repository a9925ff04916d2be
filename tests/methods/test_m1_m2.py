"""M1+M2: both steps by recomputation, what moves what, bounds, the classifier, images of classes."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.core import monitoring
from tf_ssgan.methods import m1_m2
from tf_ssgan.nn import layers, pixels, step_random, weights
from tf_ssgan.training import config

CLASSES = toy_methods.CLASSES


@pytest.fixture(scope="module", params=["gaussian", "bernoulli"])
def toy(request):
    return toy_methods.Eager("m1_m2", likelihood=request.param)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    toy.method.set_stage(0)
    return toy.method


@pytest.fixture
def later(toy, method):
    """The method in stage "train"."""
    method.set_stage(method.stages()["train"])
    return method


def counts(made):
    return {k: weights.parameter_count(n) for k, n in made.networks().items()}


def test_parameters_of_colored_images():
    hp = config.configure("m1_m2", "svhn").hparams
    task = toy_methods.task(classes=10, height=32, width=32, channels=3)
    made = m1_m2.Method(hp, dataclasses.replace(task, unlabeled=73_257))
    assert counts(made) == {
        "features": 1_081_800,
        "feature_decoder": 1_262_400,
        "class_posterior": 155_510,
        "posterior": 205_600,
        "decoder": 331_100,
    }


def test_few_images_have_fewer_components():
    """Forty images span 39 directions, so further components would be constant."""
    made = m1_m2.Method(toy_methods.hparams("m1_m2", components=600), toy_methods.task())
    assert made.m1.values.output.shape == (None, 39)


def test_parameters_of_gray_images():
    hp = config.configure("m1_m2", "fashion_mnist").hparams
    made = m1_m2.Method(hp, toy_methods.task(classes=10, height=28, width=28))
    assert counts(made) == {
        "features": 693_100,
        "feature_decoder": 668_784,
        "class_posterior": 18_310,
        "posterior": 48_400,
        "decoder": 48_400,
    }


def recorded_step(toy, monkeypatch):
    """A step that moves nothing: its scalars, its loss, its gradients of all weights, its batch."""
    method, found = toy.method, {}

    def note(player):
        def minimize(loss, tape):
            every = {k: n.trainable_variables for k, n in method.networks().items()}
            found["loss"], found["player"] = float(loss), player.name
            found["gradients"] = {
                k: tape.gradient(loss, [v.value for v in of]) for k, of in every.items()
            }

        return minimize

    for player in (method.one, method.two):
        monkeypatch.setattr(player, "minimize", note(player))
    tape = tf.GradientTape  # which gives gradients once only
    monkeypatch.setattr(tf, "GradientTape", lambda: tape(persistent=True))
    batch = next(toy.batches())
    return {k: float(v) for k, v in method.one_step(batch).items()}, found, batch


def normal(x, mean, log_variance):
    """log N(x; mean, exp(log_variance)), summed."""
    terms = math.log(2 * math.pi) + log_variance + (x - mean) ** 2 / np.exp(log_variance)
    return -0.5 * terms.sum(-1)


def divergence(mean, log_variance):
    return 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(-1)


def arrays(outputs):
    return [v.numpy().astype(np.float64) for v in outputs.values()]


def prior(method, *networks):
    """||kernels||^2 / 2N."""
    kernels = [v.numpy() for n in networks for v in n.trainable_variables if v.shape.rank == 2]
    return sum((k.astype(np.float64) ** 2).sum() for k in kernels) / 2 / method.task.unlabeled


def test_a_step_of_m1_is_the_formula(toy, method, monkeypatch):
    logs, found, batch = recorded_step(toy, monkeypatch)
    u = batch["unlabeled"]["image"]
    with step_random.at(0, 0):
        x = method.m1.values(u)
        if method.hp.likelihood == "bernoulli":
            x = pixels.binarized(u)
        code = method.m1.posterior(x)
        a = layers.sample_gaussian(**code)
    x, outputs = x.numpy(), arrays(method.m1.decoder(a))
    if method.hp.likelihood == "bernoulli":
        p = 1 / (1 + np.exp(-outputs[0]))
        assert set(x.flat) == {0, 1}
        likelihood = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(-1)
    else:
        likelihood = normal(x, *outputs)
    expected = (likelihood - divergence(*arrays(code))).mean()
    assert logs["bound"] == pytest.approx(expected, rel=1e-5)
    of_kernels = prior(method, method.m1.features, method.m1.decoder)
    assert found["loss"] == pytest.approx(of_kernels - expected, rel=1e-5)
    assert found["player"] == "m1"


def test_a_step_of_m2_is_the_formula(toy, later, monkeypatch):
    """The sum over classes is taken one class and one image at a time."""
    logs, found, batch = recorded_step(toy, monkeypatch)
    x, y = batch["labeled"]["image"], batch["labeled"]["label"].numpy()
    u = batch["unlabeled"]["image"]
    with step_random.at(0, 0):
        random = step_random.current()
        a, b = (layers.sample_gaussian(**later.m1.features(images)) for images in (x, u))
        noise = random.normal(8, 8).numpy(), random.normal(8 * CLASSES, 8).numpy()

    def bound(codes, label, noise):
        label = tf.constant(label)
        mean, log_variance = arrays(later.posterior([codes, label]))
        z = tf.constant(mean + np.exp(log_variance / 2) * noise, tf.float32)
        found = arrays(later.decoder([z, label]))
        likelihood = normal(codes.numpy(), *found)
        return likelihood - math.log(CLASSES) - divergence(mean, log_variance)

    known = bound(a, y, noise[0])
    logits = later.class_posterior(b)["logits"].numpy()
    q = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    opened = 0.0
    for k in range(CLASSES):
        own = noise[1][k::CLASSES]  # the classes of an image follow one another
        opened += q[:, k] * (bound(b, np.full(8, k), own) - np.log(q[:, k]))
    log_p = np.log(tf.nn.softmax(later.class_posterior(a)["logits"]))
    supervised = -log_p[np.arange(8), y].mean()
    expected = {
        "supervised": supervised, "labeled_bound": known.mean(), "unlabeled_bound": opened.mean()
    }  # fmt: skip
    assert logs == pytest.approx(expected, rel=1e-4)
    networks = later.class_posterior, later.posterior, later.decoder
    share = toy_methods.LABELED / toy_methods.UNLABELED
    loss = 0.1 * supervised - share * known.mean() - opened.mean() + prior(later, *networks)
    assert found["loss"] == pytest.approx(loss, rel=1e-4) and found["player"] == "m2"


def test_the_classifier_of_codes_learns_from_both_pools(toy, later, monkeypatch):
    """And M1 from neither: codes are data of stage "train"."""
    _, found, _ = recorded_step(toy, monkeypatch)
    for name, gradients in found["gradients"].items():
        reached = [g is not None and bool(np.any(g)) for g in gradients]
        assert all(reached) if name in later.trained else not any(reached), name


def test_the_prior_pulls_at_kernels_alone(method):
    variables = method.two.variables
    with tf.GradientTape() as tape:
        prior = method.prior(method.two)
    for variable, gradient in zip(
        variables, tape.gradient(prior, [v.value for v in variables]), strict=True
    ):
        if variable.name == "kernel":
            np.testing.assert_allclose(gradient, variable / toy_methods.UNLABELED, rtol=1e-5)
        else:
            assert variable.name == "bias" and gradient is None


def test_labels_change_the_step_of_m2(toy, later):
    """L and the cross-entropy read them, U does not."""
    batch = next(toy.batches())
    one = later.one_step(batch)
    toy.load(toy.start)
    batch["labeled"]["label"] = (batch["labeled"]["label"] + 1) % CLASSES
    other = later.one_step(batch)
    assert one["unlabeled_bound"] == other["unlabeled_bound"]
    assert one["labeled_bound"] != other["labeled_bound"]


def test_weights_of_classes_weigh_both_losses_of_labels():
    heavy = toy_methods.Eager("m1_m2", class_weights=(2.0, 2.0, 2.0))
    plain = toy_methods.Eager("m1_m2")
    for each in (heavy, plain):
        each.method.set_stage(6)
    batch = next(plain.batches())
    one, two = (each.method.one_step(batch) for each in (plain, heavy))
    for name, factor in (("supervised", 2), ("labeled_bound", 2), ("unlabeled_bound", 1)):
        assert float(two[name]) == pytest.approx(factor * float(one[name]), rel=1e-5)


def test_codes_are_drawn_anew_in_each_step(toy, later):
    batch = next(toy.batches())
    values = []
    for step in (6, 7):
        toy.load(toy.start)
        later.step.assign(step)
        values.append(float(later.one_step(batch)["unlabeled_bound"]))
    assert values[0] != values[1]


def test_the_classifier_is_that_of_mean_codes(method):
    images = toy_methods.centered(toy_methods.images(5)[0])
    mean = method.m1.posterior(method.m1.values(images))["mean"]
    outputs = method.classifier(images)
    np.testing.assert_allclose(outputs["features"], mean, atol=1e-5)
    expected = method.class_posterior(mean)["logits"]
    np.testing.assert_allclose(outputs["logits"], expected, atol=1e-6)
    assert method.exported_classifier is method.classifier


def test_m1_gets_whitened_components_or_intensities(method):
    images = toy_methods.centered(toy_methods.images()[0])
    x = method.m1.values(images).numpy()
    if method.hp.likelihood == "bernoulli":
        np.testing.assert_allclose(x, pixels.intensities(images), atol=1e-6)
    else:
        assert x.shape == (40, 16)  # of 64 values
        np.testing.assert_allclose(np.cov(x.T, bias=True), np.eye(16), atol=0.02)


def test_images_of_a_class_are_decoded_twice(method):
    sampler = method.sampler()
    z, label = sampler.fixed_latents(6)
    images = sampler.sample(6).numpy()
    assert sampler.conditional and images.shape == (6, 8, 8, 1) and np.abs(images).max() <= 1
    code = method.decoder([z, label])["mean"]
    outputs = arrays(method.m1.decoder(code))
    if method.hp.likelihood == "bernoulli":
        expected = 2 / (1 + np.exp(-outputs[0])) - 1
    else:
        whiten = next(x for x in method.classifier.layers if isinstance(x, layers.Whiten))
        expected = outputs[0] @ np.linalg.pinv(whiten.projection.numpy()) + whiten.mean.numpy()
    np.testing.assert_allclose(images, np.clip(expected, -1, 1).reshape(6, 8, 8, 1), atol=2e-4)
    other = sampler.network([z, (label + 1) % CLASSES])
    assert not np.allclose(images, other)


def test_reconstructions_and_the_bound_are_watched(method):
    pairs, bound = method.monitors()
    images = toy_methods.centered(toy_methods.images(pairs.examples)[0])
    mean = method.m1.features(images)["mean"]
    assert pairs.name == "reconstructions" and isinstance(bound, monitoring.Bound)
    np.testing.assert_allclose(pairs.transform(images), method.m1.images(mean), atol=1e-6)
    with step_random.at(0, 0):
        found = bound.of(images)
    with step_random.at(0, 0):
        likelihood, divergence = method.m1.terms(method.m1.values(images))
    assert found.shape == (pairs.examples,) and found.dtype == tf.float32
    np.testing.assert_array_equal(found, likelihood - divergence)


def test_the_bound_is_below_the_likelihood(method):
    """Of one image, by importance sampling of 20,000 codes."""
    image = toy_methods.centered(toy_methods.images(1)[0])
    x = method.m1.values(image)
    with step_random.at(0, 0):
        many = tf.repeat(x, 20_000, 0)
        code = method.m1.posterior(many)
        a = layers.sample_gaussian(**code)
        joint = method.m1.log_likelihood(many, a).numpy() + normal(a.numpy(), 0.0, 0.0 * a.numpy())
        weights_of = joint - normal(a.numpy(), *arrays(code))
        terms = method.m1.terms(many)
        bound = float(tf.reduce_mean(terms[0] - terms[1]))
    likelihood = np.logaddexp.reduce(weights_of) - math.log(20_000)
    assert bound < likelihood
    assert bound == pytest.approx(np.mean(weights_of), abs=0.05 * abs(bound))


def test_a_component_that_does_not_vary_has_a_bounded_density(method):
    if method.hp.likelihood == "gaussian":
        zeros = [0.0 * v for v in method.m1.decoder.trainable_variables]
        method.m1.decoder.set_weights(zeros)
        method.m1.decoder.get_layer("log_variance").bias.assign(tf.fill([16], -50.0))
        density = method.m1.log_likelihood(tf.zeros([1, 16]), tf.zeros([1, 6]))
        assert float(density[0]) == pytest.approx(8 * (10 - math.log(2 * math.pi)), rel=1e-5)


def test_the_weight_of_the_divergence_rises_over_a_part_of_m1():
    """Of six of twelve steps two thirds; what is reported is the bound itself."""
    plain, rising = (
        toy_methods.Eager("m1_m2", divergence_ramp=ramp) for ramp in (0.0, 2 / 3)
    )  # fmt: skip
    weights_of = []
    for step in range(6):
        rising.method.step.assign(step)
        weights_of.append(float(rising.method.divergence_weight()))
        plain.method.step.assign(step)
        assert plain.method.divergence_weight() == 1
    assert weights_of == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0, 1.0])


@pytest.mark.parametrize("step", [0, 1])
def test_a_step_of_m1_with_a_rising_divergence_is_the_formula(step, monkeypatch):
    toy = toy_methods.Eager("m1_m2", divergence_ramp=1 / 3)
    toy.method.step.assign(step)
    logs, found, batch = recorded_step(toy, monkeypatch)
    with step_random.at(0, step):
        x = toy.method.m1.values(batch["unlabeled"]["image"])
        likelihood, divergence = (float(tf.reduce_mean(v)) for v in toy.method.m1.terms(x))
    assert logs["bound"] == pytest.approx(likelihood - divergence, rel=1e-5)
    of_kernels = prior(toy.method, toy.method.m1.features, toy.method.m1.decoder)
    expected = step / 2 * divergence - likelihood + of_kernels
    assert found["loss"] == pytest.approx(expected, rel=1e-5)


def test_stages(method):
    assert method.stages() == {"features": 0, "train": 6}
    assert set(method.streams()) == {"unlabeled"}
    alone = toy_methods.Eager("m1_m2", features_fraction=0.0).method
    assert alone.stages() == {"train": 0} and set(alone.streams()) == {"labeled", "unlabeled"}


def test_large_images_are_refused_with_whitening_alone():
    kind = m1_m2.HParams
    assert m1_m2.Method.most_values(kind(likelihood="gaussian")) == 4096
    assert m1_m2.Method.most_values(kind()) == 0  # images of your own are not whitened by default
    large = toy_methods.task(height=65, width=65)
    with pytest.raises(errors.UserError, match="whitens images of at most 4,096 values"):
        m1_m2.Method(toy_methods.hparams("m1_m2"), large)
    assert m1_m2.Method(toy_methods.hparams("m1_m2", likelihood="bernoulli"), large).generator


def test_recipes():
    for dataset, labels, likelihood, sizes in (
        ("svhn", 1000, "gaussian", (600, 300, 500, 50)),
        ("cifar10", 4000, "gaussian", (600, 300, 500, 50)),
        ("cifar100", 10_000, "gaussian", (600, 300, 500, 50)),
        ("fashion_mnist", 100, "bernoulli", (500, 50, 300, 50)),
    ):
        settings = config.configure("m1_m2", dataset)
        hp = settings.hparams
        assert (settings.labels, hp.likelihood) == (labels, likelihood)
        assert (hp.feature_width, hp.feature_size, hp.width, hp.latent_size) == sizes
        assert (hp.learning_rate, hp.beta_1, hp.supervised_weight) == (3e-4, 0.9, 0.1)
        assert hp.divergence_ramp == 0
    assert config.configure("m1_m2", "fashion_mnist", labels=1000).hparams.width == 500
    short = config.configure("m1_m2", "svhn", max_steps=300).hparams
    assert (short.learning_rate, short.divergence_ramp) == (1e-3, 0.5)
    assert config.configure("m1_m2", "digits").hparams.learning_rate == 2e-3
