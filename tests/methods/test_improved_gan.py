"""ImprovedGAN: networks, learning rate, losses, feature matching and options."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.core.task import Task
from tf_ssgan.methods import improved_gan
from tf_ssgan.nn import losses, step_random, weights
from tf_ssgan.training import config

WITHOUT_NOISE = {"dropout": 0.0, "input_dropout": 0.0}


@pytest.mark.parametrize(
    "dataset, discriminator", [("svhn", 626_570), ("cifar10", 1_406_794), ("cifar100", 1_424_164)]
)
def test_the_networks_have_the_parameter_counts_of_the_public_code(dataset, discriminator):
    hp = config.configure("improved_gan", dataset).hparams
    classes = 100 if dataset == "cifar100" else 10
    method = improved_gan.Method(hp, Task(classes, 32, 32, 3, 1000, 7000, 1500, 70))
    assert weights.parameter_count(method.discriminator, gains=False) == discriminator
    assert weights.parameter_count(method.generator, gains=False) == 4_933_379


@pytest.mark.parametrize(
    ("dataset", "epochs", "constant"), [("svhn", 900, 600), ("cifar10", 1200, 800)]
)
def test_the_learning_rate_is_that_of_the_public_code(dataset, epochs, constant):
    settings = config.configure("improved_gan", dataset)
    assert settings.epochs == epochs
    method = improved_gan.Method(
        toy_methods.hparams("improved_gan"), toy_methods.task(steps=10 * epochs)
    )
    for epoch in (0, constant, constant + 30, epochs - 1):
        method.step.assign(10 * epoch)
        expected = 3e-4 * min(3 - epoch / (epochs / 3), 1)
        assert float(method.rate()) == pytest.approx(expected, rel=1e-4)


def test_the_discriminator_loss_is_the_formula():
    """Without noise in D, the scalars of a step are the losses of its images."""
    toy = toy_methods.Toy("improved_gan", **WITHOUT_NOISE)
    batch, d = next(toy.batches()), toy.method.discriminator
    with step_random.at(0, 0):
        fake = toy.method.fake_images(8)
    toy.load(toy.start)
    labeled, unlabeled, generated = (
        d(x)["logits"] for x in (batch["labeled"]["image"], batch["unlabeled"]["image"], fake)
    )
    logs = toy.method.one_step(batch)
    assert float(logs["supervised"]) == pytest.approx(
        float(losses.cross_entropy(batch["labeled"]["label"], labeled)), abs=1e-5
    )
    assert float(logs["adversarial"]) == pytest.approx(
        float(losses.real_or_fake(unlabeled, generated)), abs=1e-5
    )
    pull, push = losses.pair_weights(unlabeled, generated)
    assert float(logs["real_pair_weight"]) == pytest.approx(np.max(pull, 1).mean(), abs=1e-5)
    assert float(logs["fake_pair_weight"]) == pytest.approx(np.max(push, 1).mean(), abs=1e-5)


def test_the_discriminator_minimizes_the_weighted_sum():
    toy, minimized = toy_methods.Toy("improved_gan"), []
    toy.method.d.minimize = lambda loss, tape: minimized.append(float(loss))
    logs = toy.method.one_step(next(toy.batches()))
    expected = float(logs["supervised"]) + 0.5 * float(logs["adversarial"])
    assert minimized == [pytest.approx(expected, abs=1e-5)]


def test_uniform_predictions_have_the_values_of_the_formulas():
    toy = toy_methods.Toy("improved_gan")
    head = toy.method.classifier.get_layer("logits")
    head.gain.assign(tf.zeros_like(head.gain))
    head.bias.assign(tf.zeros_like(head.bias))
    logs = {k: float(v) for k, v in toy.method.one_step(next(toy.batches())).items()}
    assert logs["supervised"] == pytest.approx(np.log(3), abs=1e-5)
    # D(x) = 3/4 for all images: -log D - log(1 - D)
    assert logs["adversarial"] == pytest.approx(np.log(4 / 3) + np.log(4), abs=1e-5)
    assert logs["confidence"] == pytest.approx(1 / 3, abs=1e-5)
    assert logs["real_pair_weight"] == pytest.approx(1 / 12, abs=1e-5)
    assert logs["fake_pair_weight"] == pytest.approx(1 / 4, abs=1e-5)


def test_features_are_matched_on_images_that_the_discriminator_step_did_not_use():
    batch = next(toy_methods.Toy("improved_gan").batches())
    assert not np.array_equal(batch["unlabeled"]["index"], batch["matched"]["index"])
    assert "label" not in batch["matched"]


def test_the_generator_loss_is_the_distance_of_mean_features():
    toy = toy_methods.Toy("improved_gan", **WITHOUT_NOISE)
    toy.method.d.minimize = lambda loss, tape: None
    batch, d = next(toy.batches()), toy.method.discriminator
    with step_random.at(0, 0):
        toy.method.fake_images(8)  # Of the discriminator step.
        generated = d(toy.method.fake_images(8))["features"]
    toy.load(toy.start)
    matched = d(batch["matched"]["image"])["features"]
    expected = np.abs(np.mean(matched, 0) - np.mean(generated, 0)).mean()
    assert float(toy.method.one_step(batch)["generator"]) == pytest.approx(expected, abs=1e-5)


def test_the_generator_step_changes_the_generator_only():
    toy = toy_methods.Toy("improved_gan")
    toy.method.d.minimize = lambda loss, tape: None
    toy.method.one_step(next(toy.batches()))
    for name, moves in (("discriminator", False), ("generator", True)):
        for variable, old in zip(
            toy.method.networks()[name].variables, toy.start[f"network/{name}"], strict=True
        ):
            assert np.array_equal(variable.numpy(), old) != moves, variable.path


def test_each_discriminator_step_has_its_own_images():
    toy = toy_methods.Eager("improved_gan", critic_steps=2)
    stream = next(toy.batches())["unlabeled"]
    (one,), (two,) = toy.method.critic_batches(stream, "image")
    joined = tf.reshape(tf.stack([one, two], 1), stream["image"].shape)
    np.testing.assert_array_equal(joined, stream["image"])
    assert toy.run(1)


@pytest.mark.parametrize(("translate", "view"), [(False, "plain"), (True, "translated")])
def test_all_streams_have_the_same_view(translate, view):
    method = improved_gan.Method(
        toy_methods.hparams("improved_gan", translate=translate), toy_methods.task()
    )
    assert {v for s in method.streams().values() for v in s.views.values()} == {view}


def test_generator_width_changes_the_generator_only():
    def parameters(**hyperparameters):
        hp = toy_methods.hparams("improved_gan", **hyperparameters)
        method = improved_gan.Method(hp, toy_methods.task())
        return [weights.parameter_count(n) for n in method.networks().values()]

    same_width, wider = parameters(), parameters(generator_width=6)
    assert same_width == parameters(generator_width=4)
    assert same_width[0] == wider[0] and same_width[1] < wider[1]


def test_without_head_bias_the_bias_stays_zero():
    toy = toy_methods.Eager("improved_gan", head_bias=False)
    logs = toy.run(2)
    assert all(np.isfinite(value) for value in logs[1].values())
    assert not np.any(toy.method.classifier.get_layer("logits").bias.numpy())
    assert not np.any(toy.method.exported_classifier.get_layer("logits").bias.numpy())
