"""Folds: each labeled image is tested once, and nothing that is tested has been learned."""

import collections
import dataclasses

import numpy as np
import pytest
from support import toy_methods

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, dataset_info, fingerprint, folds, splits

CLASSES = ("cat", "dog", "fox")


def keys(count, seed=0):
    """Hashes of different images."""
    return np.random.default_rng(seed).permutation(2**20)[:count].astype(np.uint64)


def labels_of(*counts):
    """Labels of which class k has counts[k], and -1 the last of them."""
    return np.repeat([*range(len(counts) - 1), -1], counts)


def make_arrays(labels, copies=(), groups=None, held_out=None, tests=0, name="folder:x", size=8):
    """A data set; pairs (i, j) of copies are equal images."""
    images, _ = toy_methods.images(len(labels) + tests, size, 0)
    for i, j in copies:
        images[j] = images[i]
    n = len(labels)
    info = dataset_info.DatasetInfo(name, *images.shape[1:], CLASSES, (0.5,), (0.1,), False, "")
    return content_hash.sort_by_content(
        dataset_info.Arrays(
            info, images[:n], np.asarray(labels), images[n:], np.zeros(tests, np.int64),
            None if held_out is None else np.asarray(held_out, bool), (),
            None if groups is None else np.asarray(groups),
        )
    )  # fmt: skip


@pytest.mark.parametrize("count", [2, 3, 5, 7])
@pytest.mark.parametrize("counts", [(40, 12, 7, 9), (3, 18, 18, 0), (2, 2, 3, 5), (50, 50, 1, 0)])
def test_folds_are_equally_large_and_so_are_classes_in_them(count, counts):
    labels = labels_of(*counts)
    own = folds.assign(labels, keys(len(labels)), count, 0)
    assert (own[labels < 0] == -1).all() and set(own[labels >= 0]) <= set(range(count))
    images = np.bincount(own[labels >= 0], minlength=count)
    assert images.max() - images.min() <= 1
    for label in range(3):
        of_class = np.bincount(own[labels == label], minlength=count)
        assert of_class.max() - of_class.min() <= 1


def test_a_fold_follows_from_contents_and_the_seed_alone():
    labels, own_keys = labels_of(20, 11, 5, 4), keys(40)
    groups = np.arange(40) // 2
    order = np.random.default_rng(1).permutation(40)
    for group in (None, groups):
        own = folds.assign(labels, own_keys, 4, 3, group)
        renamed = None if group is None else 100 - group[order]
        again = folds.assign(labels[order], own_keys[order], 4, 3, renamed)
        assert (again == own[order]).all()
        assert (folds.assign(labels, own_keys, 4, 4, group) != own).any()


