"""Bad GAN: both kinds of spread, entropy, noise of the discriminator, rates and recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import bad_gan
from tf_ssgan.nn import layers, losses, step_random, weights
from tf_ssgan.training import config

WITHOUT_NOISE = {"dropout": 0.0, "input_dropout": 0.0, "image_noise": 0.0}


@pytest.fixture(scope="module", params=["pull_away", "variational"])
def toy(request):
    return toy_methods.Eager("bad_gan", spread=request.param, **WITHOUT_NOISE)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


def captured_step(toy, monkeypatch):
    """A step that moves nothing: its scalars, and what D and G minimize."""
    method, minimized = toy.method, []
    for player in (method.d, method.g):
        monkeypatch.setattr(player, "minimize", lambda loss, tape: minimized.append(float(loss)))
    batch = next(toy.batches())
    return {k: float(v) for k, v in method.one_step(batch).items()}, minimized, batch


def test_players_minimize_the_weighted_sums(toy, method, monkeypatch):
    logs, (discriminator, generator), _ = captured_step(toy, monkeypatch)
    expected = logs["supervised"] + 0.5 * logs["adversarial"] + 0.1 * logs["entropy"]
    assert discriminator == pytest.approx(expected, abs=1e-6)
    weight = {"pull_away": 0.8, "variational": 0.01}[method.hp.spread]
    assert generator == pytest.approx(logs["generator"] + weight * logs["spread"], abs=1e-6)


def test_the_generator_matches_the_unlabeled_images_of_the_discriminator_step(
    toy, method, monkeypatch
):
    logs, _, batch = captured_step(toy, monkeypatch)
    assert set(batch) == {"labeled", "unlabeled"}
    toy.load(toy.start)
    with step_random.at(0, 0):
        method.fake_images(8)  # of the discriminator step
        z = method.latents(8)
    fake = method.generator(z, training=True)
    real, generated = (method.discriminator(x) for x in (batch["unlabeled"]["image"], fake))
    expected = losses.feature_matching(real["features"], generated["features"])
    assert logs["generator"] == pytest.approx(float(expected), abs=1e-5)
    if method.hp.spread == "pull_away":
        f = np.asarray(generated["features"], np.float64)
        unit = f / np.linalg.norm(f, axis=1, keepdims=True)
        squares = (unit @ unit.T) ** 2
        expected = (squares.sum() - len(f)) / (len(f) * (len(f) - 1))
    else:
        code = {k: v.numpy() for k, v in method.encoder(fake, training=True).items()}
        standard = (z.numpy() - code["mean"]) / np.exp(code["log_scale"])
        expected = (code["log_scale"] + standard**2 / 2).sum(1).mean()
    assert logs["spread"] == pytest.approx(expected, rel=1e-4)


def test_the_encoder_learns_with_the_generator_and_only_where_there_is_one(method):
    networks = set(method.networks())
    if method.hp.spread == "variational":
        assert networks == {"discriminator", "generator", "encoder"}
        trained = method.generator.trainable_variables + method.encoder.trainable_variables
        assert len(method.g.variables) == len(trained)
    else:
        assert networks == {"discriminator", "generator"} and not hasattr(method, "encoder")


def test_the_code_of_the_encoder_starts_small(method):
    """Data-dependent initialization with scale .1, of generated images."""
    if method.hp.spread == "variational":
        fake = method.generator(method._fixed_latents(40), training=True)
        code = method.encoder(fake, training=True)
        for values in code.values():
            np.testing.assert_allclose(np.mean(values, 0), 0.0, atol=1e-3)
            np.testing.assert_allclose(np.std(values, 0), 0.1, atol=1e-3)


@pytest.mark.parametrize(
    ("channels", "drop_maps", "whole"),
    [(3, False, [True, False, False]), (3, True, [True] * 3), (1, True, [False, True, True])],
)
def test_the_discriminator_drops_color_channels_and_maps(channels, drop_maps, whole):
    """Of gray images the only channel is not dropped as a whole."""
    hp = toy_methods.hparams("bad_gan", drop_maps=drop_maps)
    made = bad_gan.Method(hp, toy_methods.task(channels=channels))
    noise, *drops = [
        x for x in made.classifier.layers if isinstance(x, layers.Dropout | layers.GaussianNoise)
    ]
    assert noise.stddev == 0.05
    assert [drop.whole_maps for drop in drops] == whole
    assert [drop.threshold for drop in drops] == [38, 128, 128]  # .15, .5 and .5 of 256


def test_rates_and_betas_are_those_of_each_player():
    hp = toy_methods.hparams(
        "bad_gan", learning_rate=6e-4, generator_rate=0.5, least_learning_rate=1e-4
    )
    made = bad_gan.Method(hp, toy_methods.task(steps=12))
    assert (made.d.optimizer.beta_1, made.g.optimizer.beta_1) == (0.5, 0.0)
    for step, rates in ((0, (6e-4, 3e-4)), (8, (6e-4, 3e-4)), (10, (3e-4, 1.5e-4)), (11, None)):
        made.step.assign(step)
        expected = rates or (1.5e-4, 1e-4)  # a quarter of the rates, but at least the floor
        assert (float(made.rate()), float(made.rate_of_generator())) == pytest.approx(expected)


def test_recipes_and_parameter_counts():
    svhn = config.configure("bad_gan", "svhn")
    assert (svhn.labels, svhn.epochs, svhn.hparams.batch_size) == (1000, 900, 64)
    assert svhn.hparams.spread == "pull_away" and svhn.hparams.drop_maps
    assert (svhn.hparams.learning_rate, svhn.hparams.least_learning_rate) == (1e-3, 1e-4)
    cifar = config.configure("bad_gan", "cifar10")
    hp = cifar.hparams
    assert (cifar.labels, cifar.epochs, hp.entropy_weight, hp.input_dropout) == (4000, 1200, 0, 0.2)
    assert (hp.learning_rate, hp.generator_rate) == (6e-4, 0.5)
    made = bad_gan.Method(hp, toy_methods.task(classes=10, height=32, width=32, channels=3))
    counts = {
        k: weights.parameter_count(n, gains=k == "encoder") for k, n in made.networks().items()
    }
    assert counts == {
        "discriminator": 1_406_794, "generator": 4_933_379, "encoder": 5_746_192,
    }  # fmt: skip
    assert made.exported_classifier is made.classifier  # there is no average


def test_the_generator_follows_the_spread(toy, method):
    """A step of G along the spread alone lowers it."""
    z = method._fixed_latents(40)

    def spread():
        fake = method.generator(z, training=True)
        if method.hp.spread == "pull_away":
            return losses.pull_away(method.discriminator(fake)["features"])
        code = method.encoder(fake, training=True)
        return losses.code_loss(code["mean"], code["log_scale"], z)

    before = float(spread())
    for _ in range(5):
        with tf.GradientTape() as tape:
            loss = spread()
        method.g.minimize(loss, tape)
    assert float(spread()) < before


def test_a_floor_above_the_learning_rate_is_refused():
    with pytest.raises(
        errors.UserError, match="--least_learning_rate=0.001 is larger than --learn"
    ):
        toy_methods.hparams("bad_gan", learning_rate=1e-4, least_learning_rate=1e-3)


def test_short_runs_keep_the_balance_of_the_players():
    hp = config.configure("bad_gan", "cifar10", max_steps=400).hparams
    assert (hp.learning_rate, hp.generator_rate) == (1e-3, 0.5)
