"""Orders of labeled images of which every prefix is a split."""

import numpy as np
import pytest

from tf_ssgan.data import split_order

KEYS = np.arange(40, dtype=np.uint64) * np.uint64(2**61 + 1)


def test_every_class_comes_first_for_some_seed_and_each_comes_once():
    firsts = [split_order.first_classes(3, seed).tolist() for seed in range(30)]
    assert {first[0] for first in firsts} == {0, 1, 2}
    assert all(sorted(first) == [0, 1, 2] for first in firsts)


def test_classes_take_turns_in_a_balanced_order():
    """Of 3, 1 and 2 images, each class has one among the first three, and so on."""
    order = split_order.class_order(np.array([3, 1, 2]), "balanced", 0)
    kinds = np.repeat([0, 1, 2], [3, 1, 2])[order]
    assert sorted(kinds[:3]) == [0, 1, 2] and sorted(kinds[3:5]) == [0, 2] and kinds[5] == 0
    assert sorted(order) == list(range(6))


def test_classes_are_as_frequent_as_in_the_whole_in_a_proportional_order():
    """Of 30 and 10 images, four in a row have three of the first class and one of the second."""
    assert split_order.proportional(np.array([30, 10]), 8, 0).tolist().count(1) == 2
    kinds = split_order.proportional(np.array([30, 10]), 40, 0).reshape(10, 4)
    assert (kinds.sum(axis=1) == 1).all()


@pytest.mark.parametrize("label_split", ["balanced", "proportional"])
def test_an_image_that_is_added_leaves_the_order_of_the_others_of_its_class(label_split):
    labels = np.zeros(40, np.int64)
    whole = split_order.order(labels, KEYS, label_split, 5, split_order.LABELED, 1)
    fewer = split_order.order(labels[:39], KEYS[:39], label_split, 5, split_order.LABELED, 1)
    assert [one for one in whole if one != 39] == fewer.tolist()


def test_streams_of_one_seed_are_independent():
    streams = split_order.VALIDATION, split_order.LABELED, split_order.CLEAN
    labels = np.zeros(40, np.int64)
    orders = [split_order.order(labels, KEYS, "balanced", 0, stream, 1) for stream in streams]
    assert len({tuple(order) for order in orders}) == 3
