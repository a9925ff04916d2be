"""Noise regularization with a generator: the residual branch, the stages and the recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import scripted_outputs, toy_methods

from tf_ssgan.core import stages
from tf_ssgan.methods import noise_reg, noise_reg_wsgan, wsgan
from tf_ssgan.methods.bases import source_classifier
from tf_ssgan.nn import layers
from tf_ssgan.training import config

LABELS = tf.constant([0, 1, 2, 0, 1, 2], tf.int64)
OTHER_LABELS = tf.constant([1, 1, 2, 0, 1, 2], tf.int64)


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Toy("noise_reg_wsgan")


@pytest.fixture
def method(toy, monkeypatch):
    """The method at the start of its last stage."""
    toy.load(toy.start)
    toy.method.step.assign(5)
    toy.method.set_stage(5)
    monkeypatch.setattr(toy.method, "hp", toy.method.hp)
    return toy.method


@pytest.fixture
def outputs(method):
    """Outputs of the classifier for six images."""
    with layers.frozen_statistics():
        return method.classifier(toy_methods.centered(toy_methods.images(6)[0]), training=True)


def built(**hparams):
    """A method whose networks are shorter."""
    with toy_methods.short():
        return noise_reg_wsgan.Method(
            toy_methods.hparams("noise_reg_wsgan", **hparams), toy_methods.task()
        )


def residual_logits(method, outputs, labels, nrw_label="noisy"):
    scripted_outputs.with_hparams(method, nrw_label=nrw_label)
    with layers.frozen_statistics():
        return method.residual_logits(outputs, labels).numpy()


def test_residual_logits_depend_on_the_noisy_label(method, outputs):
    before = residual_logits(method, outputs, LABELS)
    assert before.shape == (6, toy_methods.CLASSES)
    np.testing.assert_array_equal(residual_logits(method, outputs, LABELS), before)
    assert np.any(residual_logits(method, outputs, OTHER_LABELS)[0] != before[0])


@pytest.mark.parametrize("nrw_label", ["predicted", "none"])
def test_nrw_label_can_hide_the_noisy_label(method, outputs, nrw_label):
    before = residual_logits(method, outputs, LABELS, nrw_label)
    other = residual_logits(method, outputs, OTHER_LABELS, nrw_label)
    np.testing.assert_array_equal(other, before)
    assert np.any(before != residual_logits(method, outputs, LABELS))


def test_the_predicted_label_is_the_largest_logit_of_the_clean_head(method, outputs):
    outputs = outputs | {"logits": tf.one_hot([2, 0, 0, 1, 2, 1], 3, on_value=4.0)}
    expected = residual_logits(method, outputs, tf.constant([2, 0, 0, 1, 2, 1], tf.int64))
    np.testing.assert_array_equal(residual_logits(method, outputs, LABELS, "predicted"), expected)


def test_no_label_is_a_one_hot_vector_of_zeros(method, outputs):
    no_label = tf.fill([6], tf.constant(-1, tf.int64))
    join = next(x for x in method.generator.layers if isinstance(x, layers.JoinClass))
    latents = tf.zeros([6, method.hp.latent_size])
    assert not np.any(join(latents, no_label))
    np.testing.assert_array_equal(np.sum(join(latents, LABELS), axis=1), 1)
    expected = residual_logits(method, outputs, no_label)
    np.testing.assert_array_equal(residual_logits(method, outputs, LABELS, "none"), expected)


def test_residual_logits_are_those_of_an_image_generated_from_features_and_label(method, outputs):
    latents = method.mapper(outputs["features"])
    assert latents.shape == (6, method.hp.latent_size)
    with layers.frozen_statistics():
        images = method.generator([latents, LABELS], training=True)
        expected = method.branches(images, training=True)
    assert images.shape == (6, 8, 8, 1)
    actual = residual_logits(method, outputs, LABELS)
    np.testing.assert_allclose(actual, expected["logits"], atol=1e-6)


def test_the_last_stage_trains_all_networks_but_the_critic(toy, method):
    method.one_step(next(toy.batches(5)))
    now = toy.values()
    trained = {
        owner.removeprefix("network/") for owner, values in toy.start.items()
        if owner.startswith("network/")
        and any(not np.array_equal(a, b) for a, b in zip(values, now[owner], strict=True))
    }  # fmt: skip
    assert trained == {"classifier", "mapper", "generator", "branches"}


def test_each_stage_has_its_streams_and_scalars(method):
    assert method.stages() == {"contrast": 0, "generate": 2, "classify": 3, "train": 5}
    streams = {}
    for step in (0, 2, 3, 5):
        method.set_stage(step)
        streams[method.stage] = {n: (s.pool, s.examples) for n, s in method.streams().items()}
        first = {0: "contrastive", 2: "source", 3: "supervised", 5: "noisy"}[step]
        assert method.reported[0] == first
    assert streams == {
        "contrast": {"unlabeled": ("unlabeled", 8)},
        "generate": {"unlabeled": ("unlabeled", 8), "clean": ("clean", 8)},
        "classify": {"unlabeled": ("unlabeled", 8), "clean": ("clean", 8)},
        "train": {"noisy": ("noisy", 4), "clean": ("clean", 4)},
    }


def test_defaults_networks_and_players(method):
    hp = noise_reg_wsgan.HParams()
    assert (hp.latent_size, hp.nrw_label, hp.batch_size) == (64, "noisy", 300)
    quarters = {"contrast": 0.25, "generate": 0.25, "classify": 0.25}
    assert hp.stage_fractions() == quarters and hp.classify_rate == 1e-3
    first, _, last, _ = method.mapper.variables
    assert (first.shape, last.shape) == ((4, 216), (216, method.hp.latent_size))
    assert isinstance(method, noise_reg.Method) and not hasattr(method, "residual")
    players = {player.name: player.networks for player in method._players}
    assert players["generator"] == [method.generator]
    assert players["branches"] == [method.branches]
    assert float(method.k.optimizer.learning_rate) == pytest.approx(1e-3)
    assert players["classifier"] == [
        method.classifier,
        method.mapper,
        method.generator,
        method.branches,
    ]


def test_profiles_and_recipes():
    authors = config.configure("noise_reg_wsgan", "fashion_mnist", profile="authors").hparams
    assert (authors.nr_loss, authors.clean_weight, authors.batch_size) == ("mae", 1.0, 300)
    digits = config.configure("noise_reg_wsgan", "digits")
    assert (digits.clean_fraction, digits.noise, digits.hparams.batch_size) == (0.2, "permute", 50)
    first_steps = stages.consecutive_stages(digits.max_steps, digits.hparams.stage_fractions())
    assert first_steps == {"contrast": 0, "generate": 150, "classify": 350, "train": 500}


@pytest.mark.parametrize(
    ("profile", "epochs"), [("paper", (10, 100, 50, 10)), ("authors", (10, 50, 50, 10))]
)
def test_the_stages_have_the_epochs_of_the_sources(profile, epochs):
    settings = config.configure("noise_reg_wsgan", "fashion_mnist", profile=profile)
    assert settings.epochs == sum(epochs) and not settings.max_steps
    steps = sum(epochs) * 200  # 60,000 images in batches of 300
    first_steps = stages.consecutive_stages(steps, settings.hparams.stage_fractions())
    assert list(first_steps) == ["contrast", "generate", "classify", "train"]
    lengths = np.diff([*first_steps.values(), steps])
    np.testing.assert_array_equal(lengths, np.array(epochs) * 200)


def test_the_last_contrastive_step_gives_the_branches_the_resnet(toy, method):
    images = toy_methods.centered(toy_methods.images(6)[0])
    toy.load(toy.start)
    for step in (0, 1):
        before = method.branches(images)
        method.step.assign(step)
        method.set_stage(step)
        method.one_step(next(toy.batches(step)))
        alike = np.allclose(
            method.branches(images)["features"], method.backbone(images)["features"], atol=1e-5
        )
        assert alike == (step == 1)
    assert not np.allclose(method.branches(images)["logits"], before["logits"])


def test_a_backbone_from_a_file_is_that_of_the_branches_too(method, tmp_path):
    for number, variable in enumerate(method.backbone.variables):  # batch statistics too
        variable.assign(tf.random.stateless_uniform(variable.shape, [7, number], 0.1, 1.0))
    path = tmp_path / "backbone.weights.h5"
    method.backbone.save_weights(path)
    other = built(backbone_init="path", backbone_path=str(path))
    assert list(other.stages()) == ["generate", "classify", "train"]
    images = toy_methods.centered(toy_methods.images(6)[0])
    other.begin(images, None)
    expected = method.backbone(images)["features"]
    for network in (other.branches, other.classifier):
        np.testing.assert_allclose(network(images)["features"], expected, rtol=1e-5)


def test_both_resnets_can_start_at_random():
    other = built(backbone_init="random")
    images = toy_methods.centered(toy_methods.images(6)[0])
    other.begin(images, None)
    assert list(other.stages()) == ["generate", "classify", "train"]
    features = [network(images)["features"] for network in (other.branches, other.classifier)]
    assert not np.allclose(*features)


def test_the_classify_step_is_that_of_wsgan():
    step = noise_reg_wsgan.Method.classify_step
    assert step is wsgan.Method.classify_step is source_classifier.SourceClassifier.classify_step
