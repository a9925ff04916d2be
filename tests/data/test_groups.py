"""Groups are chosen as a whole, about as many images as wanted, whatever their order."""

import numpy as np
import pytest

from tf_ssgan.data import groups


def choose(own, labels, wanted, seed=0, part=groups.TEST_PART, **options):
    own, labels = np.asarray(own), np.asarray(labels)
    return groups.choose(own, labels, np.asarray(wanted), seed, part, **options)


def counts(own, labels, chosen, classes):
    return np.bincount(labels[np.isin(own, chosen)], minlength=classes)


def patients(count, images, classes, seed=0):
    """Groups of hashes and the labels of their images, all classes in each group or one."""
    random = np.random.default_rng(seed)
    own = groups.ids(
        [f"patient{k}" for k in np.repeat(np.arange(count), images)], [""] * count * images
    )
    return own, random.integers(classes, size=len(own))


def test_ids_are_hashes_of_names_and_of_single_images():
    own = groups.ids(["a", "", "b", "a", ""], ["1", "2", "3", "4", "5"])
    assert own.dtype == np.int64 and own[0] == own[3] and len(set(own.tolist())) == 4
    assert groups.ids(["b", "a"], ["", ""]).tolist() == [own[2], own[0]]
    assert groups.ids(["Mu\u0308ller"], [""]) == groups.ids(["M\u00fcller"], ["x"])
    assert groups.ids(["a"], [""]) != groups.ids([""], ["a"]), "a file may be named as a group"
    assert len(groups.ids(["\udce4", "\udcf6"], ["", ""])) == 2  # bytes that are not UTF-8


@pytest.mark.parametrize("seed", range(5))
def test_the_share_is_near_and_the_order_does_not_matter(seed):
    own, labels = patients(60, 10, 3, seed)
    wanted = np.bincount(labels) // 5
    chosen = choose(own, labels, wanted, seed)
    got = counts(own, labels, chosen, 3)
    assert (abs(got - wanted) <= 10).all() and abs(got.sum() - wanted.sum()) <= 15
    order = np.random.default_rng(seed).permutation(len(own))
    assert choose(own[order], labels[order], wanted, seed).tolist() == chosen.tolist()
    assert set(choose(own, labels, wanted, seed + 1)) != set(chosen)


def test_images_that_come_later_move_few_groups():
    own, labels = patients(100, 10, 2)
    before = set(choose(own, labels, np.bincount(labels) // 5))
    more, theirs = patients(110, 10, 2)
    added = np.concatenate([own, more[1000:]]), np.concatenate([labels, theirs[1000:]])
    after = set(choose(*added, np.bincount(added[1]) // 5))
    assert len(before - after) <= 5 and len(before) >= 18


def test_images_of_their_own_are_as_many_as_wanted():
    own = groups.ids([""] * 100, [str(k) for k in range(100)])
    labels = np.arange(100) % 2
    assert counts(own, labels, choose(own, labels, [10, 7]), 2).tolist() == [10, 7]


def test_a_class_keeps_images_and_gets_some_if_that_costs_little():
    labels = np.repeat([0, 1], 40)
    own = np.concatenate([np.repeat(np.arange(4), 10), np.full(40, 9)])  # class 1 is one patient
    chosen = choose(own, labels, [8, 8])
    assert counts(own, labels, chosen, 2).tolist() == [10, 0]
    own[40:] = np.repeat([7, 8], 20)  # two patients: half of the class
    assert counts(own, labels, choose(own, labels, [8, 8]), 2).tolist() == [10, 20]
    assert counts(own, labels, choose(own, labels, [8, 8], part=0.25), 2).tolist() == [10, 0]


def test_the_only_choice_may_be_large_if_one_is_needed():
    own, labels = np.repeat([1, 2, 3], [30, 2, 8]), np.repeat([0, 1, 0, 1], [15, 15, 2, 8])
    # Group 1 is most of both classes, and the others have each class once.
    assert len(choose(own, labels, [3, 4]))
    one = np.repeat([1, 2], 20)
    assert not len(choose(one, np.repeat([0, 1], 20), [4, 4], needed=True)), "no class remains"
    large = np.repeat([1, 2, 3], [7, 7, 6])
    mixed = np.concatenate([[0] * 7, [1] * 7, [0, 0, 0, 0, 1, 1]])
    assert not len(choose(large[:14], mixed[:14], [1, 1], needed=True))
    assert len(choose(large, mixed, [1, 1], part=0.1, needed=True)) == 1


def test_nothing_is_chosen_if_nothing_is_wanted():
    own, labels = patients(10, 5, 2)
    assert not len(choose(own, labels, [0, 0], needed=True))
