"""Pools hold the images that a protocol assigns to them."""

import numpy as np
from support import toy_methods

from tf_ssgan.data import dataset_info, pools, splits

INFO = dataset_info.DatasetInfo("toys", 8, 8, 1, ("a", "b"), (0.5,), (0.5,), False, "zeros")
TRUE = np.arange(40) % 2


def make_pools(pseudo_labels=None, labels=10, subsets=None, **options):
    images = np.zeros((40, 8, 8, 1), np.uint8)
    arrays = dataset_info.Arrays(INFO, images, TRUE, images[:0], TRUE[:0])
    protocol = splits.make("toys", TRUE, ("a", "b"), labels, **options)
    return protocol, pools.make_pools(arrays, protocol, pseudo_labels, subsets)


def test_labeled_and_unlabeled_pools_follow_the_protocol():
    protocol, made = make_pools()
    assert set(made) == {"labeled", "unlabeled", "clean", "held_out", "mixed"}
    assert made["labeled"].ids.tolist() == protocol.labeled_ids.tolist()
    assert made["labeled"].labels.tolist() == protocol.labels.tolist()
    assert made["unlabeled"].ids.tolist() == protocol.unlabeled_ids.tolist()
    assert made["unlabeled"].labels is None
    assert made["clean"] is made["labeled"]


def test_held_out_images_have_their_true_labels_and_are_in_no_other_pool():
    protocol, made = make_pools(validation=8, noise="pair", noise_rate=1.0)
    assert made["held_out"].ids.tolist() == protocol.validation_ids.tolist()
    assert (made["held_out"].labels == TRUE[protocol.validation_ids]).all()
    assert not {*made["held_out"].ids} & {*made["unlabeled"].ids, *made["labeled"].ids}


def test_without_validation_images_there_is_no_held_out_pool():
    assert "held_out" not in make_pools(validation=0)[1]


def test_clean_and_noisy_images_have_pools_of_their_own():
    protocol, made = make_pools(noise="pair", noise_rate=1.0, clean_fraction=0.2)
    assert made["clean"].ids.tolist() == protocol.clean_ids.tolist()
    assert made["noisy"].ids.tolist() == protocol.noisy_ids.tolist()
    assert (made["clean"].labels == TRUE[made["clean"].ids]).all()
    assert (made["noisy"].labels != TRUE[made["noisy"].ids]).all()


def test_without_labeled_images_all_images_have_the_label_minus_one():
    protocol, made = make_pools(labels=0)
    assert made["labeled"].ids.tolist() == protocol.unlabeled_ids.tolist()
    assert made["labeled"].labels.tolist() == [-1] * len(protocol.unlabeled_ids)


def test_pseudo_labels_make_a_merged_pool():
    protocol, made = make_pools(pseudo_labels=np.full(36, 1))
    assert made["merged"].ids.tolist() == [*protocol.labeled_ids, *protocol.unlabeled_ids]
    assert made["merged"].labels.tolist() == [*protocol.labels, *[1] * 36]


def test_a_merged_pool_has_the_labeled_images_first_and_then_those_with_a_pseudo_label():
    toy_pools = toy_methods.pools()
    unlabeled = pools.Pool(toy_pools["unlabeled"].images, np.array([30, 3, 20, 12]))
    merged = pools.merge_pools(toy_pools["labeled"], unlabeled, np.array([2, -1, 0, -1]))
    assert merged.images is toy_pools["labeled"].images
    assert merged.ids.tolist() == [*range(12), 30, 20]
    assert merged.labels.tolist() == [*toy_pools["labeled"].labels, 2, 0]
    unchanged = pools.merge_pools(toy_pools["labeled"], unlabeled, np.full(4, -1))
    assert unchanged.ids.tolist() == [*range(12)]


def test_the_mixed_pool_has_all_unlabeled_images_with_the_labels_that_are_known():
    protocol, made = make_pools(noise="pair", noise_rate=1.0)
    mixed = made["mixed"]
    assert mixed.ids.tolist() == made["unlabeled"].ids.tolist()
    labels = dict(zip(mixed.ids.tolist(), mixed.labels.tolist(), strict=True))
    given = dict(zip(protocol.labeled_ids.tolist(), protocol.labels.tolist(), strict=True))
    assert {k: v for k, v in labels.items() if v >= 0} == given  # the noise, not the truth
    assert mixed.labels.dtype == np.int64 and (mixed.labels == -1).sum() == 36 - 10


def test_without_labels_no_image_of_the_mixed_pool_has_one():
    assert set(make_pools(labels=0)[1]["mixed"].labels) == {-1}


def test_a_mixed_pool_keeps_the_order_of_the_unlabeled_pool():
    toy_pools = toy_methods.pools()
    unlabeled = pools.Pool(toy_pools["unlabeled"].images, np.array([30, 3, 20, 12, 0]))
    mixed = pools.mix_pools(toy_pools["labeled"], unlabeled)
    assert mixed.images is toy_pools["unlabeled"].images
    assert mixed.ids.tolist() == [30, 3, 20, 12, 0]
    assert mixed.labels.tolist() == [-1, 3 % toy_methods.CLASSES, -1, -1, 0]


def test_a_subset_keeps_places_of_the_labeled_pool():
    labeled = toy_methods.pools()["labeled"]
    part = pools.subset(labeled, np.array([7, 2]))
    assert part.images is labeled.images and part.ids.tolist() == labeled.ids[[7, 2]].tolist()
    assert part.labels.tolist() == labeled.labels[[7, 2]].tolist()
    assert part.places.tolist() == [7, 2]
    assert "few" in make_pools(subsets={"few": np.array([0, 3])})[1]
