"""Localized GAN: its terms by recomputation, tangents at z = 0, what moves what, its samples."""

import numpy as np
import pytest
import tensorflow as tf
from support import forward_mode, toy_methods

from tf_ssgan.methods import local_gan
from tf_ssgan.nn import distribution, losses, precision, step_random, tangents, weights
from tf_ssgan.training import config

# With two tangents, and without noise in D.
EXACT = {"tangents": 2, "dropout": 0.0, "input_dropout": 0.0}


@pytest.fixture(scope="module")
def toy():
    return toy_methods.Eager("local_gan", plain_fraction=0.0, **EXACT)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


def captured_step(toy, monkeypatch):
    """A step that moves nothing: its scalars, and what D and G minimize."""
    minimized = []
    for player in (toy.method.d, toy.method.g):
        monkeypatch.setattr(player, "minimize", lambda loss, tape: minimized.append(float(loss)))
    batch = next(toy.batches())
    return {k: float(v) for k, v in toy.method.one_step(batch).items()}, minimized, batch


def test_players_minimize_the_weighted_sums(toy, method, monkeypatch):
    weighed = toy_methods.hparams(
        "local_gan", reconstruction_weight=2.0, labeled_generator_weight=3.0,
        orthonormality_weight=5.0, labeled_flatness=7.0, unlabeled_flatness=11.0, **EXACT,
    )  # fmt: skip
    monkeypatch.setattr(method, "hp", weighed)
    logs, (discriminator, generator), _ = captured_step(toy, monkeypatch)
    expected = logs["supervised"] + 0.5 * logs["adversarial"]
    expected += 7 * logs["labeled_slope"] + 11 * logs["unlabeled_slope"]
    assert discriminator == pytest.approx(expected, abs=1e-5)
    expected = logs["generator"] + 2 * logs["reconstruction"] + 3 * logs["labeled_generator"]
    assert generator == pytest.approx(expected + 5 * logs["orthonormality"], abs=1e-4)


def test_generated_and_rebuilt_images_are_drawn_in_one_pass(toy, method, monkeypatch):
    """z ~ U[0, 1] near unlabeled images, and z = 0 at the same and at the labeled ones."""
    logs, _, batch = captured_step(toy, monkeypatch)
    toy.load(toy.start)
    x, near, matched = (batch[k]["image"] for k in ("labeled", "local", "matched"))
    with step_random.at(0, 0):
        method.axes(8)
        method.latents(8)  # of the discriminator step
        z = method.latents(8)
    codes = tf.concat([z, tf.zeros_like(z), tf.zeros_like(z)], 0)
    images = method.generator([codes, tf.concat([near, near, x], 0)], training=True)
    fake, rebuilt, labeled = tf.split(images, 3)
    outputs = [method.discriminator(one) for one in (matched, fake, labeled)]
    real, generated, judged = outputs
    assert logs["reconstruction"] == pytest.approx(np.square(near - rebuilt).mean(), rel=1e-4)
    expected = losses.feature_matching(real["features"], generated["features"])
    assert logs["generator"] == pytest.approx(float(expected), abs=1e-5)
    expected = losses.cross_entropy(batch["labeled"]["label"], judged["logits"])
    assert logs["labeled_generator"] == pytest.approx(float(expected), abs=1e-5)


def wider(method, factor=200.0):
    """Makes the generator depend on the latents more than it does at the start."""
    dense = next(x for x in method.generator.layers if x.name.startswith("dense"))
    kernel = dense.kernel.numpy()
    kernel[: method.hp.latent_size] *= factor
    dense.kernel.assign(kernel)


def test_slopes_are_derivatives_of_log_p_along_the_tangents(toy, method, monkeypatch):
    wider(method)
    wide = toy.values()
    logs, _, batch = captured_step(toy, monkeypatch)
    toy.load(wide)
    with step_random.at(0, 0):
        axes = method.axes(8)
    slopes, corner = {}, tf.zeros([8, 8])
    for name in ("labeled", "unlabeled"):
        images = batch[name]["image"]

        def log_p(at, images=images):
            drawn = method.generator([at, images], training=False)
            return tf.nn.log_softmax(method.discriminator(drawn)["logits"])

        slopes[name] = [np.abs(forward_mode.derivative(log_p, corner, a)) for a in axes]
    labels = batch["labeled"]["label"].numpy()
    own = np.mean([slope[np.arange(8), labels] for slope in slopes["labeled"]])
    assert logs["labeled_slope"] == pytest.approx(own, rel=1e-3)
    assert logs["unlabeled_slope"] == pytest.approx(np.mean(slopes["unlabeled"]), rel=1e-3)


def test_orthonormality_is_that_of_the_tangents_at_images(toy, method, monkeypatch):
    """With the batch statistics that this step has recorded."""
    wider(method, 5000.0)
    logs, _, batch = captured_step(toy, monkeypatch)
    with step_random.at(0, 0):
        axes = method.axes(8)
    columns = [np.reshape(t, (8, -1)) for t in method.tangents_at(batch["local"]["image"], axes)[1]]
    gram = np.einsum("aip,bip->iab", columns, columns)
    expected = np.abs(gram - np.eye(2)).sum((1, 2)).mean() / 4
    assert abs(expected - 0.5) > 1e-6  # what it is without tangents
    assert logs["orthonormality"] - 0.5 == pytest.approx(expected - 0.5, rel=0.05)


