"""What is special to FixMatch."""

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
def made(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


@pytest.mark.parametrize(
    ("profile", "unsupervised"),
    [("paper", scripted_outputs.OF_BATCH), ("authors", scripted_outputs.OF_SELECTED)],
)
def test_the_whole_loss_by_hand(made, profile, unsupervised):
    scripted_outputs.turned(
        made, threshold=0.9, unlabeled_weight=2.0, weight_decay=0.01, profile=profile
    )
    caught = scripted_outputs.answers(made)
    logs = {k: float(v) for k, v in made.train_step(scripted_outputs.BATCH).items()}
    assert logs == pytest.approx(
        {
            "supervised": scripted_outputs.SUPERVISED,
            "unsupervised": unsupervised,
            "selected": 2 / 3,
        },
        abs=1e-5,
    )
    weights = made.classifier.trainable_variables
    decayed = [v for v in weights if profile == "authors" or len(v.shape) > 1]
    half = sum(np.square(v.numpy()).sum() for v in decayed) / 2
    expected = scripted_outputs.SUPERVISED + 2 * unsupervised + 0.01 * half
    assert caught["loss"] == pytest.approx(expected, rel=1e-5)


def test_weak_views_teach_and_do_not_learn(made):
    caught = scripted_outputs.answers(scripted_outputs.turned(made, threshold=0.9))
    made.train_step(scripted_outputs.BATCH)
    assert caught["gradients"]["weak"] is None
    strong = caught["gradients"]["strong"].numpy()
    assert np.all(np.any(strong[[0, 2]], axis=1)) and not np.any(strong[1])


def test_of_soft_predictions_a_threshold_of_one_selects_nothing(toy, made):
    scripted_outputs.turned(made, threshold=1.0)
    logs = {k: float(v) for k, v in made.one_step(next(toy.batches())).items()}
    assert logs["selected"] == 0.0 and logs["unsupervised"] == 0.0 and logs["supervised"] > 0
    assert all(np.all(np.isfinite(v)) for v in made.classifier.get_weights())


def test_labeled_weak_and_strong_images_share_their_batch_statistics(toy, made):
    """One pass: the recorded means are those of all three together."""
    batch = next(toy.batches())
    views = [batch["labeled"]["image"], batch["unlabeled"]["weak"], batch["unlabeled"]["strong"]]
    assert [len(v) for v in views] == [8, 56, 56]
    made.classifier(tf.concat(views, 0), training=True)
    expected = [v.numpy() for v in made.classifier.non_trainable_variables]
    toy.load(toy.start)
    made.one_step(batch)
    for ours, alone in zip(made.classifier.non_trainable_variables, expected, strict=True):
        np.testing.assert_allclose(ours, alone, atol=1e-5)


def test_only_kernels_decay(made):
    caught = scripted_outputs.answers(scripted_outputs.turned(made, weight_decay=0.25))
    made.train_step(scripted_outputs.BATCH)
    for variable, gradient in zip(made.c.variables, caught["decay"], strict=True):
        if variable.name == "kernel":
            np.testing.assert_allclose(gradient, 0.25 * variable.numpy(), rtol=1e-6)
        else:
            assert gradient is None and variable.name in ("bias", "scale", "shift")


@pytest.mark.parametrize(("step", "rate"), [(0, 0.03), (6, 0.02319), (12, 0.005853)])
def test_the_step_size(made, step, rate):
    made.step.assign(step)
    assert float(made.rate()) == pytest.approx(rate, abs=1e-6)


def test_the_optimizer_looks_ahead_with_the_published_numbers(made):
    optimizer = made.c.optimizer
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    hp = fixmatch.HParams()
    assert (hp.batch_size, hp.unlabeled_examples, hp.threshold) == (64, 448, 0.95)


@pytest.mark.parametrize(
    ("knobs", "keeps", "weak", "strong"),
    [
        ({}, True, "flip crop", "flip crop randaugment cutout"),
        ({}, False, "crop", "crop randaugment cutout"),
        ({"flip": "no"}, True, "crop", "crop randaugment cutout"),
        ({"flip": "yes"}, False, "flip crop", "flip crop randaugment cutout"),
        ({"profile": "authors"}, False, "crop", "crop randaugment_authors cutout_authors"),
    ],
)
def test_what_the_views_are(made, monkeypatch, knobs, keeps, weak, strong):
    monkeypatch.setattr(made, "task", dataclasses.replace(made.task, flip=keeps))
    streams = scripted_outputs.turned(made, **knobs).streams()
    assert streams["labeled"].views == {"image": weak}
    assert streams["unlabeled"].views == {"weak": weak, "strong": strong}
    assert (streams["labeled"].examples, streams["unlabeled"].examples) == (8, 56)


def test_recipes():
    def chosen(dataset, **given):
        return config.configure("fixmatch", dataset, **given)

    digits = chosen("digits")
    assert (digits.labels, digits.hparams.depth, digits.hparams.network) == (50, 10, "wrn_plain")
    hundred = chosen("cifar100")
    assert (hundred.labels, hundred.max_steps, hundred.hparams.weight_decay) == (10000, 2**17, 1e-3)
    ten = chosen("cifar10")
    assert (ten.labels, ten.hparams.weight_decay, ten.hparams.network) == (4000, 5e-4, "wrn_leaky")
    assert chosen("cifar10", max_steps=1000).hparams.network == "wrn_plain"
    theirs = chosen("cifar10", profile="authors", labels=250)
    assert (theirs.epochs, theirs.max_steps, theirs.hparams.unlabeled_examples) == (200, 0, 250)
    assert (theirs.hparams.nesterov, theirs.hparams.average_decay) == (False, 0.0)


def test_the_authors_decay_all_weights_by_a_step_size_of_the_epoch():
    made = fixmatch.Method(toy_methods.hparams("fixmatch", profile="authors"), toy_methods.task())
    assert len(made.decayed()) == len(made.c.variables)
    made.step.assign(7)  # of 12, in epochs of 5
    assert float(made.rate()) == pytest.approx(0.03 * math.cos(7 / 16 * math.pi * 5 / 12))
    paper = fixmatch.Method(toy_methods.hparams("fixmatch"), toy_methods.task())
    assert {weight.shape.rank for weight in paper.decayed()} == {2, 4}
    paper.step.assign(7)
    assert float(paper.rate()) == pytest.approx(0.03 * math.cos(7 / 16 * math.pi * 7 / 12))
