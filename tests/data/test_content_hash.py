"""The order of images by their contents, and the random order of keys."""

import dataclasses
import hashlib

import numpy as np

from tf_ssgan.data import content_hash, dataset_info

CARD = dataset_info.DatasetInfo("toys", 8, 8, 1, ("a", "b"), (0.5,), (0.5,), False, "drawn")


def arrays(n=20, seed=0):
    chance = np.random.default_rng(seed)
    images = chance.integers(0, 256, (n, 8, 8, 1), np.uint8)
    return dataset_info.Arrays(CARD, images, np.arange(n) % 2, images[:0], np.zeros(0, np.int64))


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


def test_any_order_of_the_source_becomes_the_same():
    first = arrays()
    mixed = np.random.default_rng(1).permutation(20)
    second = dataclasses.replace(
        first, train_images=first.train_images[mixed], train_labels=first.train_labels[mixed]
    )
    one, two = content_hash.ordered(first), content_hash.ordered(second)
    for name in ("train_images", "train_labels", "train_keys"):
        assert (getattr(one, name) == getattr(two, name)).all()
    assert (mixed[two.train_places] == one.train_places).all()
    assert (np.diff(one.train_keys.astype(float)) >= 0).all()


def test_sources_are_files_or_places():
    ordered = content_hash.ordered(arrays(4))
    places = content_hash.sources(ordered, np.array([1, 0]))
    assert places == ordered.train_places[[1, 0]].tolist()
    named = dataclasses.replace(ordered, train_files=("a", "b", "c", "d"))
    assert content_hash.sources(named, np.array([1, 0])) == ["abcd"[place] for place in places]


def test_splitmix_gives_its_published_numbers():
    # Steele et al. 2014, the generator of java.util.SplittableRandom: state 0 gives this first.
    first, second = 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4
    gamma = 0x9E3779B97F4A7C15
    order = content_hash.shuffled(np.array([0, gamma], np.uint64), 0)
    assert first > second and order.tolist() == [1, 0]


def test_shuffled_is_a_permutation_that_words_change_and_added_keys_do_not():
    key = np.random.default_rng(0).integers(0, 2**64, 500, np.uint64)
    order = content_hash.shuffled(key, 5)
    assert sorted(order) == list(range(500)) and (order != np.arange(500)).any()
    assert (content_hash.shuffled(key, 6) != order).any()
    fewer = content_hash.shuffled(key[:400], 5)
    assert (fewer == order[order < 400]).all()
