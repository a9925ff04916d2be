"""Noise regularization: its loss by hand, what each head learns from, and its recipes."""

import dataclasses
import types
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan import methods
from tf_ssgan.core.task import Task
from tf_ssgan.methods import noise_reg
from tf_ssgan.training import config

# Logits of the residual head, and of the clean head for a noisy and for a clean image.
RESIDUAL, NOISY, CLEAN = [[0.5, -1.0, 0.2]], [[1.0, 0.3, -0.7]], [[2.0, -1.0, 0.1]]
NOISY_LABEL, CLEAN_LABEL = tf.constant([1], tf.int64), tf.constant([0], tf.int64)


@pytest.fixture(scope="module")
def toy():
    """The method for ten classes."""
    with mock.patch.object(
        toy_methods, "task", lambda: Task(10, 8, 8, 1, 12, 40, 12, 5, clean=4, noisy=8)
    ):
        return toy_methods.Toy("noise_reg")


@pytest.fixture
def method(toy, monkeypatch):
    """The method at the start of its last stage."""
    toy.load(toy.start)
    toy.method.step.assign(2)
    toy.method.set_stage(2)
    for owner, name in ((toy.method, "hp"), (toy.method.c, "minimize")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    return toy.method


@pytest.fixture
def batch(toy, method):
    return next(toy.batches(2))


class ScriptedHeads:
    """Replaces the networks by constant logits, of the noisy images first, then of clean ones."""

    def __init__(self, method, monkeypatch):
        self.values = {k: tf.Variable(v) for k, v in
                       (("residual", RESIDUAL), ("noisy", NOISY), ("clean", CLEAN))}  # fmt: skip
        self.turn = iter(("noisy", "clean"))
        monkeypatch.setattr(method, "classifier", self)
        monkeypatch.setattr(method, "residual", self.residual)

    def __call__(self, images, training):
        return {"features": images, "logits": self.values[next(self.turn)].value()}

    def residual(self, features, training):
        assert features == "noisy image"  # never those of a clean image
        return self.values["residual"].value()


SCRIPTED_BATCH = {"noisy": {"image": "noisy image", "label": NOISY_LABEL},
                  "clean": {"image": "clean image", "label": CLEAN_LABEL}}  # fmt: skip


def loss_and_gradients(method, batch):
    """The scalars of a step, its loss and its gradients by path; no weight changes."""
    recorded = {}

    def minimize(loss, tape):
        recorded["loss"] = float(loss)
        gradients = tape.gradient(loss, [v.value for v in method.c.variables])
        recorded["gradients"] = {
            (v.path, i): None if gradient is None else gradient.numpy()
            for i, (v, gradient) in enumerate(zip(method.c.variables, gradients, strict=True))
        }

    method.c.minimize = minimize
    logs = {name: float(value) for name, value in method.train_step(batch).items()}
    return logs, recorded


def gradients_of(method, network, gradients):
    """The gradients of one network's weights, in order."""
    own = {id(v) for v in network.trainable_variables}
    places = [i for i, v in enumerate(method.c.variables) if id(v) in own]
    return [gradient for (_, i), gradient in gradients.items() if i in places]


@pytest.mark.parametrize(
    ("hparams", "noisy", "clean", "loss"),
    [
        ({}, 3.278676, 1.184586, 3.515594),
        ({"clean_weight": 1.0}, 3.278676, 1.184586, 4.463262),
        ({"nr_loss": "softmax_ce"}, 2.42005, 0.181784, 2.42005 + 0.2 * 0.181784),
    ],
)
def test_the_whole_loss_by_hand(method, monkeypatch, hparams, noisy, clean, loss):
    scripted_outputs.with_hparams(method, weight_decay=0.0, **hparams)
    ScriptedHeads(method, monkeypatch)
    logs, recorded = loss_and_gradients(method, SCRIPTED_BATCH)
    assert logs == pytest.approx({"noisy": noisy, "clean": clean}, abs=1e-5)
    assert recorded["loss"] == pytest.approx(loss, abs=1e-5)


@pytest.mark.parametrize(
    ("loss", "value", "total"), [("bce", 6.931472, 8.317766), ("mae", 2.361150, 2.833380)]
)
def test_the_loss_of_heads_with_zero_logits(method, batch, loss, value, total):
    for network in (method.classifier, method.residual):
        for variable in network.layers[-1].variables:
            variable.assign(tf.zeros_like(variable))
    scripted_outputs.with_hparams(method, nr_loss=loss, weight_decay=0.0)
    logs, recorded = loss_and_gradients(method, batch)
    assert logs == pytest.approx({"noisy": value, "clean": value}, abs=1e-5)
    assert recorded["loss"] == pytest.approx(total, abs=1e-5)


def test_clean_images_reach_neither_the_residual_head_nor_the_noisy_loss(method, batch):
    before, recorded = loss_and_gradients(method, batch)
    clean = batch["clean"] | {"image": -batch["clean"]["image"]}
    after, changed = loss_and_gradients(method, batch | {"clean": clean})
    assert after["noisy"] == before["noisy"]  # nor by way of batch statistics
    assert after["clean"] != before["clean"]
    pair = [recorded["gradients"], changed["gradients"]]
    residual = [gradients_of(method, method.residual, gradients) for gradients in pair]
    for one, two in zip(*residual, strict=True):
        np.testing.assert_array_equal(one, two)
        assert np.any(one)
    classifier = [gradients_of(method, method.classifier, gradients) for gradients in pair]
    differing = [not np.array_equal(one, two) for one, two in zip(*classifier, strict=True)]
    assert all(differing[-4:])  # the clean head


def test_noisy_images_reach_the_clean_head_and_the_backbone_through_the_sum(method, batch):
    scripted_outputs.with_hparams(method, clean_weight=0.0, weight_decay=0.0)
    _, recorded = loss_and_gradients(method, batch)
    for network in (method.classifier, method.residual):
        gradients = gradients_of(method, network, recorded["gradients"])
        assert len(gradients) == len(network.trainable_variables)
        assert all(np.any(gradient) for gradient in gradients)
    # Both heads get the gradient of the same sum.
    last = [
        gradients_of(method, network, recorded["gradients"])[-1]
        for network in (method.classifier, method.residual)
    ]
    np.testing.assert_allclose(*last, atol=1e-7)


def test_weight_decay_adds_to_the_gradient_of_every_weight(method, batch):
    """As in torch's Adam: decay times the weight, biases included."""
    for variable in method.c.variables:
        variable.assign(variable + 0.5)
    gradients = []
    for decay in (0.0, 0.25):
        scripted_outputs.with_hparams(method, weight_decay=decay)
        _, recorded = loss_and_gradients(method, batch)
        gradients.append(list(recorded["gradients"].values()))
    for variable, without, with_decay in zip(method.c.variables, *gradients, strict=True):
        np.testing.assert_allclose(with_decay - without, 0.25 * variable.numpy(), atol=1e-3)


def test_only_the_clean_head_is_exported(toy, method):
    images = toy_methods.centered(toy_methods.images(5)[0])
    before = method(images).numpy()
    for variable in method.residual.variables:
        variable.assign(variable + 1.0)
    np.testing.assert_array_equal(method(images), before)
    np.testing.assert_allclose(method.exported_classifier(images)["logits"], before)
    assert {id(v) for v in method.residual.variables}.isdisjoint(
        {
            id(v)
            for network in (method.classifier, method.exported_classifier)
            for v in network.variables
        }
    )
    assert len(method.exported_classifier.variables) == len(method.classifier.variables)


def clean_examples(clean, noisy, batch_size, **hparams):
    task = types.SimpleNamespace(clean=clean, noisy=noisy)
    hp = noise_reg.HParams(batch_size=batch_size, **hparams)
    return noise_reg.Method.clean_examples(types.SimpleNamespace(task=task, hp=hp))


@pytest.mark.parametrize(
    ("share", "expected"), [(0.05, 15), (0.1, 30), (0.2, 60), (0.5, 150), (0.7, 210)]
)
def test_the_share_of_clean_images_is_that_of_the_pools(share, expected):
    clean = round(60_000 * share)
    assert clean_examples(clean, 60_000 - clean, 300) == expected


@pytest.mark.parametrize(
    ("clean", "noisy", "batch_size", "expected"),
    [(1, 59_999, 300, 1), (59_999, 1, 300, 299), (1, 1, 2, 1), (3, 7, 9, 2), (1, 2, 8, 2)],
)
def test_a_step_has_clean_and_noisy_images(clean, noisy, batch_size, expected):
    assert clean_examples(clean, noisy, batch_size) == expected


@pytest.mark.parametrize(
    ("ratio", "batch_size", "expected"),
    [(0.9, 300, 30), (0.9, 10, 1), (0.3, 300, 210), (0.5, 8, 4), (0.99, 10, 1), (0.01, 10, 9)],
)
def test_nr_ratio_sets_the_share_of_noisy_images(ratio, batch_size, expected):
    assert clean_examples(42_000, 18_000, batch_size, nr_ratio=ratio) == expected


def test_streams_of_both_stages(method):
    noisy, clean = (method.streams()[name] for name in ("noisy", "clean"))
    assert (noisy.pool, noisy.examples, noisy.views) == ("noisy", 4, {"image": "plain"})
    assert (clean.pool, clean.examples, clean.views) == ("clean", 4, {"image": "plain"})
    assert method.stages() == {"contrast": 0, "train": 2}
    method.set_stage(0)
    assert list(method.streams()) == ["unlabeled"]


def test_both_heads_have_two_layers():
    task = Task(10, 8, 8, 1, 12, 40, 12, 5)
    with toy_methods.short():
        method = methods.find("noise_reg").Method(toy_methods.hparams("noise_reg"), task)
    for head in (method.residual, method.classifier):
        *_, weights, _, last, bias = head.variables
        assert (weights.shape, last.shape, bias.shape) == ((4, 384), (384, 10), (10,))
    hparams = dataclasses.replace(method.hp, clean_hidden=7)
    with toy_methods.short():
        method = methods.find("noise_reg").Method(hparams, task)
    assert method.residual.variables[0].shape == method.classifier.variables[-4].shape == (4, 7)


def test_profiles_and_recipes():
    hp = noise_reg.HParams()
    assert (hp.nr_loss, hp.clean_weight, hp.nr_ratio) == ("bce", 0.2, 0.0)
    assert (hp.batch_size, hp.learning_rate, hp.weight_decay) == (300, 1e-4, 1e-4)
    digits = config.configure("noise_reg", "digits")
    assert (digits.labels, digits.clean_fraction) == (-1, 0.2)
    assert (digits.noise, digits.noise_rate) == ("permute", 1)
    assert (digits.hparams.nr_loss, digits.hparams.clean_weight) == ("bce", 0.2)
    authors = config.configure("noise_reg", "digits", profile="authors").hparams
    assert (authors.nr_loss, authors.clean_weight, authors.batch_size) == ("mae", 1.0, 50)
    fashion = config.configure("noise_reg", "fashion_mnist", profile="authors").hparams
    assert (fashion.batch_size, fashion.average_decay) == (3000, 0.0)
    for profile in ("paper", "authors"):  # the papers' learning rate, however short the run is
        hp = config.configure("noise_reg", "fashion_mnist", profile=profile).hparams
        assert (hp.learning_rate, hp.contrast_fraction) == (1e-4, 0.5)
