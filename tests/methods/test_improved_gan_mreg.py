"""Manifold regularization: both forms, their gradients, replicas, and recipes."""

import numpy as np
import pytest
import tensorflow as tf
from support import forward_mode, toy_methods

from tf_ssgan.methods import improved_gan_mreg
from tf_ssgan.nn import distribution, losses, precision, step_random, tangents
from tf_ssgan.training import config

WITHOUT_NOISE = {"dropout": 0.0, "input_dropout": 0.0}
FORMS = ("dropout", "tangent")


@pytest.fixture(scope="module", params=FORMS)
def toy(request):
    return toy_methods.Eager("improved_gan_mreg", manifold_form=request.param)


@pytest.fixture(scope="module")
def tangent_toy():
    return toy_methods.Eager("improved_gan_mreg", manifold_form="tangent", **WITHOUT_NOISE)


@pytest.fixture
def method(toy):
    toy.load(toy.start)
    return toy.method


def first_neighbors(method, rows=8):
    with step_random.at(0, 0):
        return method.neighbors(rows)


def test_the_discriminator_minimizes_the_weighted_sum(toy, method, monkeypatch):
    minimized = []
    monkeypatch.setattr(
        method, "hp", toy_methods.hparams(
            "improved_gan_mreg", manifold_form=method.hp.manifold_form,
            manifold_weight=3.0, tangent_weight=5.0,
        ),
    )  # fmt: skip
    monkeypatch.setattr(method.d, "minimize", lambda loss, tape: minimized.append(float(loss)))
    logs = {k: float(v) for k, v in method.one_step(next(toy.batches())).items()}
    weight = {"dropout": 3.0, "tangent": 5.0}[method.hp.manifold_form]
    expected = logs["supervised"] + 0.5 * logs["adversarial"] + weight * logs["manifold"]
    assert logs["manifold"] > 0
    assert minimized == [pytest.approx(expected, abs=1e-5)]


def test_neighbors_of_the_form_dropout_are_equal_up_to_rounding():
    """So what is compared are two dropout masks: without dropout, the term vanishes."""
    toy = toy_methods.Eager("improved_gan_mreg", **WITHOUT_NOISE)
    fake, near = first_neighbors(toy.method)
    assert 0 < np.abs(fake - near).max() < 1e-4
    without = float(toy.method.one_step(next(toy.batches()))["manifold"])
    dropping = toy_methods.Eager("improved_gan_mreg")
    with_masks = float(dropping.method.one_step(next(dropping.batches()))["manifold"])
    assert without < 1e-8 < 1e-4 < with_masks


def test_the_tangent_is_the_derivative_along_a_direction_of_length_one(tangent_toy):
    tangent_toy.load(tangent_toy.start)
    method = tangent_toy.method
    with step_random.at(0, 0):
        z = method.latents(8)
        u = tf.math.l2_normalize(method.step_random().normal(8, 8), axis=-1)
    _, center, along = first_neighbors(method)

    def logits(at):
        return method.discriminator(method.generator(at, training=False), training=True)["logits"]

    expected = forward_mode.derivative(logits, z, u)
    derivative = tangents.tangent(method.logits, center, along)[1]
    np.testing.assert_allclose(derivative, expected, atol=1e-5)
    tangent_toy.load(tangent_toy.start)
    logged = float(method.one_step(next(tangent_toy.batches()))["manifold"])
    assert logged == pytest.approx(np.square(expected).sum(1).mean(), rel=1e-4)


def test_the_tangent_term_is_zero_on_constant_networks(tangent_toy):
    """First images that do not depend on the latents, then logits that depend on no image."""
    method = tangent_toy.method
    for network, layer in ((method.discriminator, "logits"), (method.generator, None)):
        tangent_toy.load(tangent_toy.start)
        assert float(method.one_step(next(tangent_toy.batches()))["manifold"]) > 0
        tangent_toy.load(tangent_toy.start)
        gains = [v for v in network.variables if v.name == "gain"]
        assert layer is None or network.get_layer(layer).gain is gains[-1]
        gains[-1].assign(tf.zeros_like(gains[-1]))
        assert float(method.one_step(next(tangent_toy.batches()))["manifold"]) == 0.0


