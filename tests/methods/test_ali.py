"""ALI: the simultaneous step by recomputation, what moves what, the classifier, reconstructions."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.methods import ali
from tf_ssgan.nn import layers, losses, step_random, weights
from tf_ssgan.training import config


@pytest.fixture(scope="module", params=["leaky", "maxout"])
def toy(request):
    return toy_methods.Eager("ali", units=request.param)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


@pytest.mark.parametrize(
    ("dataset", "counts"),
    [
        ("svhn", {"encoder": 3_315_488, "generator": 1_767_584, "discriminator": 5_292_298}),
        ("cifar10", {"encoder": 3_118_496, "generator": 981_152, "discriminator": 2_616_650}),
    ],
)
def test_the_networks_have_the_parameter_counts_of_the_public_code(dataset, counts):
    hp = config.configure("ali", dataset).hparams
    made = ali.Method(hp, toy_methods.task(classes=10, height=32, width=32, channels=3))
    assert {k: weights.parameter_count(n) for k, n in made.networks().items()} == counts


def recorded_step(toy, monkeypatch):
    """A step that moves nothing: its scalars, and per player the loss and its gradients."""
    method, found = toy.method, {}

    def note(player):
        def minimize(loss, tape):
            others = [p for p in (method.d, method.g) if p is not player]
            own = tape.gradient(loss, [v.value for v in player.variables])
            theirs = tape.gradient(loss, [v.value for p in others for v in p.variables])
            found[player.name] = float(loss), own, theirs

        return minimize

    for player in (method.d, method.g):
        monkeypatch.setattr(player, "minimize", note(player))
    batch = next(toy.batches())
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    return logs, found, batch


def test_a_step_is_the_formula(toy, method, monkeypatch):
    logs, found, batch = recorded_step(toy, monkeypatch)
    assert found["discriminator"][0] == pytest.approx(logs["supervised"] + logs["adversarial"])
    assert found["inference"][0] == pytest.approx(logs["generator"])
    toy.load(toy.start)
    x, real = batch["labeled"]["image"], batch["unlabeled"]["image"]
    with step_random.at(0, 0):
        z = method.latents(8)
        codes = [method.sampled(c) for c in method.forward_concat(method.encoder, x, real)]
        labeled, encoded = method.forward_concat(
            method.discriminator, [x, codes[0]], [real, codes[1]]
        )
        fake = method.generator(z, training=True)
        with layers.frozen_statistics():
            decoded = method.discriminator([fake, z], training=True)
    q, p = (np.logaddexp.reduce(o["logits"].numpy(), axis=-1) for o in (encoded, decoded))
    softplus = lambda a: np.logaddexp(0, a).mean()  # noqa: E731
    assert logs["adversarial"] == pytest.approx(softplus(-q) + softplus(p), abs=1e-5)
    assert logs["generator"] == pytest.approx(softplus(q) + softplus(-p), abs=1e-5)
    expected = losses.cross_entropy(batch["labeled"]["label"], labeled["logits"])
    assert logs["supervised"] == pytest.approx(float(expected), abs=1e-5)


def test_all_networks_move_by_the_gradients_at_the_same_weights(toy, method, monkeypatch):
    """The second player's gradients are those before the first one moved."""
    before = toy.values()
    _, found, _ = recorded_step(toy, monkeypatch)
    monkeypatch.undo()
    toy.load(before)
    seen, minimize = {}, method.g.minimize

    def after_d(loss, tape):
        seen["gradients"] = tape.gradient(loss, [v.value for v in method.g.variables])
        minimize(loss, tape)

    monkeypatch.setattr(method.g, "minimize", after_d)
    method.one_step(next(toy.batches()))
    moved = [not np.array_equal(v, b) for v, b in zip(
        method.discriminator.variables, before["network/discriminator"], strict=True)]  # fmt: skip
    assert any(moved)
    for one, two in zip(seen["gradients"], found["inference"][1], strict=True):
        np.testing.assert_allclose(one, two, atol=1e-7)


