"""FixMatch with attention: its loss by hand, its attention maps and its recipes."""

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
def method(toy, monkeypatch):
    return scripted_outputs.reset(toy, monkeypatch)


def divergence(weak, strong):
    p, q = (np.exp(x) / np.exp(x).sum() for x in (np.array(weak), np.array(strong)))
    return float(np.sum(p * np.log(p / q)))


@pytest.mark.parametrize(
    ("profile", "unsupervised"),
    [
        ("paper", scripted_outputs.UNSUPERVISED_OVER_BATCH),
        ("authors", scripted_outputs.UNSUPERVISED_OVER_SELECTED),
    ],
)
def test_the_whole_loss_by_hand(method, profile, unsupervised):
    scripted_outputs.with_hparams(method, profile=profile, attention_weight=0.5, weight_decay=0.01)
    captured = scripted_outputs.script_outputs(method, **ATTENTION)
    logs = {k: float(v) for k, v in method.train_step(scripted_outputs.BATCH).items()}
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
    half = sum(np.square(v.numpy()).sum() for v in method.classifier.trainable_variables) / 2
    expected = scripted_outputs.SUPERVISED + unsupervised + 0.5 * attention / 4 + 0.01 * half
    assert captured["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("size", "positions"), [(16, 16), (32, 64)])
def test_the_divergence_is_averaged_over_the_positions_of_the_map(method, size, positions):
    """With 16 positions, KL([1/2, 15 times 1/30] || uniform) is ln(8) / 2 + ln(8/15) / 2."""
    hparams, task = method.hp, toy_methods.task(height=size, width=size)
    network = fixmatch_attention.Method(hparams, task).classifier
    assert network.output["attention"].shape == (None, positions)
    scripted_outputs.with_hparams(method, weight_decay=0.0)
    spike = [float(np.log(positions - 1)), *[0.0] * (positions - 1)]
    rows = {"weak": [spike] * 3, "strong": [[0.0] * positions] * 3}
    captured = scripted_outputs.script_outputs(method, **rows)
    logs = method.train_step(scripted_outputs.BATCH)
    divergence = {16: 0.725417, 64: 1.394169}[positions]
    assert float(logs["attention"]) == pytest.approx(divergence, abs=1e-5)
    rest = scripted_outputs.SUPERVISED + scripted_outputs.UNSUPERVISED_OVER_BATCH
    mean = {16: 0.0453385, 64: 0.0217839}[positions]
    assert captured["loss"] == pytest.approx(rest + mean, abs=1e-6)


def test_all_weights_decay(method):
    captured = scripted_outputs.script_outputs(
        scripted_outputs.with_hparams(method, weight_decay=0.25), **ATTENTION
    )
    method.train_step(scripted_outputs.BATCH)
    for variable, gradient in zip(method.c.variables, captured["decay"], strict=True):
        np.testing.assert_allclose(gradient, 0.25 * variable.numpy(), rtol=1e-6)


def test_only_selected_images_count_in_the_attention_loss(method):
    rows = {"weak": [[0.0] * 4, [9.0, 0.0, 0.0, 0.0], [0.0] * 4], "strong": [[0.0] * 4] * 3}
    scripted_outputs.script_outputs(method, **rows)
    assert float(method.train_step(scripted_outputs.BATCH)["attention"]) == pytest.approx(
        0.0, abs=1e-6
    )


@pytest.mark.parametrize("fixed", [False, True])
def test_the_weak_views_attention_may_be_a_fixed_target(method, fixed):
    captured = scripted_outputs.script_outputs(
        scripted_outputs.with_hparams(method, attention_teaches=fixed), **ATTENTION
    )
    method.train_step(scripted_outputs.BATCH)
    assert (captured["gradients"]["weak_attention"] is None) == fixed
    assert np.any(captured["gradients"]["strong_attention"])
    assert captured["gradients"]["weak"] is None


def test_blank_is_the_fraction_of_views_without_attention(method):
    rows = {"weak": [[0.0] * 4, [0.0] * 4, [0.0, 0.0, 0.1, 0.0]], "strong": [[1.0] * 4] * 3}
    scripted_outputs.script_outputs(method, **rows)
    assert float(method.train_step(scripted_outputs.BATCH)["blank"]) == pytest.approx(2 / 6)


def test_attention_of_zero_everywhere_hides_the_image_from_the_classifier(toy, method):
    (norm,) = [
        x
        for x in method.classifier.layers
        if isinstance(x, layers.BatchNorm) and x.shift.shape == (2,)
    ]
    norm.shift.assign([-100.0, -100.0])
    scripted_outputs.with_hparams(method, threshold=0.1)
    batch = next(toy.batches())
    outputs = method.classifier(batch["unlabeled"]["weak"], training=True)
    np.testing.assert_array_equal(outputs["features"], np.zeros(outputs["features"].shape))
    assert len(np.unique(outputs["logits"], axis=0)) == 1
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    assert logs["blank"] == 1.0 and logs["selected"] == 1.0
    assert logs["attention"] == pytest.approx(0.0, abs=1e-6)  # both are uniform


def test_at_first_the_attention_of_both_views_is_similar(toy, method):
    scripted_outputs.with_hparams(method, threshold=0.1)
    logs = {k: float(v) for k, v in method.one_step(next(toy.batches())).items()}
    assert 0 < logs["attention"] < np.log(4) and logs["blank"] < 1.0


def test_raw_weights_are_exported_and_momentum_is_not_nesterov(method):
    assert method.exported_classifier is method.classifier
    assert (method.c.optimizer.momentum, method.c.optimizer.nesterov) == (0.9, False)


def test_the_learning_rate_is_constant_within_an_epoch(method):
    """Epochs have 5 of 12 steps: cos(7 pi / 16 of 0, 5 and 10 twelfths)."""
    rates = []
    for step in (0, 4, 5, 9, 10, 11):
        method.step.assign(step)
        rates.append(float(method.rate()) / method.hp.learning_rate)
    expected = np.cos(7 * np.pi / 16 * np.array([0, 0, 5, 5, 10, 10]) / 12)
    np.testing.assert_allclose(rates, expected, atol=1e-5)


def test_defaults_and_recipes():
    hp = fixmatch_attention.HParams()
    assert (hp.batch_size, hp.unlabeled_examples, hp.learning_rate) == (400, 400, 0.003)
    assert (hp.weight_decay, hp.attention_weight, hp.attention_maps) == (5e-5, 1.0, 2)
    assert config.configure("fixmatch_attention", "cifar10", labels=250).hparams.batch_size == 250
    assert config.configure("fixmatch_attention", "cifar10").epochs == 200
    assert config.configure("fixmatch_attention", "digits").hparams.unlabeled_examples == 200
