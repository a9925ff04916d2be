"""Pictures saved again are named, and judge."""

import dataclasses
import types

import numpy as np
import pytest
from PIL import Image

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, dataset_info
from tf_ssgan.evaluation import near_copies


def natural_images(count, seed, side=32):
    """Smooth colors, as in photos: random 5x5 images, enlarged."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 5, 5, 3), np.uint8)
    how = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), how)) for one in small])


@pytest.fixture
def run():
    """What is read of a run with 20 training images."""
    images, labels = natural_images(20, 0), np.arange(20) % 2
    info = dataset_info.DatasetInfo("x", 32, 32, 3, ("a", "b"), (0.5,) * 3, (0.2,) * 3, False, "")
    arrays = dataset_info.Arrays(info, images, labels, images[:0], labels[:0])
    arrays = dataclasses.replace(arrays, train_files=tuple(f"{k}.jpg" for k in range(20)))
    return types.SimpleNamespace(arrays=content_hash.sort_by_content(arrays))


def test_those_that_differ_a_little_are_found_by_name(run):
    images = np.concatenate([natural_images(6, 1), natural_images(20, 0)[:3]])
    images[6:8, ::2] ^= 1  # the last one is equal, not nearly equal
    judging = np.ones(len(images), bool)
    assert near_copies.find(run, images, judging) == {6: "0.jpg", 7: "1.jpg"}
    judging[6] = False
    assert near_copies.find(run, images, judging) == {7: "1.jpg"}
    run.arrays.train_files = ()
    assert near_copies.find(run, images, judging) == {7: "training image 1"}


def test_too_many_images_and_data_that_are_gone_are_not_compared(run, monkeypatch):
    class Gone:
        @property
        def arrays(self):
            raise errors.UserError("gone")

    images = natural_images(2, 1)
    assert near_copies.find(run, images, np.ones(2, bool)) == {}
    assert near_copies.find(Gone(), images, np.ones(2, bool)) is None
    monkeypatch.setattr(near_copies, "MOST_IMAGES", 19)
    assert near_copies.find(run, images, np.ones(2, bool)) is None
