"""What the GAN methods share: latents and the discriminator's batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.methods.bases import gan
from tf_ssgan.nn import step_random


def images_from(*inputs):
    """A network [batch, ...] -> [batch, 2, 2, 1] that adds up its first input."""
    total = keras.layers.Lambda(lambda z: tf.reduce_sum(z, 1, keepdims=True))(inputs[0])
    images = keras.layers.Reshape((2, 2, 1))(keras.layers.RepeatVector(4)(total))
    return keras.Model(list(inputs), images)


class _Networks:
    """Networks instead of those of a method, which take long to build."""

    def setup(self):
        images = keras.Input((2, 2, 1))
        logits = keras.layers.Dense(3)(keras.layers.Flatten()(images))
        self.classifier = keras.Model(images, {"logits": logits})
        self.generator = self.build_generator()
        self.d = self.player("discriminator", self.classifier, self.adam())

    def streams(self):
        return {}


class Unconditional(_Networks, gan.GAN):
    reports = ()

    def build_generator(self):
        return images_from(keras.Input((5,)))


class Normal(_Networks, gan.NormalGAN):
    reports = ()

    def build_generator(self):
        return images_from(keras.Input((5,)))


class Conditional(_Networks, gan.ConditionalGAN):
    reports = ()

    def build_generator(self):
        return images_from(keras.Input((5,)), keras.Input((), dtype="int64"))


def build(kind=Unconditional, steps=300, **hyperparameters):
    hp = gan.GANHParams(latent_size=5, average_decay=0.0, **hyperparameters)
    return kind(hp, toy_methods.task(steps=steps))


def test_latents_are_uniform_in_a_cube():
    with step_random.at(0, 0):
        z = build().latents(4000).numpy()
    assert z.shape == (4000, 5) and z.dtype == np.float32
    assert -1 <= z.min() < -0.99 and 0.99 < z.max() <= 1
    assert z.mean() == pytest.approx(0, abs=0.02)
    assert z.var() == pytest.approx(1 / 3, abs=0.02)


def test_normal_latents_are_normal():
    with step_random.at(0, 0):
        z = build(Normal).latents(4000).numpy()
    assert z.shape == (4000, 5) and z.dtype == np.float32
    assert z.mean() == pytest.approx(0, abs=0.02) and z.std() == pytest.approx(1, abs=0.02)
    fixed = build(Normal).sampler().fixed_latents(4000).numpy()
    assert fixed.std() == pytest.approx(1, abs=0.02)


def test_conditional_latents_are_normal_with_uniform_classes():
    with step_random.at(0, 0):
        z, c = build(Conditional).latents(6000)
    assert z.shape == (6000, 5) and c.dtype == tf.int64
    assert np.std(z) == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(np.bincount(c) / 6000, np.full(3, 1 / 3), atol=0.03)


def test_fake_images_are_those_of_new_latents():
    method = build()
    with step_random.at(0, 0):
        z = method.latents(6)
    with step_random.at(0, 0):
        one, two = method.fake_images(6), method.fake_images(6)
    np.testing.assert_array_equal(one, method.generator(z))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("kind", [Unconditional, Conditional])
def test_samples_are_the_same_in_each_call(kind):
    sampler = build(kind).sampler()
    assert sampler.sample(4).shape == (4, 2, 2, 1)
    np.testing.assert_array_equal(sampler.sample(4), sampler.sample(4))
    assert sampler.conditional == (kind is Conditional)


def test_critic_batches_share_the_rows_of_a_stream():
    method = build(critic_steps=3, batch_size=2)
    assert method.hp.unlabeled_examples == 6
    stream = {"image": tf.range(6), "label": tf.range(10, 16)}
    batches = list(method.critic_batches(stream, "image", "label"))
    assert [image.numpy().tolist() for image, _ in batches] == [[0, 3], [1, 4], [2, 5]]
    assert [label.numpy().tolist() for _, label in batches] == [[10, 13], [11, 14], [12, 15]]
