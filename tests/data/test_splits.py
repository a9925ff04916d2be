"""Which images are labeled and which are held out: counts and independence."""

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import groups, splits

CLASSES = tuple("abcde")
# Uneven like SVHN: 400, 300, 200, 80, 20 of 1,000, mixed.
TRUE = np.repeat(np.arange(5), [400, 300, 200, 80, 20])[np.arange(1000) * 7 % 1000]


def make(labels=50, true=TRUE, **changes):
    return splits.make("svhn", true, CLASSES, labels, **changes)


def counts(ids):
    return np.bincount(TRUE[ids], minlength=5).tolist()


def test_sizes_of_the_pools():
    protocol = make()
    assert protocol.pool == 1000
    assert len(protocol.labeled_ids) == 50
    assert len(protocol.validation_ids) == 100
    assert len(protocol.unlabeled_ids) == 900


def test_labeled_images_are_also_unlabeled_examples_and_never_held_out():
    protocol = make()
    assert np.isin(protocol.labeled_ids, protocol.unlabeled_ids).all()
    assert not np.isin(protocol.validation_ids, protocol.unlabeled_ids).any()


def test_balanced_means_equally_many_per_class():
    assert counts(make(50, label_split="balanced").labeled_ids) == [10] * 5


def test_the_seed_chooses_the_classes_that_get_a_remainder():
    extra = [np.array(counts(make(12, split_seed=s).labeled_ids)) - 2 for s in range(20)]
    assert all(sorted(e) == [0, 0, 0, 1, 1] for e in extra)
    assert (np.sum(extra, axis=0) > 0).all()


def test_proportional_means_as_frequent_as_in_the_pool():
    assert counts(make(100, label_split="proportional", validation=0).labeled_ids) == [
        40, 30, 20, 8, 2,
    ]  # fmt: skip


def test_validation_is_as_frequent_as_in_the_pool():
    assert counts(make(validation=100).validation_ids) == [40, 30, 20, 8, 2]


@pytest.mark.parametrize("label_split", splits.LABEL_SPLITS)
def test_a_smaller_labeled_set_is_a_subset_of_a_larger_one(label_split):
    subsets = [set(make(n, label_split=label_split).labeled_ids) for n in range(91)]
    assert all(small < large for small, large in zip(subsets, subsets[1:], strict=False))


def test_validation_does_not_depend_on_the_labels():
    few, many = make(10), make(90, label_split="proportional", noise="wrong", noise_rate=0.5)
    assert (few.validation_ids == many.validation_ids).all()


def test_the_split_seed_changes_validation_and_labeled_images():
    one, two = make(split_seed=1), make(split_seed=2)
    assert (one.validation_ids != two.validation_ids).any()
    assert (one.labeled_ids != two.labeled_ids).any()


def test_ids_and_labels_are_the_same_on_every_platform():
    assert make(noise="uniform", noise_rate=0.5).sha256[:16] == "e400167a7e4630c7"


@pytest.mark.parametrize("labels", [-1, 900])
def test_all_images_that_are_not_held_out_can_be_labeled(labels):
    protocol = make(labels)
    assert (protocol.labeled_ids == protocol.unlabeled_ids).all()
    assert (protocol.labels == TRUE[protocol.labeled_ids]).all()


def test_there_may_be_no_labels():
    protocol = make(0)
    assert len(protocol.labeled_ids) == len(protocol.labels) == 0
    assert len(protocol.unlabeled_ids) == 900


def test_there_may_be_no_validation_images():
    protocol = make(validation=0)
    assert len(protocol.validation_ids) == 0 and len(protocol.unlabeled_ids) == 1000


@pytest.mark.parametrize(
    "dataset, pool, held_out",
    [
        ("svhn", 73_257, 5_000),
        ("cifar10", 50_000, 5_000),
        ("fashion_mnist", 60_000, 10_000),
        ("fashion_mnist", 600, 100),
        ("digits", 1_297, 129),
        ("npz:x", 5, 0),
        ("npz:x", 60, 6),
        ("folder:x", 60, 0),
        ("folder:x", 999, 0),
        ("csv:x.csv", 1_000, 100),
    ],
)
def test_default_validation(dataset, pool, held_out):
    assert splits.default_validation(dataset, pool) == held_out


