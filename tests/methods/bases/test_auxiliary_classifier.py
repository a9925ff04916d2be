"""Generator loss and gradient penalty of a discriminator with two heads, by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support import toy_methods

from tf_ssgan.methods.bases import auxiliary_classifier, gan
from tf_ssgan.nn import layers, step_random


class Method(auxiliary_classifier.AuxiliaryClassifierGAN):
    """Images are z, the source logit is three times their sum, all class logits are 0."""

    reports = ()

    def setup(self):
        images = keras.Input((1, 2, 1))
        total = keras.layers.Dense(1, use_bias=False, kernel_initializer=constant(3.0))
        logits = keras.layers.Dense(3, use_bias=False, kernel_initializer="zeros")
        flat = keras.layers.Flatten()(layers.BatchNorm()(images))
        outputs = {"source": total(keras.layers.Flatten()(images)), "logits": logits(flat)}
        self.discriminator = self.classifier = keras.Model(images, outputs)
        z, c = keras.Input((2,)), keras.Input((), dtype="int64")
        self.generator = keras.Model([z, c], keras.layers.Reshape((1, 2, 1))(z))


def constant(value):
    return keras.initializers.Constant(value)


@pytest.fixture(scope="module")
def method():
    hp = gan.GANHParams(latent_size=2, average_decay=0.0)
    return Method(hp, toy_methods.task(height=1, width=2))


def test_the_generators_loss_is_that_of_both_heads(method):
    z, c = tf.constant([[0.5, 0.5], [1.0, -1.0]]), tf.constant([0, 2], tf.int64)
    expected = np.mean(np.log1p(np.exp([-3.0, 0.0]))) + np.log(3)
    assert float(method.generator_loss(z, c)) == pytest.approx(expected, rel=1e-6)


def test_the_penalty_is_that_of_the_source_heads_slope(method):
    """Its gradient is (3, 3) everywhere."""
    x, mix = tf.zeros([2, 1, 2, 1]), tf.fill([2, 1, 1, 1], 0.5)
    penalty = method.gradient_penalty(x, x + 1.0, mix)
    assert float(penalty) == pytest.approx((np.sqrt(18) - 1) ** 2, rel=1e-5)


def test_scores_of_generated_images_change_no_variable(method):
    before = [v.numpy() for v in method.discriminator.variables]
    images = tf.ones([2, 1, 2, 1])
    with step_random.at(0, 0):
        scores = method.score_fake(images)
    np.testing.assert_allclose(scores["source"], [[6.0], [6.0]])
    np.testing.assert_array_equal(method.critic_score(images), scores["source"])
    for variable, value in zip(method.discriminator.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
