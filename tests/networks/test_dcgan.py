"""The generator of table 1: shapes, range and parameter counts."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan import layers
from tf_ssgan.networks import dcgan
from tf_ssgan.task import Task


def test_the_parameters_of_table_1():
    network = dcgan.generator(Task(10, 32, 32, 3, 10, 100, 10, 10))
    assert layers.parameters(network, gains=False) == 4_933_379
    assert layers.parameters(network) == 4_933_379 + 3


@pytest.mark.parametrize("size", [8, 12, 16, 24, 28, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size(size, channels):
    network = dcgan.generator(
        Task(3, size, size, channels, 10, 100, 10, 10), latent_size=6, width=2
    )
    images = network(tf.random.stateless_uniform([4, 6], [1, 1], -1, 1), training=True).numpy()
    assert images.shape == (4, size, size, channels)
    assert np.abs(images).max() < 1 and images.std() > 0
