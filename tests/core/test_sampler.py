"""How images are drawn from a network."""

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core.sampler import Sampler


def test_samples_are_images_of_the_fixed_latents_in_inference_mode():
    z = keras.Input((4,))
    network = keras.Model(z, keras.layers.Reshape((2, 2, 1))(keras.layers.Dropout(0.5)(z)))
    sampler = Sampler(network, tf.zeros, lambda rows: tf.ones([rows, 4]))
    np.testing.assert_array_equal(sampler.sample(3), np.ones((3, 2, 2, 1)))
    assert not sampler.conditional and not sampler.near_images


def test_samples_near_images_are_made_from_latents_and_image():
    z, image = keras.Input((4,)), keras.Input((2, 2, 1))
    network = keras.Model([z, image], image + 0.25 * keras.layers.Reshape((2, 2, 1))(z))
    inputs = lambda rows: [tf.ones([rows, 4]), tf.fill([rows, 2, 2, 1], -0.5)]  # noqa: E731
    sampler = Sampler(network, inputs, inputs, near_images=True)
    np.testing.assert_array_equal(sampler.sample(3), np.full((3, 2, 2, 1), -0.25))