def test_another_number_of_images_may_decide_how_many_are_held_out():
    true = np.arange(1_100) % 10
    for pool, held_out in ((None, 110), (1_050, 105), (10, 1), (0, 0)):
        own = splits.make("svhn", true, tuple("0123456789"), -1, default_pool=pool)
        assert len(own.validation_ids) == held_out
    own = splits.make("svhn", true, tuple("0123456789"), -1, default_pool=0, validation=7)
    assert len(own.validation_ids) == 7


def test_the_noise_seed_is_the_split_seed_by_default():
    options = {"noise": "wrong", "noise_rate": 0.5, "split_seed": 3}
    assert make(80, **options) == make(80, **options, noise_seed=3)
    assert (make(80, **options).labels != make(80, **options, noise_seed=4).labels).any()


def test_noise_changes_the_labels_and_not_the_split():
    clean, noisy = make(80, noise="none"), make(80, noise="wrong", noise_rate=0.25)
    assert (clean.labeled_ids == noisy.labeled_ids).all()
    assert (noisy.labels != TRUE[noisy.labeled_ids]).sum() == 20
    assert clean.sha256 != noisy.sha256


KEYS = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)


def test_no_image_is_known_to_be_clean_by_default():
    protocol = make(80, noise="pair", noise_rate=1.0)
    assert len(protocol.clean_ids) == len(protocol.noisy_ids) == 0
    assert protocol.wrong == 80


@pytest.mark.parametrize("kind", ["wrong", "uniform", "permute", "pair"])
def test_noise_keeps_clean_labels_and_is_a_fraction_of_the_others(kind):
    protocol = make(200, label_split="proportional", noise=kind, noise_rate=0.5, clean_fraction=0.2)
    ids, right = protocol.labeled_ids, protocol.labels == TRUE[protocol.labeled_ids]
    assert right[np.isin(ids, protocol.clean_ids)].all()
    assert protocol.wrong == (~right).sum() > 0
    if kind in ("wrong", "pair"):
        assert protocol.wrong == 80  # half of 160
    assert len(protocol.clean_ids) == 40 and (np.diff(protocol.clean_ids) > 0).all()
    assert sorted([*protocol.clean_ids, *protocol.noisy_ids]) == ids.tolist()
    untouched = make(200, label_split="proportional")
    assert (protocol.validation_ids == untouched.validation_ids).all()
    assert (ids == untouched.labeled_ids).all()


def test_the_argument_is_not_changed():
    true = TRUE.copy()
    make(
        200,
        true=true,
        label_split="proportional",
        noise="permute",
        noise_rate=1.0,
        clean_fraction=0.1,
    )
    assert (true == TRUE).all()


@pytest.mark.parametrize(
    "labels, label_split, fraction, expected",
    [
        (500, "proportional", 0.2, [40, 30, 20, 8, 2]),
        (500, "proportional", 0.1, [20, 15, 10, 4, 1]),
        (50, "balanced", 0.2, [2, 2, 2, 2, 2]),
        (900, "proportional", 1, [360, 270, 180, 72, 18]),
    ],
)
def test_clean_images_have_the_class_frequencies_of_labeled_ones(
    labels, label_split, fraction, expected
):
    assert (
        counts(make(labels, label_split=label_split, clean_fraction=fraction).clean_ids) == expected
    )


def test_a_smaller_clean_set_is_a_subset_of_a_larger_one():
    subsets = [set(make(90, keys=KEYS, clean_fraction=n / 90).clean_ids) for n in range(1, 91)]
    assert [len(part) for part in subsets] == list(range(1, 91))
    assert all(small < large for small, large in zip(subsets, subsets[1:], strict=False))
    assert subsets[9] != set(make(90, keys=KEYS, clean_fraction=1 / 9, split_seed=1).clean_ids)


def test_an_added_image_hardly_changes_the_split():
    keys = np.random.default_rng(0).integers(0, 2**64, 1001, np.uint64)
    before = make(50, keys=keys[:-1])
    after = make(50, true=np.append(TRUE, 0), keys=keys)
    for name in ("labeled_ids", "validation_ids"):
        removed = set(getattr(before, name)) - set(getattr(after, name))
        assert len(removed) <= 2  # it may replace one, or shift the border between two classes