def test_groups_and_equal_images_are_never_divided():
    rng = np.random.default_rng(0)
    for _ in range(50):
        n = int(rng.integers(10, 60))
        labels, own_keys = rng.integers(-1, 3, n), rng.integers(0, n, n).astype(np.uint64)
        groups = rng.integers(0, n // 2, n)
        own = folds.assign(labels, own_keys, 3, int(rng.integers(9)), groups)
        for parts in (own_keys, groups):
            seen = collections.defaultdict(set)
            for part, fold in zip(parts.tolist(), own.tolist(), strict=True):
                seen[part].add(fold)
            assert all(len(found) == 1 for found in seen.values())
        assert (own[labels >= 0] >= 0).all()


def test_a_chain_of_groups_and_equal_images_is_one_whole():
    own_keys = np.array([1, 2, 2, 3, 3, 4, 9, 8], np.uint64)
    groups = np.array([0, 0, 1, 1, 2, 2, 5, 6])
    own = folds.assign(np.zeros(8, np.int64), own_keys, 3, 0, groups)
    assert len(set(own[:6])) == 1 and len(set(own)) == 3


def test_large_groups_are_spread_over_the_folds():
    sizes = [9, 8, 7, 3, 3, 2, 2, 1, 1]
    groups = np.repeat(np.arange(len(sizes)), sizes)
    own = folds.assign(np.zeros(36, np.int64), keys(36), 3, 0, groups)
    assert np.bincount(own).tolist() == [12, 12, 12]


def test_each_labeled_image_is_tested_once_by_a_run_that_has_not_learned_it():
    labels = labels_of(9, 6, 5, 10)
    groups = np.arange(30)
    groups[[0, 25]] = 77  # an unlabeled image of the group of a labeled one
    whole = make_arrays(labels, copies=[(1, 2), (3, 26), (19, 27)], groups=groups, tests=4)
    tested = collections.Counter()
    for fold in range(5):
        part = folds.take(whole, 5, fold, 0)
        test_keys = content_hash.keys(part.test_images)
        tested.update(test_keys.tolist())
        assert not np.isin(test_keys, part.train_keys).any()
        assert (part.train_keys == content_hash.keys(part.train_images)).all()
        assert (np.diff(part.train_source_indices[np.argsort(part.train_keys)]) != 0).all()
        assert len(part.train_labels) == len(part.train_groups) == len(part.train_source_indices)
        assert (labels[part.train_source_indices] == part.train_labels).all()
        in_test = np.isin(whole.train_keys, test_keys)
        assert not set(whole.train_groups[in_test]) & set(part.train_groups)
        assert (part.test_labels >= 0).all() and len(part.test_labels) == 4
        training, tested_ids = part.train_source_indices, whole.train_source_indices[in_test]
        for image, unlabeled in {0: 25, 3: 26, 19: 27}.items():  # of its group, or equal to it
            assert (unlabeled in training) == (image not in tested_ids)
        assert np.isin([20, 21, 22, 23, 24, 28, 29], training).all()
    assert tested == collections.Counter(whole.train_keys[whole.train_labels >= 0].tolist())


def test_what_is_measured_of_a_data_set_does_not_look_at_test_images():
    whole = make_arrays(labels_of(6, 6, 6, 0))
    part = folds.take(whole, 3, 0, 0)
    assert (part.info.mean, part.info.std) == dataset_info.channel_statistics(part.train_images)
    known = make_arrays(labels_of(6, 6, 6, 0), name="digits")
    assert folds.take(known, 3, 0, 0).info is known.info, "statistics as published"


def test_held_out_images_stay_held_out_and_are_not_tested():
    labels = labels_of(6, 6, 6, 2)
    held_out = np.arange(20) % 6 == 0
    held_out[labels < 0] = False
    whole = make_arrays(labels, held_out=held_out)
    for fold in range(3):
        part = folds.take(whole, 3, fold, 0)
        assert part.train_held_out.sum() == held_out.sum() == 3
        assert len(part.test_labels) == 5
    equal = make_arrays(labels, copies=[(0, 1)], held_out=held_out)
    sums = [folds.take(equal, 3, fold, 0).train_held_out.sum() for fold in range(3)]
    assert sorted(sums) == [2, 3, 3], "a held-out image leaves with the tested one that it equals"


@pytest.mark.parametrize(
    "labels, groups, copies, count, message",
    [
        ((0, 0, 0, 3), None, [], 2, "--folds=2 divides the labeled images, and there are none."),
        ((5, 1, 5, 0), None, [], 2, "class 'dog' has only one labeled image"),
        ((2, 2, 2, 9), None, [], 7, "--folds=7 needs as many labeled images, and there are 6."),
        ((2, 2, 2, 9), None, [(0, 2), (1, 3)], 6, "2 of the folds would .* Give --folds=4."),
        ((4, 4, 4, 0), np.arange(12) // 3, [], 5, "1 of the folds would have no .* --folds=4."),
        ((4, 4, 4, 0), np.arange(12) // 4, [], 2, "images of class 'cat' are equal or of one"),
        ((2, 2, 4, 0), None, [(2, 3)], 2, "images of class 'dog' are equal or of one group"),
        ((2, 2, 2, 0), np.array([0, 1, 1, 2, 2, 0]), [], 2, "would be in fold .* Give --folds=3."),
    ],
)
def test_what_cannot_be_divided_is_refused(labels, groups, copies, count, message):
    whole = make_arrays(labels_of(*labels), copies=copies, groups=groups)
    for divide in (
        lambda: folds.take(whole, count, 0, 0),
        lambda: [*folds.outlines(whole, count, 0)],
    ):
        with pytest.raises(errors.UserError, match=message) as refusal:
            divide()
        assert str(refusal.value).startswith(f"--folds={count}")
        assert "\n" not in str(refusal.value)


def test_a_refusal_tries_few_numbers(monkeypatch):
    tried, assign = [], folds.assign
    monkeypatch.setattr(folds, "assign", lambda *args: tried.append(args[2]) or assign(*args))
    monkeypatch.setattr(folds, "_problem", lambda *args: "no image is right")
    with pytest.raises(errors.UserError, match="no image is right, .* Label more images of it"):
        folds.take(make_arrays(labels_of(30, 30, 30, 0)), 20, 0, 0)
    assert tried == [20, 19, 21, 18, 22, 17, 23, 16, 24]
    monkeypatch.setattr(folds, "_PLACED", 180)
    with pytest.raises(errors.UserError):
        folds.take(make_arrays(labels_of(30, 30, 30, 0)), 2, 0, 0)
    assert tried[9:] == [2, 3, 4]
    with pytest.raises(errors.UserError, match="11 of the folds"):
        folds.take(
            make_arrays(labels_of(30, 30, 30, 0), copies=[(i, i + 3) for i in range(11)]), 90, 0, 0
        )
    assert len(tried) == 12, "it is known without a try"


def test_as_many_folds_as_units_always_work():
    rng = np.random.default_rng(3)
    worked = 0
    for seed in range(200):
        labels, groups = rng.integers(-1, 3, 15), rng.integers(0, 7, 15)
        whole = make_arrays(labels, groups=groups)
        count = len(np.unique(groups[labels >= 0]))
        kinds = [len(np.unique(groups[labels == k])) for k in range(3)]
        if min(kinds) > 1:
            worked += 1
            sizes = [len(one.test_labels) for one in folds.outlines(whole, count, seed)]
            assert min(sizes) > 0 and sum(sizes) == (labels >= 0).sum()
    assert worked > 50


def test_outlines_are_the_folds_without_pixels():
    labels = labels_of(9, 6, 5, 10)
    groups = np.arange(30)
    groups[[0, 25]] = 77
    held_out = np.arange(30) % 9 == 1
    for own in (None, held_out & (labels >= 0)):
        whole = make_arrays(labels, [(1, 2), (3, 26)], groups, held_out=own, tests=4)
        for fold, outline in enumerate(folds.outlines(whole, 3, 5)):
            part = folds.take(whole, 3, fold, 5)
            assert fingerprint.record(outline).sha256 == fingerprint.record(part).sha256
            known = dataclasses.replace(part, test_keys=None)
            assert fingerprint.record(known).sha256 == fingerprint.record(part).sha256
            for name in ("train_labels", "train_keys", "train_groups", "train_source_indices"):
                assert (getattr(outline, name) == getattr(part, name)).all()
            assert outline.default_pool == part.default_pool
            for images in (outline.train_images, outline.test_images):
                assert not any(images.strides) and not images.any(), "they take no memory"
            assert outline.train_images.shape == part.train_images.shape
            assert outline.test_images.shape == part.test_images.shape


@pytest.mark.parametrize(
    "counts, count, groups, held_out",
    [
        ((400, 400, 311), 10, None, 0),  # 999 labels in one fold, 1,000 in the others
        ((400, 400, 312), 10, None, 100),  # 1,000 or 1,001
        ((400, 400, 400), 3, None, 0),
        ((700, 700, 700), 2, None, 105),
        ((700, 700, 700), 3, np.maximum(np.arange(2130) - 600, 0), 103),
    ],
)
def test_all_folds_hold_out_as_many_by_default(counts, count, groups, held_out):
    whole = make_arrays(labels_of(*counts, 30), groups=groups, size=2)
    pools, made = set(), set()
    for part in folds.outlines(whole, count, 0):
        own = splits.make("folder:x", part.train_labels, CLASSES, -1, keys=part.train_keys,
                          image_groups=None, default_pool=part.default_pool)  # fmt: skip
        pools.add(int((part.train_labels >= 0).sum()))
        made.add(len(own.validation_ids))
        assert part.default_pool <= min(pools)
    assert part.default_pool == min(pools)
    assert made == {held_out}


def test_all_folds_hold_out_as_many_checked_images_by_default():
    """1,500 of 2,100 labels are checked, about 1,000 of each fold of three."""
    whole = make_arrays(labels_of(700, 700, 700, 0), size=2)
    checked = np.arange(2_100) % 7 < 5
    whole = dataclasses.replace(whole, train_checked=checked)
    pools, made = [], set()
    for part in folds.outlines(whole, 3, 0):
        own = splits.make("folder:x", part.train_labels, CLASSES, -1, keys=part.train_keys,
                          checked=part.train_checked, default_pool=part.default_pool)  # fmt: skip
        pools.append(int(part.train_checked.sum()))
        made.add(len(own.validation_ids))
        assert part.train_checked[own.validation_ids].all()
    assert part.default_pool == min(pools) < 1_000 and made == {0}


def test_the_number_that_is_suggested_works():
    rng = np.random.default_rng(0)
    suggested = 0
    for seed in range(60):
        labels = rng.integers(0, 3, 12)
        groups = rng.integers(0, 5, 12)
        whole = make_arrays(labels, groups=groups)
        try:
            folds.take(whole, 5, 0, seed)
        except errors.UserError as error:
            if "Give --folds=" in str(error):  # a class may be one unit
                suggested += 1
                best = int(str(error).rpartition("=")[2].rstrip("."))
                folds.take(whole, best, best - 1, seed)
    assert suggested > 5


def test_images_that_no_fold_tests_are_named():
    labels = labels_of(6, 6, 6, 0)
    assert folds.left_out(make_arrays(labels), 3) == []
    held_out = np.arange(18) < 2
    tests, held = folds.left_out(make_arrays(labels, held_out=held_out, tests=1), 3)
    assert "its 1 test image is left out" in tests and "2 images that the data hold out" in held


def test_checked_labels_stay_with_their_images():
    """Each of 12 images is checked if its index in the source is even."""
    whole = make_arrays(labels_of(6, 6, 0))
    whole = dataclasses.replace(whole, train_checked=whole.train_source_indices % 2 == 0)
    for fold in range(3):
        part = folds.take(whole, 3, fold, 0)
        assert part.train_checked.tolist() == (part.train_source_indices % 2 == 0).tolist()
    assert folds.take(make_arrays(labels_of(6, 6, 0)), 3, 0, 0).train_checked is None
