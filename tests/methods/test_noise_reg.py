"""What is special to noise regularization."""

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
from tf_ssgan.networks import resnet18
from tf_ssgan.training import config

RESIDUAL, NOISY, CLEAN = [[0.5, -1.0, 0.2]], [[1.0, 0.3, -0.7]], [[2.0, -1.0, 0.1]]
GIVEN, TRUE = tf.constant([1], tf.int64), tf.constant([0], tf.int64)


@pytest.fixture(scope="module")
def toy():
    """Of ten classes, in its last stage."""
    with mock.patch.object(
        toy_methods, "task", lambda: Task(10, 8, 8, 1, 12, 40, 12, 5, clean=4, noisy=8)
    ):
        return toy_methods.Toy("noise_reg")


@pytest.fixture
def made(toy, monkeypatch):
    toy.load(toy.start)
    toy.method.step.assign(2)
    toy.method.set_stage(2)
    for owner, name in ((toy.method, "hp"), (toy.method.c, "minimize")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    return toy.method


@pytest.fixture
def batch(toy, made):
    return next(toy.batches(2))


class Heads:
    """In the place of networks: what they say of noisy images, then of clean ones."""

    def __init__(self, made, monkeypatch):
        self.values = {k: tf.Variable(v) for k, v in
                       (("residual", RESIDUAL), ("noisy", NOISY), ("clean", CLEAN))}  # fmt: skip
        self.turn = iter(("noisy", "clean"))
        monkeypatch.setattr(made, "classifier", self)
        monkeypatch.setattr(made, "residual", self.of_features)

    def __call__(self, images, training):
        return {"features": images, "logits": self.values[next(self.turn)].value()}

    def of_features(self, features, training):
        assert features == "noisy image"  # of none that is clean
        return self.values["residual"].value()


HANDMADE = {"noisy": {"image": "noisy image", "label": GIVEN},
            "clean": {"image": "clean image", "label": TRUE}}  # fmt: skip


def caught(made, batch):
    """The step's scalars, its loss and its gradients by path; no weight moves."""
    found = {}

    def minimize(loss, tape):
        found["loss"] = float(loss)
        slopes = tape.gradient(loss, [v.value for v in made.c.variables])
        found["gradients"] = {
            (v.path, i): None if slope is None else slope.numpy()
            for i, (v, slope) in enumerate(zip(made.c.variables, slopes, strict=True))
        }

    made.c.minimize = minimize
    logs = {name: float(value) for name, value in made.train_step(batch).items()}
    return logs, found


def of(made, network, gradients):
    """The gradients of one network's weights, in order."""
    mine = {id(v) for v in network.trainable_variables}
    places = [i for i, v in enumerate(made.c.variables) if id(v) in mine]
    return [slope for (_, i), slope in gradients.items() if i in places]


@pytest.mark.parametrize(
    ("knobs", "noisy", "clean", "loss"),
    [
        ({}, 3.278676, 1.184586, 3.515594),
        ({"clean_weight": 1.0}, 3.278676, 1.184586, 4.463262),
        ({"nr_loss": "softmax_ce"}, 2.42005, 0.181784, 2.42005 + 0.2 * 0.181784),
    ],
)
def test_the_whole_loss_by_hand(made, monkeypatch, knobs, noisy, clean, loss):
    scripted_outputs.turned(made, weight_decay=0.0, **knobs)
    Heads(made, monkeypatch)
    logs, found = caught(made, HANDMADE)
    assert logs == pytest.approx({"noisy": noisy, "clean": clean}, abs=1e-5)
    assert found["loss"] == pytest.approx(loss, abs=1e-5)


@pytest.mark.parametrize(
    ("loss", "value", "total"), [("bce", 6.931472, 8.317766), ("mae", 2.361150, 2.833380)]
)
def test_heads_that_say_nothing(made, batch, loss, value, total):
    for network in (made.classifier, made.residual):
        for variable in network.layers[-1].variables:
            variable.assign(tf.zeros_like(variable))
    scripted_outputs.turned(made, nr_loss=loss, weight_decay=0.0)
    logs, found = caught(made, batch)
    assert logs == pytest.approx({"noisy": value, "clean": value}, abs=1e-5)
    assert found["loss"] == pytest.approx(total, abs=1e-5)


def test_clean_images_reach_neither_the_residual_head_nor_the_noisy_loss(made, batch):
    before, slopes = caught(made, batch)
    clean = batch["clean"] | {"image": -batch["clean"]["image"]}
    after, others = caught(made, batch | {"clean": clean})
    assert after["noisy"] == before["noisy"]  # not by batch statistics either
    assert after["clean"] != before["clean"]
    pairs = [(found["gradients"]) for found in (slopes, others)]
    for one, two in zip(*(of(made, made.residual, pair) for pair in pairs), strict=True):
        np.testing.assert_array_equal(one, two)
        assert np.any(one)
    ours = zip(*(of(made, made.classifier, pair) for pair in pairs), strict=True)
    differing = [not np.array_equal(one, two) for one, two in ours]
    assert all(differing[-4:])  # the clean head


def test_noisy_images_reach_the_clean_head_and_the_backbone_through_the_sum(made, batch):
    scripted_outputs.turned(made, clean_weight=0.0, weight_decay=0.0)
    _, found = caught(made, batch)
    for network in (made.classifier, made.residual):
        slopes = of(made, network, found["gradients"])
        assert len(slopes) == len(network.trainable_variables)
        assert all(np.any(slope) for slope in slopes)
    # Both heads get the gradient of the same sum.
    last = [
        of(made, network, found["gradients"])[-1] for network in (made.classifier, made.residual)
    ]
    np.testing.assert_allclose(*last, atol=1e-7)


def test_all_weights_decay_and_nothing_else_does(made, batch):
    """torch's Adam: the gradient of each weight, biases too, has decay times the weight more."""
    for variable in made.c.variables:
        variable.assign(variable + 0.5)
    slopes = []
    for decay in (0.0, 0.25):
        scripted_outputs.turned(made, weight_decay=decay)
        _, found = caught(made, batch)
        slopes.append(list(found["gradients"].values()))
    for variable, without, there in zip(made.c.variables, *slopes, strict=True):
        np.testing.assert_allclose(there - without, 0.25 * variable.numpy(), atol=1e-3)


def test_what_ships_is_the_clean_head_alone(toy, made):
    images = toy_methods.centered(toy_methods.images(5)[0])
    before = made(images).numpy()
    for variable in made.residual.variables:
        variable.assign(variable + 1.0)
    np.testing.assert_array_equal(made(images), before)
    np.testing.assert_allclose(made.exported_classifier(images)["logits"], before)
    assert {id(v) for v in made.residual.variables}.isdisjoint(
        {
            id(v)
            for network in (made.classifier, made.exported_classifier)
            for v in network.variables
        }
    )
    assert len(made.exported_classifier.variables) == len(made.classifier.variables)


def clean_images(clean, noisy, batch_size, **knobs):
    task = types.SimpleNamespace(clean=clean, noisy=noisy)
    hp = noise_reg.HParams(batch_size=batch_size, **knobs)
    return noise_reg.Method.clean_images(types.SimpleNamespace(task=task, hp=hp))


@pytest.mark.parametrize(
    ("share", "expected"), [(0.05, 15), (0.1, 30), (0.2, 60), (0.5, 150), (0.7, 210)]
)
def test_a_step_has_clean_and_noisy_images_in_the_proportion_of_the_pools(share, expected):
    clean = round(60_000 * share)
    assert clean_images(clean, 60_000 - clean, 300) == expected


@pytest.mark.parametrize(
    ("clean", "noisy", "batch_size", "expected"),
    [(1, 59_999, 300, 1), (59_999, 1, 300, 299), (1, 1, 2, 1), (3, 7, 9, 2), (1, 2, 8, 2)],
)
def test_at_least_one_clean_image_and_not_all(clean, noisy, batch_size, expected):
    assert clean_images(clean, noisy, batch_size) == expected


@pytest.mark.parametrize(
    ("ratio", "batch_size", "expected"),
    [(0.9, 300, 30), (0.9, 10, 1), (0.3, 300, 210), (0.5, 8, 4), (0.99, 10, 1), (0.01, 10, 9)],
)
def test_a_ratio_that_is_given_is_taken(ratio, batch_size, expected):
    assert clean_images(42_000, 18_000, batch_size, nr_ratio=ratio) == expected


def test_its_streams(made):
    noisy, clean = (made.streams()[name] for name in ("noisy", "clean"))
    assert (noisy.pool, noisy.examples, noisy.views) == ("noisy", 4, {"image": "plain"})
    assert (clean.pool, clean.examples, clean.views) == ("clean", 4, {"image": "plain"})
    assert made.stages() == {"contrast": 0, "train": 2}
    made.set_stage(0)
    assert list(made.streams()) == ["unlabeled"]


def test_its_heads_have_two_layers():
    task = Task(10, 8, 8, 1, 12, 40, 12, 5)
    short = mock.patch.multiple(resnet18, WIDTHS=(1,), BLOCKS=1)
    with short:
        made = methods.find("noise_reg").Method(toy_methods.hparams("noise_reg"), task)
    for head in (made.residual, made.classifier):
        *_, weights, _, last, bias = head.variables
        assert (weights.shape, last.shape, bias.shape) == ((4, 384), (384, 10), (10,))
    other = dataclasses.replace(made.hp, clean_hidden=7)
    with short:
        made = methods.find("noise_reg").Method(other, task)
    assert made.residual.variables[0].shape == made.classifier.variables[-4].shape == (4, 7)


def test_profiles_and_recipes():
    hp = noise_reg.HParams()
    assert (hp.nr_loss, hp.clean_weight, hp.nr_ratio) == ("bce", 0.2, 0.0)
    assert (hp.batch_size, hp.learning_rate, hp.weight_decay) == (300, 1e-4, 1e-4)
    digits = config.configure("noise_reg", "digits")
    assert (digits.labels, digits.clean_fraction) == (-1, 0.2)
    assert (digits.noise, digits.noise_rate) == ("permute", 1)
    assert (digits.hparams.nr_loss, digits.hparams.clean_weight) == ("bce", 0.2)
    theirs = config.configure("noise_reg", "digits", profile="authors").hparams
    assert (theirs.nr_loss, theirs.clean_weight, theirs.batch_size) == ("mae", 1.0, 50)
    fashion = config.configure("noise_reg", "fashion_mnist", profile="authors").hparams
    assert (fashion.batch_size, fashion.average_decay) == (3000, 0.0)
    for profile in ("paper", "authors"):  # however short the run, it is the papers' step size
        hp = config.configure("noise_reg", "fashion_mnist", profile=profile).hparams
        assert (hp.learning_rate, hp.contrast_fraction) == (1e-4, 0.5)