def test_the_split_depends_on_the_contents_and_not_on_the_order():
    keys = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)
    order = np.random.default_rng(1).permutation(1000)
    one, two = make(50, keys=keys), make(50, true=TRUE[order], keys=keys[order])
    for name in ("labeled_ids", "validation_ids"):
        assert set(getattr(one, name)) == set(order[getattr(two, name)])


def test_images_without_a_known_label_are_only_ever_unlabeled():
    true = np.where(np.arange(1000) % 2, -1, TRUE)
    protocol = make(-1, true=true)
    known = np.flatnonzero(true >= 0)
    assert len(protocol.validation_ids) == len(known) // 10
    assert set(protocol.labeled_ids) | set(protocol.validation_ids) == set(known)
    assert len(protocol.unlabeled_ids) == 1000 - len(protocol.validation_ids)


@pytest.mark.parametrize("seed", range(5))
def test_the_message_names_the_largest_possible_number_of_labels(seed):
    with pytest.raises(errors.UserError, match="class 'e' has only 18 images") as caught:
        make(500, split_seed=seed)
    limit = int(str(caught.value).split("at most ")[1].split(" ")[0])
    assert 90 <= limit <= 94
    assert max(counts(make(limit, split_seed=seed).labeled_ids)) <= 19
    with pytest.raises(errors.UserError, match=f"at most {limit} "):
        make(limit + 1, split_seed=seed)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"labels": 901}, r"901 labels were requested, but only 900 .* at most 900"),
        ({"labels": -2}, "labels must be 0 or more, or -1 for all, got -2"),
        ({"label_split": "balance"}, "'balance' is unknown. Did you mean 'balanced'"),
        ({"split_seed": -1}, "split_seed must be 0 or more, got -1"),
        ({"validation": 1000}, "validation must be 0 to 999 .* got 1000"),
        ({"validation": -2}, "validation must be .* got -2"),
        ({"noise": "wrng"}, "noise 'wrng' is unknown. Did you mean 'wrong'"),
        ({"noise": "wrong", "noise_rate": 2}, "fraction from 0 to 1, got 2"),
        ({"clean_fraction": 5}, r"--clean_fraction=5: expected a fraction from 0 to 1"),
        ({"clean_fraction": float("nan")}, "--clean_fraction=nan: expected a fraction"),
        ({"clean_fraction": 0.009}, "--clean_fraction=0.009 of 50 labels is less than one image"),
        (
            {"clean_fraction": 0.5, "labels": 0},
            "--clean_fraction=0.5 of 0 labels is less than one image",
        ),
        (
            {"clean_fraction": 1, "noise": "pair"},
            "all 50 labels clean and leaves none for --noise=pair",
        ),
        ({"true": np.array([0, 5])}, r"numbers in 0\.\.4"),
        ({"true": np.full(9, -1)}, "No training image has a label"),
        ({"true": np.array([], int)}, r"numbers in 0\.\.4"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    with pytest.raises(errors.UserError, match=message):
        make(**{"labels": 50} | changes)


def test_a_class_without_images_cannot_be_balanced():
    with pytest.raises(errors.UserError, match="class 'e' has only 0 images"):
        make(5, true=np.arange(100) % 4)
    assert len(make(5, true=np.arange(100) % 4, label_split="proportional").labeled_ids) == 5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("validation", [0, 7, 100, 990])
def test_the_check_knows_the_held_out_images_of_each_class(seed, validation):
    held_out = make(0, split_seed=seed, validation=validation).validation_ids
    rest = np.bincount(np.delete(TRUE, held_out), minlength=5)
    fewest, total = rest.min(), rest.sum()
    given = {"split_seed": seed, "validation": validation}
    with pytest.raises(errors.UserError, match=f"only {total} training images are not held"):
        splits.check("svhn", TRUE, CLASSES, total + 1, **given)
    with pytest.raises(errors.UserError, match=f"class .* has only {fewest} images"):
        splits.check("svhn", TRUE, CLASSES, total - 1, **given)


def test_what_the_check_accepts_can_be_made():
    for seed in range(5):
        for labels in range(0, 120, 7):
            given = {"split_seed": seed, "noise": "wrong", "noise_rate": 0.5, "clean_fraction": 0.2}
            try:
                splits.check("svhn", TRUE, CLASSES, labels, **given)
            except errors.UserError as error:
                with pytest.raises(errors.UserError) as refused:
                    make(labels, **given)
                assert str(refused.value) == str(error)
            else:
                assert len(make(labels, **given).labeled_ids) == labels


def test_a_data_set_may_name_its_held_out_images_itself():
    held_out = np.arange(1000) % 50 == 3
    protocol = make(-1, held_out=held_out)
    assert protocol.validation_ids.tolist() == np.flatnonzero(held_out).tolist()
    assert len(protocol.labeled_ids) == 980
    assert not np.isin(protocol.validation_ids, protocol.unlabeled_ids).any()
    assert make(50, held_out=held_out, split_seed=1).validation_ids.tolist() == (
        protocol.validation_ids.tolist()
    )
    make(50, held_out=held_out, validation=20)  # their number, said as a flag
    with pytest.raises(errors.UserError, match=r"--validation=7: svhn itself names the 20 images"):
        make(50, held_out=held_out, validation=7)


def test_images_that_are_named_for_validation_are_no_labels_to_ask_for():
    held_out = np.flatnonzero(TRUE == 4)[:15]
    mask = np.isin(np.arange(1000), held_out)
    assert make(25, held_out=mask).labeled_ids.size == 25  # five of each class are left
    with pytest.raises(errors.UserError, match="class 'e' has only 5 images that are not held out"):
        make(31, held_out=mask)


def grouped(size=10):
    """The group of each image: one after another, so that each has images of most classes."""
    own = np.arange(1000) // size
    return groups.ids([f"patient{k}" for k in own], [""] * 1000)


@pytest.mark.parametrize("seed", range(3))
def test_whole_groups_are_held_out(seed):
    own = grouped()
    protocol = make(-1, image_groups=own, split_seed=seed)
    held_out = np.isin(own, own[protocol.validation_ids])
    assert np.flatnonzero(held_out).tolist() == protocol.validation_ids.tolist()
    assert abs(held_out.sum() - 100) <= 20
    assert max(abs(np.array(counts(protocol.validation_ids)) - [40, 30, 20, 8, 2])) <= 10
    assert not len(protocol.left_out_ids) and len(protocol.labeled_ids) == 1000 - held_out.sum()
    other = make(-1, image_groups=own, split_seed=seed + 1)
    assert set(other.validation_ids) != set(protocol.validation_ids)


def test_groups_are_held_out_in_any_order_of_the_images():
    own, order = grouped(), np.random.default_rng(0).permutation(1000)
    one = make(-1, image_groups=own)
    two = make(-1, TRUE[order], image_groups=own[order])
    assert set(own[one.validation_ids]) == set(own[order][two.validation_ids])


def test_unlabeled_images_of_held_out_groups_are_left_out():
    own, true = grouped(), np.where(np.arange(1000) % 2, TRUE, -1)
    protocol = make(-1, true, image_groups=own)
    theirs = np.isin(own, own[protocol.validation_ids])
    assert protocol.left_out_ids.tolist() == np.flatnonzero(theirs & (true < 0)).tolist()
    assert protocol.unlabeled_ids.tolist() == np.flatnonzero(~theirs).tolist()
    declared = make(-1, true, image_groups=own, held_out=theirs & (true >= 0))
    assert declared.sha256 == protocol.sha256


def test_check_refuses_the_labels_that_make_refuses_with_groups():
    own = grouped(40)
    most = len(make(-1, image_groups=own).labeled_ids)
    assert len(make(most, image_groups=own).labeled_ids) == most
    with pytest.raises(errors.UserError, match=f"--labels may be at most {most}"):
        splits.check("svhn", TRUE, CLASSES, most + 1, image_groups=own)


def test_only_checked_images_are_held_out():
    """400 of 1,000 labels are checked: a tenth of these are held out, in the shares of these."""
    checked = np.isin(np.arange(1000), np.flatnonzero(TRUE == 0)[:100]) | (TRUE == 1)
    protocol = make(-1, checked=checked)
    assert counts(protocol.validation_ids) == [10, 30, 0, 0, 0]
    assert checked[protocol.validation_ids].all()
    assert (len(protocol.labeled_ids), len(protocol.clean_ids)) == (960, 360)
    assert len(make(-1, checked=checked, validation=399).validation_ids) == 399
    named = TRUE == 4  # by the data themselves: those, checked or not
    held_out = make(-1, checked=checked, held_out=named).validation_ids
    assert held_out.tolist() == np.flatnonzero(named).tolist()
    for do in (make, lambda *args, **given: splits.check("svhn", TRUE, CLASSES, *args, **given)):
        with pytest.raises(errors.UserError, match="--validation=400: only .* 400 labels are che"):
            do(-1, checked=checked, validation=400)


def test_a_fold_without_checked_labels_holds_out_others():
    protocol = make(-1, checked=np.zeros(1000, bool))
    assert protocol == make(-1)


def test_labeled_images_of_held_out_groups_are_left_out_unless_checked():
    own = grouped()
    checked = np.arange(1000) % 2 == 0
    protocol = make(-1, image_groups=own, checked=checked)
    theirs = np.isin(own, own[protocol.validation_ids])
    assert 40 <= len(protocol.validation_ids) <= 60
    assert protocol.validation_ids.tolist() == np.flatnonzero(theirs & checked).tolist()
    assert protocol.left_out_ids.tolist() == np.flatnonzero(theirs & ~checked).tolist()
    assert protocol.labeled_ids.tolist() == np.flatnonzero(~theirs).tolist()
    most = len(protocol.labeled_ids)
    with pytest.raises(errors.UserError, match=f"--labels may be at most {most}"):
        splits.check("svhn", TRUE, CLASSES, most + 1, image_groups=own, checked=checked)


def test_groups_that_are_too_large_cannot_be_held_out():
    own = np.arange(1000) % 2
    assert not len(make(-1, image_groups=own).validation_ids)
    with pytest.raises(errors.UserError, match="--validation=50: no whole group can be held out"):
        make(-1, image_groups=own, validation=50)
    assert not len(make(-1, image_groups=own, validation=0).validation_ids)


CHECKED = np.arange(1000) % 3 == 0


def test_the_checked_images_among_the_labeled_ones_are_the_clean_ones():
    protocol = make(90, checked=CHECKED)
    assert protocol.clean_ids.tolist() == [one for one in protocol.labeled_ids if one % 3 == 0]
    assert protocol.checked and protocol.clean_fraction == len(protocol.clean_ids) / 90
    assert sorted([*protocol.clean_ids, *protocol.noisy_ids]) == protocol.labeled_ids.tolist()


@pytest.mark.parametrize("label_split", splits.LABEL_SPLITS)
def test_checked_images_are_not_preferred(label_split):
    given = {"label_split": label_split, "validation": 0}
    plain, checked = make(**given), make(**given, checked=CHECKED)
    assert (plain.labeled_ids == checked.labeled_ids).all()
    assert plain.sha256 != checked.sha256


def test_noise_changes_labels_that_are_not_checked_only():
    protocol = make(90, noise="pair", noise_rate=1.0, checked=CHECKED)
    right = protocol.labels == TRUE[protocol.labeled_ids]
    assert protocol.labeled_ids[right].tolist() == protocol.clean_ids.tolist()
    assert protocol.wrong == len(protocol.noisy_ids) == 90 - right.sum()


def test_without_a_checked_image_among_the_labeled_ones_nothing_is_said():
    """As if the data did not say which labels are checked."""
    labeled = make(validation=0).labeled_ids
    others = np.ones(1000, bool)
    others[labeled] = False
    protocol = make(checked=others, validation=0)
    assert protocol == make(validation=0) and not protocol.checked and len(protocol.noisy_ids) == 0


def test_all_labeled_images_may_be_checked_unless_there_shall_be_noise():
    everything = np.ones(1000, bool)
    protocol = make(checked=everything)
    assert protocol.clean_fraction == 1.0 and len(protocol.noisy_ids) == 0
    with pytest.raises(errors.UserError, match="all 1,000 labels are checked"):
        make(-1, checked=everything, noise="pair", noise_rate=0.5)
    only_labeled = np.isin(np.arange(1000), make(validation=0).labeled_ids)
    with pytest.raises(errors.UserError, match="all 50 labels are checked: leave --noise out"):
        make(checked=only_labeled, noise="pair", noise_rate=0.5, validation=0)


def test_a_clean_fraction_beside_checked_labels_is_refused():
    with pytest.raises(errors.UserError, match="--clean_fraction=0.1 takes labels at random"):
        make(checked=CHECKED, clean_fraction=0.1)
