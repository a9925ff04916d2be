"""AC-GAN with a Wasserstein critic: losses, penalty, precision and normalization."""

import math

import numpy as np
import pytest
import tensorflow as tf
from support import acgan_checks, toy_methods

from tf_ssgan import methods
from tf_ssgan.networks import torch_blocks
from tf_ssgan.nn import layers, losses, precision, step_random


def test_uniform_predictions_have_the_losses_of_the_formulas():
    method, batch = acgan_checks.with_zero_heads("wacgan_gp")
    method.d.minimize = lambda loss, tape: None
    logs = {k: float(v) for k, v in method.one_step(batch).items()}
    total = logs["source"] + 10 * logs["penalty"] + logs["supervised"] + logs["conditional"]
    assert total == pytest.approx(10 + 2 * np.log(10), abs=1e-3)
    assert logs["generator"] == pytest.approx(np.log(10), abs=1e-5)


@pytest.mark.parametrize("norm", ["batch", "layer"])
@pytest.mark.parametrize("network", ["fm_cnn", "alexnet"])
def test_the_penalty_changes_no_variable(norm, network):
    toy = toy_methods.Toy("wacgan_gp", critic_norm=norm, network=network)
    x = next(toy.batches())["labeled"]["image"]
    with step_random.at(0, 0), tf.GradientTape() as tape:
        mix = toy.method.step_random().uniform(8, 1, 1, 1)
        penalty = losses.gradient_penalty(toy.method.critic_score, x, -x, mix)
    kernel = toy.method.discriminator.trainable_variables[0].value
    assert np.any(tape.gradient(penalty, kernel))
    for owner, values in toy.values().items():
        for one, two in zip(values, toy.start[owner], strict=True):
            np.testing.assert_array_equal(one, two, err_msg=owner)


@pytest.mark.parametrize("name", ["wacgan_gp", "wacgan_gpt"])
@pytest.mark.parametrize("network", ["fm_cnn", "alexnet"])
def test_the_whole_critic_is_in_float32_in_any_precision(name, network):
    full = toy_methods.Toy(name, network=network)
    with precision.policy("mixed_bfloat16"):
        toy = toy_methods.Eager(name, network=network)
    _, *layers_after_input = toy.method.discriminator.layers
    assert {layer.compute_dtype for layer in layers_after_input} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in toy.method.generator.layers}
    x = next(toy.batches())["labeled"]["image"] * 1.001
    one, two = (either.method.discriminator(x) for either in (full, toy))
    np.testing.assert_array_equal(one["source"], two["source"])
    np.testing.assert_array_equal(one["logits"], two["logits"])
    (logs,) = toy.run(1)
    assert all(math.isfinite(value) for value in logs.values())


def test_a_discriminator_without_penalty_uses_bfloat16():
    with precision.policy("mixed_bfloat16"):
        method = methods.find("acgan").Method(toy_methods.hparams("acgan"), toy_methods.task())
    assert "bfloat16" in {layer.compute_dtype for layer in method.discriminator.layers}


def test_with_layer_norm_the_score_of_an_image_does_not_depend_on_the_batch():
    toy = toy_methods.Toy("wacgan_gp", critic_norm="layer")
    types = {type(layer) for layer in toy.method.discriminator.layers}
    assert torch_blocks.TorchBatchNorm not in types and layers.BatchNorm not in types
    x, score = next(toy.batches())["labeled"]["image"], toy.method.critic_score
    np.testing.assert_allclose(score(x)[:1], score(x[:1]), atol=1e-6)


def test_the_penalty_weight_changes_the_critics_gradient():
    def gradient_norm(weight):
        toy = toy_methods.Eager("wacgan_gp", penalty_weight=weight)
        toy.run(2)
        x = next(toy.batches())["labeled"]["image"]
        with step_random.at(0, 0), tf.GradientTape() as tape:
            tape.watch(x)
            score = toy.method.critic_score(x)
        return float(tf.norm(tape.gradient(score, x)))

    assert gradient_norm(0.0) != gradient_norm(10.0)


def test_it_reports_each_term_of_the_loss():
    (logs,) = toy_methods.Eager("wacgan_gp").run(1)
    assert tuple(logs) == ("supervised", "conditional", "source", "penalty", "generator")
    assert logs["penalty"] >= 0
