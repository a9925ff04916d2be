"""Manifold invariance: tangents at codes, the flat classifier, the encoder's losses, recipes."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from support import forward_mode, toy_methods

from tf_ssgan.methods import improved_gan_minv
from tf_ssgan.nn import distribution, losses, precision, step_random, weights
from tf_ssgan.training import config

# With two tangents, and without noise in D.
EXACT = {"tangents": 2, "dropout": 0.0, "input_dropout": 0.0}


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("improved_gan_minv", plain_fraction=0.0, **EXACT)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


def test_directions_are_unit_tangents_of_the_generator_at_the_codes(toy, method):
    x, real = (next(toy.batches())[k]["image"] for k in ("labeled", "unlabeled"))
    with step_random.at(0, 0):
        found = method.directions(x, real)
    with step_random.at(0, 0):
        axes = method.axes(16)
    code = method.encoder(tf.concat([x, real], 0), training=False)["mean"]
    draw = functools.partial(method.generator, training=False)
    assert len(found) == len(axes) == 2
    for direction, axis in zip(found, axes, strict=True):
        expected = forward_mode.derivative(draw, code, axis).numpy().reshape(16, -1)
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(np.reshape(direction, (16, -1)), expected, atol=1e-4)


def test_steepness_is_the_derivative_of_the_predictions_along_them(toy, method):
    x, real = (next(toy.batches())[k]["image"] for k in ("labeled", "unlabeled"))
    with step_random.at(0, 0):
        directions = method.directions(x, real)
        found = float(method.steepness(directions, x, real))
    images, expected = tf.concat([x, real], 0), 0.0
    predict = lambda at: tf.nn.softmax(method.discriminator(at)["logits"])  # noqa: E731
    for direction in directions:
        slope = forward_mode.derivative(predict, images, direction)
        expected += np.square(slope).sum(1).mean()
    assert found == pytest.approx(expected, rel=1e-4) and found > 0


def test_steepness_is_zero_on_constant_networks(toy, method):
    for variable in (method.classifier.get_layer("logits").gain, method.generator.layers[-2].gain):
        toy.load(toy.start)
        variable.assign(tf.zeros_like(variable))
        logs = method.one_step(next(toy.batches()))
        assert float(logs["manifold"]) == 0.0
        assert all(np.isfinite(v).all() for v in method.d.variables)


def test_two_replicas_have_the_steepness_of_one(toy, method):
    """With images that are divided among them."""
    batch = next(toy.batches())
    images = [batch[k]["image"] for k in ("labeled", "unlabeled")]
    pair = toy_methods.Toy("improved_gan_minv", 2, plain_fraction=0.0, **EXACT)
    pair.load(toy.start)

    def steepness(made):
        own = [distribution.replica_share(part) for part in images]
        with step_random.at(0, 0):
            directions = made.directions(*own)
            return distribution.mean_over_replicas(made.steepness(directions, *own))

    both = tf.function(lambda: pair.strategy.run(steepness, [pair.method]))()
    alone = float(steepness(method))
    assert alone > 0
    for one in pair.strategy.experimental_local_results(both):
        assert float(one) == pytest.approx(alone, rel=1e-4)


def captured_step(toy, monkeypatch):
    """A step that moves nothing: its scalars, and what D and G minimize."""
    minimized = []
    for player in (toy.method.d, toy.method.g):
        monkeypatch.setattr(player, "minimize", lambda loss, tape: minimized.append(float(loss)))
    batch = next(toy.batches())
    return {k: float(v) for k, v in toy.method.one_step(batch).items()}, minimized, batch


def test_players_minimize_the_weighted_sums(toy, method, monkeypatch):
    weighed = toy_methods.hparams(
        "improved_gan_minv", manifold_weight=7.0, reconstruction_weight=2.0, **EXACT
    )
    monkeypatch.setattr(method, "hp", weighed)
    logs, (discriminator, generator), _ = captured_step(toy, monkeypatch)
    expected = logs["supervised"] + 0.5 * logs["adversarial"] + 7 * logs["manifold"]
    assert discriminator == pytest.approx(expected, abs=1e-5)
    assert generator == pytest.approx(logs["generator"] + 2 * logs["reconstruction"], abs=1e-5)


def test_pairs_of_features_and_codes_are_matched(toy, method, monkeypatch):
    logs, _, batch = captured_step(toy, monkeypatch)
    toy.load(toy.start)
    matched = batch["matched"]["image"]
    with step_random.at(0, 0):
        method.fake_images(8)  # of the discriminator step
        method.axes(16)
        z = method.latents(8)
    code = method.encoder(matched, training=True)["mean"]
    rebuilt, fake = tf.split(method.generator(tf.concat([code, z], 0), training=True), 2)
    real, generated = (method.discriminator(x)["features"] for x in (matched, fake))
    difference = [np.mean(a, 0) - np.mean(b, 0) for a, b in ((real, generated), (code, z))]
    assert logs["generator"] == pytest.approx(np.abs(np.concatenate(difference)).mean(), abs=1e-5)
    assert logs["reconstruction"] == pytest.approx(np.abs(matched - rebuilt).mean(), abs=1e-5)


def test_the_first_stage_has_no_tangents():
    toy = toy_methods.Eager("improved_gan_minv")  # a quarter of 12 steps
    assert toy.method.stages() == {"plain": 0, "train": 3}
    logs = toy.run(4)
    assert ["manifold" in one for one in logs] == [False, False, False, True]


def test_networks_compute_in_float32_and_have_the_published_sizes():
    with precision.policy("mixed_bfloat16"):
        hp = config.configure("improved_gan_minv", "cifar10").hparams
        task = toy_methods.task(classes=10, height=32, width=32, channels=3)
        made = improved_gan_minv.Method(hp, task)
    counts = {k: weights.parameter_count(n, gains=False) for k, n in made.networks().items()}
    assert counts == {
        "discriminator": 1_406_794,
        "generator": 4_933_379,
        # Bad GAN's 5,746,192 without the 100 scales: their kernel, bias and gains, and without gains
        "encoder": 5_746_192 - 100 * 8192 - 100 - 200,
    }
    networks = (*made.networks().values(), made.exported_classifier)
    assert {x.compute_dtype for n in networks for x in n.layers if x.weights} == {"float32"}


def test_recipes():
    for dataset, labels, epochs in (("svhn", 1000, 900), ("cifar10", 4000, 1200)):
        settings = config.configure("improved_gan_minv", dataset)
        assert (settings.labels, settings.epochs) == (labels, epochs)
        assert settings.hparams.plain_fraction * epochs == pytest.approx(10)
        assert (settings.hparams.tangents, settings.hparams.manifold_weight) == (10, 1e-3)
    assert config.configure("improved_gan_minv", "digits").hparams.tangents == 2


def test_the_class_of_an_image_is_learned_in_both_stages(toy, method, monkeypatch):
    """The labeled loss is the cross-entropy of D, whatever the stage."""
    logs, _, batch = captured_step(toy, monkeypatch)
    toy.load(toy.start)
    logits = method.discriminator(batch["labeled"]["image"])["logits"]
    expected = losses.cross_entropy(batch["labeled"]["label"], logits)
    assert logs["supervised"] == pytest.approx(float(expected), abs=1e-5)
