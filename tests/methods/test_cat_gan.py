"""CatGAN: networks, losses by hand, statistics of real images alone, latents and recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.methods import cat_gan
from tf_ssgan.nn import losses, step_random, weights
from tf_ssgan.training import config


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("cat_gan", dropout=0.0)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


@pytest.mark.parametrize(("dataset", "discriminator"), [("svhn", 627_530), ("cifar10", 1_408_234)])
def test_the_discriminator_has_batch_normalization_with_scale_and_shift(dataset, discriminator):
    hp = config.configure("cat_gan", dataset).hparams
    made = cat_gan.Method(hp, toy_methods.task(classes=10, height=32, width=32, channels=3))
    assert weights.parameter_count(made.discriminator) == discriminator
    assert not [v for v in made.discriminator.variables if v.name == "gain"]
    assert weights.parameter_count(made.generator, gains=False) == 4_933_379


def uniform_head(method):
    """Makes D predict every class equally, whatever the image."""
    head = method.classifier.get_layer("logits")
    for variable in head.weights:
        variable.assign(tf.zeros_like(variable))


def test_uniform_predictions_have_the_values_of_the_formulas(toy, method):
    """All entropies are log 3; H(p_u) - H(E p_u) - H(p_g) is -log 3, and G has nothing to gain."""
    uniform_head(method)
    logs = {k: float(v) for k, v in method.one_step(next(toy.batches())).items()}
    assert logs == pytest.approx(
        {
            "supervised": np.log(3),
            "adversarial": -np.log(3),
            "generator": 0.0,
            "marginal_entropy": np.log(3),
        },
        abs=1e-5,
    )


def test_a_step_minimizes_the_sum_of_its_terms(toy, method, monkeypatch):
    minimized = []
    monkeypatch.setattr(method.d, "minimize", lambda loss, tape: minimized.append(float(loss)))
    monkeypatch.setattr(method.g, "minimize", lambda loss, tape: minimized.append(float(loss)))
    batch = next(toy.batches())
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    discriminator, generator = logs["supervised"] + logs["adversarial"], logs["generator"]
    assert minimized == pytest.approx([discriminator, generator], abs=1e-6)

    toy.load(toy.start)
    with step_random.at(0, 0):
        fake = method.fake_images(8)
        labeled, unlabeled = method.forward_concat(
            method.discriminator, batch["labeled"]["image"], batch["unlabeled"]["image"]
        )
    expected = losses.entropy(unlabeled["logits"]) - losses.entropy(method.judged(fake))
    expected -= losses.marginal_entropy(unlabeled["logits"])
    assert logs["adversarial"] == pytest.approx(float(expected), abs=1e-5)
    supervised = losses.cross_entropy(batch["labeled"]["label"], labeled["logits"])
    assert logs["supervised"] == pytest.approx(float(supervised), abs=1e-5)


def test_the_weight_of_the_unlabeled_terms(toy, method, monkeypatch):
    minimized = []
    weighed = toy_methods.hparams("cat_gan", dropout=0.0, unlabeled_weight=0.25)
    monkeypatch.setattr(method, "hp", weighed)
    monkeypatch.setattr(method.d, "minimize", lambda loss, tape: minimized.append(float(loss)))
    logs = method.one_step(next(toy.batches()))
    expected = float(logs["supervised"]) + 0.25 * float(logs["adversarial"])
    assert minimized == [pytest.approx(expected, abs=1e-6)]


def moving(network):
    return [v.numpy() for v in network.variables if "moving" in v.name]


def test_batch_normalization_records_real_images_alone(toy, method):
    """As a pass over labeled and unlabeled ones does; generated ones leave no trace."""
    batch = next(toy.batches())
    method.one_step(batch)
    recorded = moving(method.discriminator)
    toy.load(toy.start)
    with step_random.at(0, 0):
        method.forward_concat(
            method.discriminator, batch["labeled"]["image"], batch["unlabeled"]["image"]
        )
    for one, two in zip(recorded, moving(method.discriminator), strict=True):
        np.testing.assert_array_equal(one, two)
    fake = method.generator(method._fixed_latents(8), training=False)
    method.judged(fake)
    for one, two in zip(recorded, moving(method.discriminator), strict=True):
        np.testing.assert_array_equal(one, two)


def test_latents_are_normal(method):
    with step_random.at(0, 0):
        z = method.latents(5000).numpy()
    assert z.shape == (5000, 8) and z.std() == pytest.approx(1, abs=0.02)
    assert np.abs(z).max() > 3
    fixed = method.sampler().fixed_latents(500).numpy()
    assert fixed.std() == pytest.approx(1, abs=0.05)


def test_adam_has_the_betas_of_the_public_code(method):
    for player in (method.d, method.g):
        adam = player.optimizer
        assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.5, 0.9, 1e-8)


def test_recipes():
    digits = config.configure("cat_gan", "digits")
    assert (digits.labels, digits.max_steps, digits.hparams.translate) == (50, 1000, True)
    for dataset, labels, width in (("svhn", 1000, 64), ("cifar10", 4000, 96)):
        settings = config.configure("cat_gan", dataset)
        assert (settings.labels, settings.epochs, settings.hparams.width) == (labels, 200, width)
        assert settings.hparams.learning_rate == 2e-4
    short = config.configure("cat_gan", "svhn", max_steps=300)
    assert short.hparams.learning_rate == 1e-3
