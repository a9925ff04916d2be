"""The classifier of table 1: shapes and parameter counts."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ssgan import draws, layers
from tf_ssgan.networks import recalibrated_cnn
from tf_ssgan.task import Task


def task(size=32, channels=3, classes=10):
    return Task(classes, size, size, channels, 10, 100, 10, 10)


def test_the_parameters_of_table_1():
    plain = recalibrated_cnn.classifier(task(), recalibrate=False)
    block = recalibrated_cnn.classifier(task())
    assert layers.parameters(plain, gains=False) == 774_026
    assert layers.parameters(block, gains=False) == 774_026 + 2_048
    units = 3 * 64 + 3 * 128 + 256 + 128 + 10  # a gain each
    assert layers.parameters(block) == 774_026 + 2_048 + units


def test_the_maps_of_table_1():
    shapes = [
        tuple(layer.output.shape[1:])
        for layer in recalibrated_cnn.classifier(task()).layers
        if isinstance(layer, layers.Conv)
    ]
    assert shapes == [
        (32, 32, 64),
        (32, 32, 64),
        (16, 16, 64),
        (16, 16, 128),
        (16, 16, 128),
        (8, 8, 128),
        (6, 6, 256),
        (6, 6, 128),
    ]


@pytest.mark.parametrize("size", [8, 12, 16, 24, 28, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size(size, channels):
    network = recalibrated_cnn.classifier(task(size, channels, 4), width=4)
    outputs = network(tf.zeros([2, size, size, channels]))
    assert outputs["features"].shape == (2, 8) and outputs["logits"].shape == (2, 4)


def test_two_passes_in_training_differ_and_outside_agree():
    network, x = recalibrated_cnn.classifier(task(8, 1), width=4), tf.ones([2, 8, 8, 1])
    with draws.at(0, 0):
        one, two = network(x, training=True), network(x, training=True)
    assert not np.allclose(one["features"], two["features"])
    np.testing.assert_array_equal(network(x)["logits"], network(x)["logits"])