def test_labels_teach_the_discriminator_alone(toy, method, monkeypatch):
    """Encoder and decoder have no gradient of the labels: other ones give the same step."""
    _, found, batch = recorded_step(toy, monkeypatch)
    toy.load(toy.start)
    batch["labeled"]["label"] = (batch["labeled"]["label"] + 1) % 3
    one = found["inference"][1]
    method.one_step(batch)
    for a, b in zip(one, found["inference"][1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_both_players_have_a_part_in_every_pair(toy, method, monkeypatch):
    """So each loss has gradients in all networks, of which each player takes its own."""
    _, found, _ = recorded_step(toy, monkeypatch)
    for _, own, theirs in found.values():
        assert all(g is not None for g in own)
        assert any(np.any(g) for g in theirs if g is not None)


def test_the_discriminator_records_statistics_of_real_pairs_alone(toy, method):
    batch = next(toy.batches())
    moving = lambda: [v.numpy() for v in method.discriminator.variables if "moving" in v.name]  # noqa: E731
    method.one_step(batch)
    after = moving()
    toy.load(toy.start)
    x, real = batch["labeled"]["image"], batch["unlabeled"]["image"]
    with step_random.at(0, 0):
        method.latents(8)
        codes = [method.sampled(c) for c in method.forward_concat(method.encoder, x, real)]
        method.forward_concat(method.discriminator, [x, codes[0]], [real, codes[1]])
    assert len(after) == (0 if method.hp.units == "maxout" else 4)
    for one, two in zip(after, moving(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_latents_of_an_image_have_its_mean_and_scale(method):
    code = {"mean": tf.fill([4000, 2], 3.0), "log_scale": tf.fill([4000, 2], np.log(0.5))}
    with step_random.at(0, 0):
        z = method.sampled({k: tf.cast(v, tf.float32) for k, v in code.items()}).numpy()
    assert z.mean() == pytest.approx(3, abs=0.02) and z.std() == pytest.approx(0.5, abs=0.02)


def test_the_classifier_is_the_discriminator_of_an_image_and_its_mean(method):
    images = toy_methods.centered(toy_methods.images(5)[0])
    mean = method.encoder(images)["mean"]
    expected = method.discriminator([images, mean])["logits"]
    np.testing.assert_allclose(method.classifier(images)["logits"], expected, atol=1e-6)


def test_pixels_start_from_the_mean_image(method):
    images = toy_methods.centered(toy_methods.images()[0])
    bias = method.generator.get_layer("pixel_bias").bias
    np.testing.assert_allclose(np.tanh(bias), np.mean(images, 0), atol=1e-5)
    method.initialize(tf.ones([3, 8, 8, 1]))  # white, whose bias would be infinite
    np.testing.assert_allclose(np.tanh(bias), 0.98, atol=1e-5)


def test_reconstructions_are_a_picture(method):
    (declared,) = method.monitors()
    images = toy_methods.centered(toy_methods.images(declared.examples)[0])
    mean = method.encoder(images)["mean"]
    assert declared.name == "reconstructions"
    np.testing.assert_allclose(declared.transform(images), method.generator(mean), atol=1e-6)


def test_recipes():
    for dataset, labels, latents, units in (
        ("svhn", 1000, 256, "leaky"), ("cifar10", 4000, 64, "maxout"),
    ):  # fmt: skip
        settings = config.configure("ali", dataset)
        hp = settings.hparams
        assert (settings.labels, settings.epochs, hp.learning_rate) == (labels, 300, 1e-4)
        assert (hp.latent_size, hp.units, hp.batch_size, hp.width) == (latents, units, 100, 32)
    assert config.configure("ali", "svhn", max_steps=300).hparams.learning_rate == 1e-3


def test_maxout_of_an_odd_width_is_refused():
    with pytest.raises(
        errors.UserError, match="--units=maxout takes units in pairs, and --width=9"
    ):
        toy_methods.hparams("ali", units="maxout", width=9)
