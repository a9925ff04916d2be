"""What is special to FixMatch with attention."""

import numpy as np
import pytest
from support import scripted_outputs, toy_methods

from tf_ssgan.methods import fixmatch_attention
from tf_ssgan.nn import layers
from tf_ssgan.training import config

ATTENTION = {"weak": [[0.0, 1.0, 3.0, 0.0]] * 3, "strong": [[1.0, 0.5, 0.0, 2.0]] * 3}


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("fixmatch_attention", threshold=0.9)


@pytest.fixture()
def made(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


def divergence(weak, strong):
    p, q = (np.exp(x) / np.exp(x).sum() for x in (np.array(weak), np.array(strong)))
    return float(np.sum(p * np.log(p / q)))


@pytest.mark.parametrize(
    ("profile", "unsupervised"),
    [("paper", scripted_outputs.OF_BATCH), ("authors", scripted_outputs.OF_SELECTED)],
)
def test_the_whole_loss_by_hand(made, profile, unsupervised):
    scripted_outputs.turned(made, profile=profile, attention_weight=0.5, weight_decay=0.01)
    caught = scripted_outputs.answers(made, **ATTENTION)
    logs = {k: float(v) for k, v in made.train_step(scripted_outputs.BATCH).items()}
    attention = divergence(ATTENTION["weak"][0], ATTENTION["strong"][0])
    assert logs == pytest.approx(
        {
            "supervised": scripted_outputs.SUPERVISED,
            "unsupervised": unsupervised,
            "attention": attention,
            "selected": 2 / 3,
            "blank": 0.0,
        },
        abs=1e-5,
    )
    half = sum(np.square(v.numpy()).sum() for v in made.classifier.trainable_variables) / 2
    expected = scripted_outputs.SUPERVISED + unsupervised + 0.5 * attention + 0.01 * half
    assert caught["loss"] == pytest.approx(expected, rel=1e-5)


def test_all_weights_decay(made):
    caught = scripted_outputs.answers(scripted_outputs.turned(made, weight_decay=0.25), **ATTENTION)
    made.train_step(scripted_outputs.BATCH)
    for variable, gradient in zip(made.c.variables, caught["decay"], strict=True):
        np.testing.assert_allclose(gradient, 0.25 * variable.numpy(), rtol=1e-6)


def test_only_selected_images_shall_attend_alike(made):
    rows = {"weak": [[0.0] * 4, [9.0, 0.0, 0.0, 0.0], [0.0] * 4], "strong": [[0.0] * 4] * 3}
    scripted_outputs.answers(made, **rows)
    assert float(made.train_step(scripted_outputs.BATCH)["attention"]) == pytest.approx(
        0.0, abs=1e-6
    )


@pytest.mark.parametrize("teaches", [False, True])
def test_attention_of_the_weak_view_may_be_a_teacher_alone(made, teaches):
    caught = scripted_outputs.answers(
        scripted_outputs.turned(made, attention_teaches=teaches), **ATTENTION
    )
    made.train_step(scripted_outputs.BATCH)
    assert (caught["gradients"]["weak_attention"] is None) == teaches
    assert np.any(caught["gradients"]["strong_attention"])
    assert caught["gradients"]["weak"] is None


def test_blank_is_the_share_of_views_without_attention(made):
    rows = {"weak": [[0.0] * 4, [0.0] * 4, [0.0, 0.0, 0.1, 0.0]], "strong": [[1.0] * 4] * 3}
    scripted_outputs.answers(made, **rows)
    assert float(made.train_step(scripted_outputs.BATCH)["blank"]) == pytest.approx(2 / 6)


def test_maps_that_are_rectified_away_leave_the_classifier_blind(toy, made):
    (norm,) = [
        x
        for x in made.classifier.layers
        if isinstance(x, layers.BatchNorm) and x.shift.shape == (2,)
    ]
    norm.shift.assign([-100.0, -100.0])
    scripted_outputs.turned(made, threshold=0.1)
    batch = next(toy.batches())
    outputs = made.classifier(batch["unlabeled"]["weak"], training=True)
    np.testing.assert_array_equal(outputs["features"], np.zeros(outputs["features"].shape))
    assert len(np.unique(outputs["logits"], axis=0)) == 1
    logs = {k: float(v) for k, v in made.one_step(batch).items()}
    assert logs["blank"] == 1.0 and logs["selected"] == 1.0
    assert logs["attention"] == pytest.approx(0.0, abs=1e-6)  # both are uniform


def test_at_first_both_views_attend_about_alike(toy, made):
    scripted_outputs.turned(made, threshold=0.1)
    logs = {k: float(v) for k, v in made.one_step(next(toy.batches())).items()}
    assert 0 < logs["attention"] < np.log(4) and logs["blank"] < 1.0


def test_it_ships_the_raw_weights_and_does_not_look_ahead(made):
    assert made.exported_classifier is made.classifier
    assert (made.c.optimizer.momentum, made.c.optimizer.nesterov) == (0.9, False)


def test_the_step_size_stays_for_an_epoch(made):
    """5 of 12 steps an epoch: cos(7 pi / 16 of 0, 5 and 10 twelfths)."""
    rates = []
    for step in (0, 4, 5, 9, 10, 11):
        made.step.assign(step)
        rates.append(float(made.rate()) / made.hp.learning_rate)
    at = np.cos(7 * np.pi / 16 * np.array([0, 0, 5, 5, 10, 10]) / 12)
    np.testing.assert_allclose(rates, at, atol=1e-5)


def test_its_numbers_and_recipes():
    hp = fixmatch_attention.HParams()
    assert (hp.batch_size, hp.unlabeled_examples, hp.learning_rate) == (400, 400, 0.003)
    assert (hp.weight_decay, hp.attention_weight, hp.attention_maps) == (5e-5, 1 / 64, 2)
    assert config.configure("fixmatch_attention", "cifar10", labels=250).hparams.batch_size == 250
    assert config.configure("fixmatch_attention", "cifar10").epochs == 200
    assert config.configure("fixmatch_attention", "digits").hparams.unlabeled_examples == 200