def test_the_term_moves_the_discriminator_and_not_the_generator(toy, method):
    with step_random.at(0, 0):
        with tf.GradientTape(persistent=True) as tape:
            *_, one, two = map(tf.stop_gradient, method.neighbors(8))
            if method.hp.manifold_form == "tangent":
                derivative = tangents.tangent(method.logits, one, two)[1]
                change = losses.squared_steepness([derivative])
            else:
                one, two = method.forward_concat(method.discriminator, one, two)
                change = losses.squared_distance(one["logits"], two["logits"])
    moved = tape.gradient(change, [v.value for v in method.d.variables])
    assert any(g is not None and np.any(g) for g in moved)
    still = tape.gradient(change, [v.value for v in method.g.variables])
    assert all(g is None for g in still)


def test_a_step_gives_the_generator_no_gradient_of_the_term(toy, method, monkeypatch):
    """With any weight, G minimizes feature matching alone."""
    found = {}
    for weight in (0.0, 1e3):
        toy.load(toy.start)
        weighed = toy_methods.hparams(
            "improved_gan_mreg", manifold_form=method.hp.manifold_form,
            manifold_weight=weight, tangent_weight=weight,
        )  # fmt: skip
        monkeypatch.setattr(method, "hp", weighed)
        with monkeypatch.context() as patch:
            patch.setattr(method.d, "minimize", lambda loss, tape: None)
            method.one_step(next(toy.batches()))
        found[weight] = [v.numpy() for v in method.g.variables]
    for one, two in zip(*found.values(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_two_replicas_have_the_tangent_term_of_one(tangent_toy):
    """With images that are divided among them."""
    tangent_toy.load(tangent_toy.start)
    options = {"manifold_form": "tangent"} | WITHOUT_NOISE
    pair = toy_methods.Toy("improved_gan_mreg", 2, **options)
    pair.load(tangent_toy.start)

    def term(method):
        with step_random.at(0, 0):
            _, center, along = method.neighbors(8 // distribution.num_replicas())
            change = losses.squared_steepness([tangents.tangent(method.logits, center, along)[1]])
        return distribution.mean_over_replicas(change)

    both = tf.function(lambda: pair.strategy.run(term, [pair.method]))()
    alone = float(term(tangent_toy.method))
    assert alone > 0
    for one in pair.strategy.experimental_local_results(both):
        assert float(one) == pytest.approx(alone, rel=1e-4)


@pytest.mark.parametrize(
    ("form", "expected"), [("dropout", {"bfloat16", "float32"}), ("tangent", {"float32"})]
)
def test_networks_with_tangents_compute_in_float32(form, expected):
    with precision.policy("mixed_bfloat16"):
        hp = toy_methods.hparams("improved_gan_mreg", manifold_form=form)
        made = improved_gan_mreg.Method(hp, toy_methods.task())
    networks = (made.discriminator, made.generator, made.exported_classifier)
    assert {x.compute_dtype for n in networks for x in n.layers if x.weights} == expected


def test_recipes_are_those_of_the_public_code():
    for dataset, labels, epochs, batch_size, constant in (
        ("svhn", 1000, 400, 50, 300), ("cifar10", 4000, 1400, 25, 1200),
    ):  # fmt: skip
        settings = config.configure("improved_gan_mreg", dataset)
        hp = settings.hparams
        assert (settings.labels, settings.epochs, hp.batch_size) == (labels, epochs, batch_size)
        assert hp.decay_start * epochs == pytest.approx(constant)
        assert (hp.manifold_form, hp.manifold_weight, hp.average_decay) == ("dropout", 1e-3, 0.9999)
    assert config.configure("improved_gan_mreg", "digits").hparams.translate
