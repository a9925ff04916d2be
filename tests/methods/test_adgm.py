"""ADGM: the step by recomputation, exact bounds of models that can be summed, gradients, recipes."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
from support import linear_latents, toy_methods

from tf_ssgan.nn import layers, pixels, step_random
from tf_ssgan.training import config

ROWS, SAMPLES, CLASSES = 8, 2, toy_methods.CLASSES


@pytest.fixture(scope="module", params=["bernoulli", "gaussian"])
def toy(request):
    toy = toy_methods.Eager("adgm", likelihood=request.param)
    toy.run(2)  # at weights that no initializer gives
    toy.start = toy.values()
    return toy


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


def recorded_step(method, batch, monkeypatch):
    """A step that moves nothing: its scalars, its loss, and the gradients of the loss."""
    found = {}

    def minimize(loss, tape):
        gradients = tape.gradient(loss, [v.value for v in method.model.variables])
        found.update(loss=float(loss), gradients=gradients)

    with monkeypatch.context() as patched:
        patched.setattr(method.model, "minimize", minimize)
        logs = {k: float(v) for k, v in method.one_step(batch).items()}
    return logs, found


def run(network, known):
    """A training pass over one row for each sample and class, in the order of `known`."""
    rows = {k: tf.reshape(known[k], [-1, 1, *known[k].shape[1:]]) for k in network.input}
    with layers.frozen_statistics():
        outputs = network(rows, training=True)
    return {k: np.reshape(v, [len(known["x"]), -1]) for k, v in outputs.items()}


def log_normal(x, mean, log_variance):
    return scipy.stats.norm.logpdf(x, mean, np.exp(0.5 * log_variance)).sum(-1)


def recomputed(method, x, classes_of):
    """E of L(x, y), one for each row, sample and class of `classes_of`, and log q(y | a, x).

    Everything is written out: each sample and each class is a row of its own.
    """
    random, each = step_random.current(), classes_of.shape[1]
    with layers.frozen_statistics():
        code = method.q_a(x, training=True)
    mean, log_variance = (np.repeat(v, SAMPLES, 0) for v in code.values())
    noise = np.reshape(random.normal(ROWS, SAMPLES, mean.shape[1]), mean.shape)
    a = mean + np.exp(0.5 * log_variance) * noise
    log_qa = np.repeat(log_normal(a, mean, log_variance), each, 0)
    x = np.repeat(x, SAMPLES, 0)
    log_qy = scipy.special.log_softmax(run(method.q_y, {"x": x, "auxiliary": a})["logits"], axis=-1)
    x, a = np.repeat(x, each, 0), np.repeat(a, each, 0)
    known = {"x": x, "auxiliary": a, "label": classes_of.reshape(-1)}
    z = run(method.q_z, known)
    noise = np.reshape(random.normal(ROWS, SAMPLES * each, z["mean"].shape[1]), z["mean"].shape)
    known["latents"] = z["mean"] + np.exp(0.5 * z["log_variance"]) * noise
    of_a, of_x = (run(network, known) for network in (method.p_a, method.p_x))
    if method.hp.likelihood == "bernoulli":
        log_px = scipy.stats.bernoulli.logpmf(x, scipy.special.expit(of_x["logits"])).sum(-1)
    else:
        log_px = log_normal(x, **of_x)
    divergence = np.exp(z["log_variance"]) + z["mean"] ** 2 - 1 - z["log_variance"]
    bounds = log_px + log_normal(a, **of_a) - log_qa - np.log(CLASSES) - 0.5 * divergence.sum(-1)
    return bounds, log_qy


def test_a_step_is_the_formula(toy, method, monkeypatch):
    batch = next(toy.batches(2))
    logs, found = recorded_step(method, batch, monkeypatch)
    toy.load(toy.start)
    labels = batch["labeled"]["label"].numpy()
    with step_random.at(0, 2):
        x, u = (method.values.drawn(batch[k]["image"]).numpy() for k in ("labeled", "unlabeled"))
        of_labels = np.repeat(labels[:, None], SAMPLES, 0).reshape(-1, 1)
        bounds, log_qy = recomputed(method, x, of_labels)
        labeled = bounds.mean()
        supervised = -np.take_along_axis(log_qy, of_labels, 1).mean()
        all_classes = np.tile(np.arange(CLASSES), [ROWS * SAMPLES, 1])
        bounds, log_qy = recomputed(method, u, all_classes)
    of_classes = bounds.reshape(-1, CLASSES)
    unlabeled = (np.exp(log_qy) * (of_classes - log_qy)).sum(-1).mean()
    assert logs["labeled_bound"] == pytest.approx(labeled, rel=1e-4)
    assert logs["supervised"] == pytest.approx(supervised, rel=1e-4)
    assert logs["unlabeled_bound"] == pytest.approx(unlabeled, rel=1e-4)
    kernels = [v.numpy() for v in method.model.variables if v.name == "kernel"]
    prior = sum(0.5 * np.square(kernel).sum() for kernel in kernels) / toy_methods.UNLABELED
    weight = 0.1 * toy_methods.UNLABELED / toy_methods.LABELED
    whole = weight * supervised - labeled - unlabeled + prior
    assert found["loss"] == pytest.approx(whole, rel=1e-4)


def test_pixels_of_a_step_are_drawn(toy, method, monkeypatch):
    """Binary ones, or dequantized ones in standard deviations: other ones in the next step."""
    seen, batch = [], next(toy.batches(2))
    original = method.sampled
    monkeypatch.setattr(method, "sampled", lambda x, training: seen.append(x) or original(x, True))
    recorded_step(method, batch, monkeypatch)
    method.step.assign(3)
    recorded_step(method, batch, monkeypatch)
    images = batch["labeled"]["image"], batch["unlabeled"]["image"]
    for values, image in zip(seen, 2 * images, strict=True):
        if method.hp.likelihood == "bernoulli":
            assert set(np.unique(values)) == {0.0, 1.0}
        else:
            levels = 256 * pixels.from_deviations(values, method.task.std)
            within = levels - 255 * pixels.intensities(image)
            assert np.min(within) > -1e-3 and np.max(within) < 1.001 and np.std(within) > 0.2
    assert np.any(seen[0] != seen[2]) and np.any(seen[1] != seen[3])


def test_gradients_reach_every_weight(toy, method, monkeypatch):
    """Kernels would move by their prior alone, so it is left out."""
    monkeypatch.setattr(method, "weight_prior", lambda: 0.0)
    _, found = recorded_step(method, next(toy.batches(2)), monkeypatch)
    for variable, gradient in zip(method.model.variables, found["gradients"], strict=True):
        assert np.isfinite(gradient).all() and np.any(gradient), variable.path


def test_labeled_and_unlabeled_images_are_normalized_apart(toy, method, monkeypatch):
    """Other images of the one kind change nothing of the terms of the other."""
    batch = next(toy.batches(2))
    once, _ = recorded_step(method, batch, monkeypatch)
    for stream, same, other in (
        ("labeled", ["unlabeled_bound"], ["supervised", "labeled_bound"]),
        ("unlabeled", ["supervised", "labeled_bound"], ["unlabeled_bound"]),
    ):
        changed = batch | {stream: batch[stream] | {"image": -batch[stream]["image"]}}
        toy.load(toy.start)
        twice, _ = recorded_step(method, changed, monkeypatch)
        assert all(twice[name] == once[name] for name in same)
        assert all(twice[name] != once[name] for name in other)


def test_steps_record_the_statistics_of_unlabeled_images_alone(toy, method):
    batch = next(toy.batches(2))

    def moving():
        networks = method.networks().values()
        return [v.numpy() for n in networks for v in n.variables if "moving" in v.name]

    before = moving()
    method.one_step(batch)
    after = moving()
    assert all(np.any(one != two) for one, two in zip(before, after, strict=True))
    toy.load(toy.start)
    images = -batch["labeled"]["image"]
    method.one_step(batch | {"labeled": batch["labeled"] | {"image": images}})
    for one, two in zip(after, moving(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_bounds_are_below_the_log_likelihood_and_reach_it(monkeypatch):
    linear_latents.assert_bounds_meet("adgm", linear_latents.OfImages, monkeypatch)


def test_recipes():
    for dataset, labels, likelihood in (
        ("svhn", 1000, "gaussian"), ("fashion_mnist", 100, "bernoulli"),
        ("cifar10", 4000, "gaussian"), ("cifar100", 10_000, "gaussian"),
    ):  # fmt: skip
        settings = config.configure("adgm", dataset)
        hp = settings.hparams
        assert (settings.labels, settings.epochs, hp.likelihood) == (labels, 1000, likelihood)
        assert (hp.batch_size, hp.learning_rate, hp.beta_1) == (100, 3e-4, 0.9)
        assert (hp.width, hp.latent_size, hp.samples, hp.label_weight) == (500, 100, 5, 0.1)
        assert hp.average_decay == 0
    assert config.configure("adgm", "svhn", max_steps=300).hparams.learning_rate == 1e-3
