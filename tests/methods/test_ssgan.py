"""The semi-supervised GAN: losses, feature matching, latents and unlabeled batches."""

import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.nn import losses, step_random

WITHOUT_NOISE = {"dropout": 0.0, "image_noise": 0.0}


def test_the_discriminator_loss_is_the_formula():
    """Without noise in D, the scalars of a step are the losses of its images."""
    toy = toy_methods.Toy("ssgan", **WITHOUT_NOISE)
    batch, d = next(toy.batches()), toy.method.discriminator
    with step_random.at(0, 0):
        fake = toy.method.fake_images(8)
    toy.load(toy.start)
    logits = [
        d(x)["logits"] for x in (batch["labeled"]["image"], batch["unlabeled"]["first"], fake)
    ]
    logs = toy.method.one_step(batch)
    assert float(logs["supervised"]) == pytest.approx(
        float(losses.cross_entropy(batch["labeled"]["label"], logits[0])), abs=1e-5
    )
    assert float(logs["adversarial"]) == pytest.approx(
        float(losses.real_or_fake(logits[1], logits[2])), abs=1e-5
    )


def test_uniform_predictions_have_the_losses_of_the_formulas():
    toy = toy_methods.Toy("ssgan")
    head = toy.method.classifier.get_layer("logits")
    head.gain.assign(tf.zeros_like(head.gain))
    head.bias.assign(tf.zeros_like(head.bias))
    logs = toy.method.one_step(next(toy.batches()))
    assert float(logs["supervised"]) == pytest.approx(np.log(3), abs=1e-5)
    # D(x) = 3/4 for all images: -log D - log(1 - D)
    assert float(logs["adversarial"]) == pytest.approx(np.log(4 / 3) + np.log(4), abs=1e-5)


def test_each_discriminator_step_has_its_own_images():
    toy = toy_methods.Toy("ssgan", critic_steps=2)
    stream = next(toy.batches())["unlabeled"]
    (one,), (two,) = toy.method.critic_batches(stream, "first")
    joined = tf.reshape(tf.stack([one, two], 1), stream["first"].shape)
    np.testing.assert_array_equal(joined, stream["first"])
    assert len(set(stream["index"].numpy())) == 16


def test_feature_matching_is_the_distance_of_means_and_reaches_the_generator():
    toy = toy_methods.Toy("ssgan", gen_loss="fm", **WITHOUT_NOISE)
    batch = next(toy.batches())
    with step_random.at(0, 0), tf.GradientTape() as tape:
        loss = toy.method.generator_loss(batch["unlabeled"]["first"])
    with step_random.at(0, 0):
        generated = toy.method.discriminator(toy.method.fake_images(8))["features"]
    real = toy.method.discriminator(batch["unlabeled"]["first"])["features"]
    expected = np.abs(np.mean(real, 0) - np.mean(generated, 0)).mean()
    assert float(loss) == pytest.approx(expected, abs=1e-5)
    gradients = tape.gradient(loss, [v.value for v in toy.method.generator.trainable_variables])
    assert all(g is not None for g in gradients)


def test_samples_are_the_same_in_each_call_and_change_no_variable():
    toy = toy_methods.Toy("ssgan")
    sampler = toy.method.sampler()
    np.testing.assert_array_equal(sampler.sample(4), sampler.sample(4))
    before = [v.numpy() for v in toy.method.generator.variables]
    sampler.sample(4)
    for old, new in zip(before, toy.method.generator.variables, strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_labels_the_supervised_loss_is_zero():
    toy = toy_methods.Toy("ssgan")
    batch = next(toy.batches())
    batch["labeled"]["label"] = tf.fill([8], tf.constant(-1, tf.int64))
    assert float(toy.method.one_step(batch)["supervised"]) == 0.0