def test_slopes_are_zero_on_constant_networks(toy, method):
    for variable in (method.classifier.get_layer("logits").gain, method.generator.layers[-2].gain):
        toy.load(toy.start)
        variable.assign(tf.zeros_like(variable))
        logs = {k: float(v) for k, v in method.one_step(next(toy.batches())).items()}
        assert logs["labeled_slope"] == logs["unlabeled_slope"] == 0.0
        assert all(np.isfinite(v).all() for p in (method.d, method.g) for v in p.variables)
    assert logs["orthonormality"] == 0.5  # without tangents, |J^T J - I| is I: n of n^2


def test_two_replicas_have_the_tangent_terms_of_one(toy, method):
    """With images that are divided among them."""
    wider(method)
    batch = next(toy.batches())
    x, y = batch["labeled"]["image"], batch["labeled"]["label"]
    pair = toy_methods.Toy("local_gan", 2, plain_fraction=0.0, **EXACT)
    pair.load(toy.values())

    def terms(made):
        images, labels = map(distribution.replica_share, (x, y))
        with step_random.at(0, 0):
            center, columns = made.tangents_at(images, made.axes(images.shape[0]))
            slopes = tangents.tangents(made.log_p, center, columns)[1]
        found = losses.steepness(slopes, labels), losses.orthonormality(columns)
        return [distribution.mean_over_replicas(value) for value in found]

    both = tf.function(lambda: pair.strategy.run(terms, [pair.method]))()
    for alone, values in zip(terms(method), both, strict=True):
        assert float(alone) > 0
        for one in pair.strategy.experimental_local_results(values):
            assert float(one) == pytest.approx(float(alone), rel=1e-4)


def test_the_slopes_move_d_alone_and_orthonormality_moves_g_alone(toy, method, monkeypatch):
    """Whatever their weights, the other player takes the same step."""
    wider(method)
    wide = toy.values()
    for weights_of, still, moves in (
        (("labeled_flatness", "unlabeled_flatness"), "g", "d"), (("orthonormality_weight",), "d", "g"),
    ):  # fmt: skip
        found = {}
        for weight in (0.0, 100.0):
            toy.load(wide)
            given = toy_methods.hparams("local_gan", **dict.fromkeys(weights_of, weight), **EXACT)
            monkeypatch.setattr(method, "hp", given)
            gradients = {}

            def note(loss, tape, player, gradients=gradients):
                sources = [v.value for v in player.variables]
                gradients[player.name[0]] = [np.asarray(g) for g in tape.gradient(loss, sources)]

            for player in (method.d, method.g):
                monkeypatch.setattr(
                    player, "minimize", lambda loss, tape, player=player: note(loss, tape, player)
                )
            method.one_step(next(toy.batches()))
            found[weight] = gradients
        same = [
            {p: all(np.array_equal(a, b) for a, b in zip(found[0.0][p], found[100.0][p], strict=True))}
            for p in (still, moves)
        ]  # fmt: skip
        assert same == [{still: True}, {moves: False}]


def test_the_first_half_has_no_tangents():
    made = local_gan.Method(
        toy_methods.hparams("local_gan", plain_fraction=0.5), toy_methods.task()
    )
    assert made.stages() == {"plain": 0, "train": 6}
    assert made.reported == made.reports[:5]
    made.set_stage(6)
    assert set(made.reported) - set(made.reports[:5]) == {
        "labeled_slope", "unlabeled_slope", "orthonormality",
    }  # fmt: skip


def test_networks_compute_in_float32_and_have_the_published_sizes():
    with precision.policy("mixed_bfloat16"):
        hp = config.configure("local_gan", "cifar10").hparams
        task = toy_methods.task(classes=10, height=32, width=32, channels=3)
        made = local_gan.Method(hp, task)
    counts = [weights.parameter_count(n) for n in made.networks().values()]
    assert counts == [1_406_794 + 3 * 96 + 6 * 192 + 10, 9_241_478]
    networks = (*made.networks().values(), made.exported_classifier)
    assert {x.compute_dtype for n in networks for x in n.layers if x.weights} == {"float32"}


def test_recipes():
    cifar = config.configure("local_gan", "cifar10")
    hp = cifar.hparams
    assert (cifar.labels, cifar.epochs, hp.tangents, hp.latent_size) == (4000, 1200, 10, 256)
    assert (hp.reconstruction_weight, hp.orthonormality_weight) == (100.0, 1e-3)
    assert (hp.labeled_flatness, hp.unlabeled_flatness, hp.plain_fraction) == (0.01, 0.001, 0.5)
    digits = config.configure("local_gan", "digits").hparams
    assert (digits.tangents, digits.unlabeled_weight) == (2, 0.1)
