"""What is special to AC-GAN with a Wasserstein critic."""

import math

import numpy as np
import pytest
import tensorflow as tf
from support import acgan_checks, toy_methods

from tf_ssgan import methods
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers, losses, precision, step_random


def test_before_training_the_undecided_have_the_sheets_values():
    made, batch = acgan_checks.undecided("wacgan_gp")
    made.d.minimize = lambda loss, tape: None
    logs = {k: float(v) for k, v in made.one_step(batch).items()}
    whole = logs["source"] + 10 * logs["penalty"] + logs["supervised"] + logs["conditional"]
    assert whole == pytest.approx(10 + 2 * np.log(10), abs=1e-3)
    assert logs["generator"] == pytest.approx(np.log(10), abs=1e-5)


@pytest.mark.parametrize("norm", ["batch", "layer"])
@pytest.mark.parametrize("network", ["fm_cnn", "alexnet"])
def test_the_pass_of_the_penalty_leaves_every_variable_alone(norm, network):
    toy = toy_methods.Toy("wacgan_gp", critic_norm=norm, network=network)
    x = next(toy.batches())["labeled"]["image"]
    with step_random.at(0, 0), tf.GradientTape() as tape:
        mix = toy.method.draws().uniform(8, 1, 1, 1)
        penalty = losses.gradient_penalty(toy.method.score, x, -x, mix)
    kernel = toy.method.discriminator.trainable_variables[0].value
    assert np.any(tape.gradient(penalty, kernel))
    for owner, values in toy.values().items():
        for one, two in zip(values, toy.start[owner], strict=True):
            np.testing.assert_array_equal(one, two, err_msg=owner)


@pytest.mark.parametrize("name", ["wacgan_gp", "wacgan_gpt"])
@pytest.mark.parametrize("network", ["fm_cnn", "alexnet"])
def test_the_critic_is_in_float32_as_a_whole_under_any_precision(name, network):
    usual = toy_methods.Toy(name, network=network)
    with precision.policy("mixed_bfloat16"):
        toy = toy_methods.Eager(name, network=network)
    _, *computing = toy.method.discriminator.layers
    assert {layer.compute_dtype for layer in computing} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in toy.method.generator.layers}
    x = next(toy.batches())["labeled"]["image"] * 1.001
    one, two = (made.method.discriminator(x) for made in (usual, toy))
    np.testing.assert_array_equal(one["source"], two["source"])
    np.testing.assert_array_equal(one["logits"], two["logits"])
    (logs,) = toy.run(1)
    assert all(math.isfinite(value) for value in logs.values())


def test_only_a_critic_under_a_penalty_is():
    with precision.policy("mixed_bfloat16"):
        made = methods.find("acgan").Method(toy_methods.hparams("acgan"), toy_methods.task())
    assert "bfloat16" in {layer.compute_dtype for layer in made.discriminator.layers}


def test_with_layer_norm_images_do_not_see_each_other():
    toy = toy_methods.Toy("wacgan_gp", critic_norm="layer")
    kinds = {type(layer) for layer in toy.method.discriminator.layers}
    assert torch_blocks.TorchBatchNorm not in kinds and layers.BatchNorm not in kinds
    x = next(toy.batches())["labeled"]["image"]
    np.testing.assert_allclose(toy.method.score(x)[:1], toy.method.score(x[:1]), atol=1e-6)


def test_the_weight_of_the_penalty_reaches_the_critic():
    def slope(weight):
        toy = toy_methods.Eager("wacgan_gp", penalty_weight=weight)
        toy.run(2)
        x = next(toy.batches())["labeled"]["image"]
        with step_random.at(0, 0), tf.GradientTape() as tape:
            tape.watch(x)
            score = toy.method.score(x)
        return float(tf.norm(tape.gradient(score, x)))

    assert slope(0.0) != slope(10.0)


def test_it_learns_from_each_of_its_terms():
    (logs,) = toy_methods.Eager("wacgan_gp").run(1)
    assert tuple(logs) == ("supervised", "conditional", "source", "penalty", "generator")
    assert logs["penalty"] >= 0
