"""Descriptions of data sets are complete, and can be written as JSON."""

import json

import numpy as np
import pytest

from tf_ssgan.data import dataset_info


@pytest.mark.parametrize(
    "name, shape, classes, flip",
    [
        ("digits", (16, 16, 1), 10, False),
        ("svhn", (32, 32, 3), 10, False),
        ("cifar10", (32, 32, 3), 10, True),
        ("cifar100", (32, 32, 3), 100, True),
        ("fashion_mnist", (28, 28, 1), 10, True),
        ("cifar10_1/v6", (32, 32, 3), 10, True),
    ],
)
def test_known_data_sets_are_described_without_data(name, shape, classes, flip):
    known = dataset_info.KNOWN[name]
    info = dataset_info.known_info(name, known, known.classes, "here")
    assert (info.shape, len(info.classes), info.flip) == (shape, classes, flip)
    assert (info.name, info.source, info.fit) == (name, "here", "resize")
    assert len(set(info.classes)) == classes
    assert len(info.mean) == len(info.std) == shape[2]


def test_an_info_becomes_json():
    known = dataset_info.KNOWN["svhn"]
    info = dataset_info.known_info("svhn", known, known.classes, "here")
    content = json.loads(json.dumps(info.as_json()))
    assert content["classes"] == list("0123456789") and content["mean"] == list(known.mean)
    assert list(content) == list(vars(info))


def test_channel_statistics_by_hand():
    images = np.zeros((2, 2, 2, 2), np.uint8)
    images[0, ..., 0], images[..., 1] = 255, 51
    mean, std = dataset_info.channel_statistics(images)
    assert mean == (0.5, 0.2)
    assert std == (0.5, 0.0039)  # a constant channel has the standard deviation of one gray level
