"""Images are sorted by their contents, and keys give a random order."""

import dataclasses
import hashlib

import numpy as np

from tf_ssgan.data import content_hash, dataset_info

INFO = dataset_info.DatasetInfo("toys", 8, 8, 1, ("a", "b"), (0.5,), (0.5,), False, "random")


def arrays(n=20, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 8, 8, 1), np.uint8)
    return dataset_info.Arrays(INFO, images, np.arange(n) % 2, images[:0], np.zeros(0, np.int64))


def test_a_key_is_a_hash_of_shape_and_pixels():
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    shape = np.array([4, 4, 1], "<i4").tobytes()
    digest = hashlib.blake2b(bytes(range(16)), digest_size=8, key=shape).digest()
    assert content_hash.keys(image) == int.from_bytes(digest, "little")
    assert content_hash.keys(image) != content_hash.keys(image.reshape(1, 2, 8, 1))
    assert len(content_hash.keys(image[:0])) == 0


def test_images_not_contiguous_in_memory_have_the_same_keys():
    images = arrays().train_images
    assert (content_hash.keys(images[:, ::-1]) == content_hash.keys(images[:, ::-1].copy())).all()


def test_sorted_images_do_not_depend_on_the_order_of_the_source():
    first = arrays()
    permutation = np.random.default_rng(1).permutation(20)
    second = dataclasses.replace(
        first,
        train_images=first.train_images[permutation],
        train_labels=first.train_labels[permutation],
    )
    one, two = content_hash.sort_by_content(first), content_hash.sort_by_content(second)
    for name in ("train_images", "train_labels", "train_keys"):
        assert (getattr(one, name) == getattr(two, name)).all()
    assert (permutation[two.train_source_indices] == one.train_source_indices).all()
    assert (np.diff(one.train_keys.astype(float)) >= 0).all()


def test_sources_are_files_or_indices():
    data = content_hash.sort_by_content(arrays(4))
    indices = content_hash.image_sources(data, np.array([1, 0]))
    assert indices == data.train_source_indices[[1, 0]].tolist()
    data = dataclasses.replace(data, train_files=("a", "b", "c", "d"))
    assert content_hash.image_sources(data, np.array([1, 0])) == ["abcd"[i] for i in indices]


def test_the_random_order_follows_the_published_numbers_of_splitmix():
    # Steele et al. 2014, the generator of java.util.SplittableRandom: state 0 gives this first.
    first, second = 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4
    gamma = 0x9E3779B97F4A7C15
    order = content_hash.random_order(np.array([0, gamma], np.uint64), 0)
    assert first > second and order.tolist() == [1, 0]


def test_the_random_order_depends_on_the_seed_and_added_keys_do_not_change_it():
    key = np.random.default_rng(0).integers(0, 2**64, 500, np.uint64)
    order = content_hash.random_order(key, 5)
    assert sorted(order) == list(range(500)) and (order != np.arange(500)).any()
    assert (content_hash.random_order(key, 6) != order).any()
    fewer = content_hash.random_order(key[:400], 5)
    assert (fewer == order[order < 400]).all()


def test_checked_labels_are_sorted_with_their_images():
    data = arrays()
    assert content_hash.sort_by_content(data).train_checked is None
    checked = data.train_images[:, 0, 0, 0] > 100
    ordered = content_hash.sort_by_content(dataclasses.replace(data, train_checked=checked))
    assert (ordered.train_checked == (ordered.train_images[:, 0, 0, 0] > 100)).all()
    assert 0 < checked.sum() < 20
