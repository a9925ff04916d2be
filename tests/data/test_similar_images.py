"""Nearly equal images; tests/diagnostics/test_duplicate_images.py has what the doctor says."""

import numpy as np
import pytest

from tf_ssgan.data import content_hash, datasets, similar_images


def test_digits_have_no_near_duplicates():
    arrays = datasets.find("digits").load()
    images = np.concatenate([arrays.train_images, arrays.test_images])
    test = range(len(arrays.train_images), len(images))
    assert len(images) == 1797
    assert similar_images.near_pairs(
        images, content_hash.keys(images), np.array(test), np.arange(test.start)
    ) == []  # fmt: skip


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 16, 1), (9, 8, 3), (33, 33, 3), (200, 200, 3)])
def test_hashes_compare_neighboring_blocks(shape):
    rising = np.zeros((1, *shape), np.uint8) + np.linspace(0, 250, shape[1], dtype=np.uint8)[
        :, None
    ]  # fmt: skip
    images = np.concatenate([rising, rising[:, :, ::-1], np.full_like(rising, 7)])
    every, none, plain = similar_images.difference_hashes(images, np.arange(3))
    assert (every, none, plain) == (2**64 - 1, 0, 0)
