"""A step of WSGAN's classifier and of the generator against it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan.methods.bases import source_classifier
from tf_ssgan.nn import losses, step_random


def at(toy, step):
    """The method with its initial weights, at this step, and the batch of the step."""
    toy.load(toy.start)
    toy.method.step.assign(step)
    toy.method.set_stage(step)
    return toy.method, next(toy.batches(step))


def test_the_generator_has_a_sixth_of_its_learning_rate_while_the_classifier_learns(wsgan_toy):
    rates = {}
    for step in (2, 4):
        method, batch = at(wsgan_toy, step)
        method.one_step(batch)
        rates[method.stage] = float(method.g.optimizer.learning_rate)
    assert rates == pytest.approx({"generate": 2e-4, "train": 2e-4 / 6}, rel=1e-6)


def test_the_loss_of_heads_with_zero_logits(wsgan_toy, monkeypatch):
    """Every class has probability 1/3, and every image is real with probability .5."""
    method, batch = at(wsgan_toy, 4)
    for layer in method.branches.layers:
        if isinstance(layer, keras.layers.Dense):
            for variable in layer.variables:
                variable.assign(tf.zeros_like(variable))
    recorded = {}
    monkeypatch.setattr(method.k, "minimize", lambda loss, tape: recorded.update(loss=float(loss)))
    logs = {name: float(value) for name, value in method.one_step(batch).items()}
    expected = {"supervised": np.log(3), "source": 0.5, "generator": 0.25}
    assert logs == pytest.approx(expected, abs=1e-5)
    assert tuple(logs) == source_classifier.CLASSIFY_REPORTS
    assert recorded["loss"] == pytest.approx(np.log(3) + 0.5, abs=1e-5)


def test_the_losses_of_a_step(wsgan_toy):
    """Generated images do not change the batch statistics."""
    method, batch = at(wsgan_toy, 4)
    with step_random.at(0, 4):
        z, c = method.latents(8)
        fake = method.generator([z, c], training=True)
    clean = method.branches(batch["clean"]["image"], training=True)["logits"]
    real = method.branches(batch["unlabeled"]["image"], training=True)["source"]
    expected = {
        "supervised": float(losses.cross_entropy(batch["clean"]["label"], clean)),
        "source": float(losses.least_squares_critic_loss(real, method.source_of_fake(fake))),
    }
    recorded = [v.numpy() for v in method.branches.non_trainable_variables]
    at(wsgan_toy, 4)
    logs = {name: float(value) for name, value in method.one_step(batch).items()}
    assert {name: logs[name] for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-5)
    for variable, value in zip(method.branches.non_trainable_variables, recorded, strict=True):
        np.testing.assert_allclose(variable, value, atol=1e-6)


def test_the_classifier_sees_classes_as_they_are_and_learns_to_detect_augmented_images(wsgan):
    wsgan.set_stage(4)
    views = {name: stream.views["image"] for name, stream in wsgan.streams().items()}
    assert views == {"unlabeled": "resized_crop brightness", "clean": "plain"}
