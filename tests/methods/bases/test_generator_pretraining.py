"""The generator's own stage: its hyperparameters, and one step of critic and generator."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.methods.bases import generator_pretraining
from tf_ssgan.nn import losses, step_random

IMAGES = toy_methods.centered(toy_methods.images()[0])


def test_the_generators_stage_follows_the_contrastive_one():
    random = generator_pretraining.PretrainingHParams(backbone_init="random")
    assert random.stage_fractions() == {"generate": 0.25}
    both = generator_pretraining.PretrainingHParams()
    assert both.stage_fractions() == {"contrast": 0.5, "generate": 0.25}


def test_the_losses_of_a_step(wsgan_toy, wsgan):
    """Neither the penalty nor the critic's scores of generated images are recorded."""
    wsgan.step.assign(2)
    wsgan.set_stage(2)
    batch = next(wsgan_toy.batches(2))
    x, clean = batch["unlabeled"]["image"], batch["clean"]
    with step_random.at(0, 2):
        z, c = wsgan.latents(8)
        fake = wsgan.generator([z, c], training=True)
        mix = wsgan.step_random().uniform(8, 1, 1, 1)
    real, generated = wsgan.discriminator(x, training=True), wsgan.score_fake(fake)
    penalty = losses.gradient_penalty(lambda y: wsgan.score_fake(y)["source"], x, fake, mix)
    labeled = wsgan.discriminator(clean["image"], training=True)
    recorded = [v.numpy() for v in wsgan.discriminator.non_trainable_variables]
    expected = {
        "source": float(tf.reduce_mean(generated["source"]) - tf.reduce_mean(real["source"])),
        "penalty": float(penalty),
        "named": float(losses.cross_entropy(clean["label"], labeled["logits"])),
        "conditional": float(losses.cross_entropy(c, generated["logits"])),
    }
    wsgan_toy.load(wsgan_toy.start)
    wsgan.step.assign(2)
    logs = {name: float(value) for name, value in wsgan.one_step(batch).items()}
    assert tuple(logs) == (*expected, "generator") == generator_pretraining.GENERATOR_REPORTS
    assert {name: logs[name] for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-5)
    for variable, value in zip(wsgan.discriminator.non_trainable_variables, recorded, strict=True):
        np.testing.assert_allclose(variable, value, atol=1e-6)


def test_scoring_generated_images_changes_no_variable(wsgan):
    before = [v.numpy() for v in wsgan.discriminator.variables]
    wsgan.score_fake(IMAGES[:8])
    for variable, value in zip(wsgan.discriminator.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_defaults(wsgan):
    hp = generator_pretraining.PretrainingHParams()
    assert (hp.generate_rate, hp.beta_1, hp.penalty_weight, hp.latent_size) == (2e-4, 0.5, 10, 100)
    adams = {player.name: player.optimizer for player in wsgan._players}
    for name in ("critic", "generator"):
        assert adams[name].beta_1 == 0.5 and isinstance(adams[name], keras.optimizers.Adam)
