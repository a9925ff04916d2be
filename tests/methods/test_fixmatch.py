"""FixMatch: its loss by hand, its views, its optimizer and its recipes."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.methods import fixmatch
from tf_ssgan.training import config


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("fixmatch")


@pytest.fixture()
def method(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


@pytest.mark.parametrize(
    ("profile", "unsupervised"),
    [
        ("paper", scripted_outputs.UNSUPERVISED_OVER_BATCH),
        ("authors", scripted_outputs.UNSUPERVISED_OVER_SELECTED),
    ],
)
def test_the_whole_loss_by_hand(method, profile, unsupervised):
    scripted_outputs.with_hparams(
        method, threshold=0.9, unlabeled_weight=2.0, weight_decay=0.01, profile=profile
    )
    captured = scripted_outputs.script_outputs(method)
    logs = {k: float(v) for k, v in method.train_step(scripted_outputs.BATCH).items()}
    assert logs == pytest.approx(
        {
            "supervised": scripted_outputs.SUPERVISED,
            "unsupervised": unsupervised,
            "selected": 2 / 3,
        },
        abs=1e-5,
    )
    weights = method.classifier.trainable_variables
    decayed = [v for v in weights if profile == "authors" or len(v.shape) > 1]
    half = sum(np.square(v.numpy()).sum() for v in decayed) / 2
    expected = scripted_outputs.SUPERVISED + 2 * unsupervised + 0.01 * half
    assert captured["loss"] == pytest.approx(expected, rel=1e-5)


def test_gradients_reach_strong_views_only(method):
    captured = scripted_outputs.script_outputs(scripted_outputs.with_hparams(method, threshold=0.9))
    method.train_step(scripted_outputs.BATCH)
    assert captured["gradients"]["weak"] is None
    strong = captured["gradients"]["strong"].numpy()
    assert np.all(np.any(strong[[0, 2]], axis=1)) and not np.any(strong[1])


def test_a_threshold_of_one_selects_no_image(toy, method):
    scripted_outputs.with_hparams(method, threshold=1.0)
    logs = {k: float(v) for k, v in method.one_step(next(toy.batches())).items()}
    assert logs["selected"] == 0.0 and logs["unsupervised"] == 0.0 and logs["supervised"] > 0
    assert all(np.all(np.isfinite(v)) for v in method.classifier.get_weights())


def test_labeled_weak_and_strong_images_share_their_batch_statistics(toy, method):
    """They go through the network in one pass."""
    batch = next(toy.batches())
    views = [batch["labeled"]["image"], batch["unlabeled"]["weak"], batch["unlabeled"]["strong"]]
    assert [len(v) for v in views] == [8, 56, 56]
    method.classifier(tf.concat(views, 0), training=True)
    expected = [v.numpy() for v in method.classifier.non_trainable_variables]
    toy.load(toy.start)
    method.one_step(batch)
    for recorded, value in zip(method.classifier.non_trainable_variables, expected, strict=True):
        np.testing.assert_allclose(recorded, value, atol=1e-5)


def test_only_kernels_decay(method):
    captured = scripted_outputs.script_outputs(
        scripted_outputs.with_hparams(method, weight_decay=0.25)
    )
    method.train_step(scripted_outputs.BATCH)
    for variable, gradient in zip(method.c.variables, captured["decay"], strict=True):
        if variable.name == "kernel":
            np.testing.assert_allclose(gradient, 0.25 * variable.numpy(), rtol=1e-6)
        else:
            assert gradient is None and variable.name in ("bias", "scale", "shift")


@pytest.mark.parametrize(("step", "rate"), [(0, 0.03), (6, 0.02319), (12, 0.005853)])
def test_the_learning_rate_follows_a_cosine(method, step, rate):
    method.step.assign(step)
    assert float(method.rate()) == pytest.approx(rate, abs=1e-6)


def test_sgd_has_nesterov_momentum_and_the_published_values(method):
    optimizer = method.c.optimizer
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    hp = fixmatch.HParams()
    assert (hp.batch_size, hp.unlabeled_examples, hp.threshold) == (64, 448, 0.95)


@pytest.mark.parametrize(
    ("hparams", "class_survives_flip", "weak", "strong"),
    [
        ({}, True, "flip crop", "flip crop randaugment cutout"),
        ({}, False, "crop", "crop randaugment cutout"),
        ({"flip": "no"}, True, "crop", "crop randaugment cutout"),
        ({"flip": "yes"}, False, "flip crop", "flip crop randaugment cutout"),
        ({"profile": "authors"}, False, "crop", "crop randaugment_authors cutout_authors"),
    ],
)
def test_views_are_flipped_only_if_allowed(
    method, monkeypatch, hparams, class_survives_flip, weak, strong
):
    monkeypatch.setattr(method, "task", dataclasses.replace(method.task, flip=class_survives_flip))
    streams = scripted_outputs.with_hparams(method, **hparams).streams()
    assert streams["labeled"].views == {"image": weak}
    assert streams["unlabeled"].views == {"weak": weak, "strong": strong}
    assert (streams["labeled"].examples, streams["unlabeled"].examples) == (8, 56)


def test_recipes():
    def settings(dataset, **options):
        return config.configure("fixmatch", dataset, **options)

    digits = settings("digits")
    assert (digits.labels, digits.hparams.depth, digits.hparams.network) == (50, 10, "wrn_plain")
    cifar100 = settings("cifar100")
    assert (cifar100.labels, cifar100.max_steps) == (10000, 2**17)
    assert cifar100.hparams.weight_decay == 1e-3
    cifar10 = settings("cifar10")
    assert (cifar10.labels, cifar10.hparams.weight_decay) == (4000, 5e-4)
    assert cifar10.hparams.network == "wrn_leaky"
    assert settings("cifar10", max_steps=1000).hparams.network == "wrn_plain"
    authors = settings("cifar10", profile="authors", labels=250)
    assert (authors.epochs, authors.max_steps, authors.hparams.unlabeled_examples) == (200, 0, 250)
    assert (authors.hparams.nesterov, authors.hparams.average_decay) == (False, 0.0)


def test_profile_authors_decays_all_weights_and_updates_the_learning_rate_once_an_epoch():
    method = fixmatch.Method(toy_methods.hparams("fixmatch", profile="authors"), toy_methods.task())
    assert len(method.decayed_weights()) == len(method.c.variables)
    method.step.assign(7)  # of 12, in epochs of 5
    assert float(method.rate()) == pytest.approx(0.03 * math.cos(7 / 16 * math.pi * 5 / 12))
    paper = fixmatch.Method(toy_methods.hparams("fixmatch"), toy_methods.task())
    assert {weight.shape.rank for weight in paper.decayed_weights()} == {2, 4}
    paper.step.assign(7)
    assert float(paper.rate()) == pytest.approx(0.03 * math.cos(7 / 16 * math.pi * 7 / 12))
