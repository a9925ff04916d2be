"""Who is labeled and who is held out: counts, independence, and the record of it."""

import json

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import splits
from tf_ssgan.data.protocol import Protocol

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


def test_labeled_images_are_unlabeled_examples_too_and_never_held_out():
    protocol = make()
    assert np.isin(protocol.labeled_ids, protocol.unlabeled_ids).all()
    assert not np.isin(protocol.validation_ids, protocol.unlabeled_ids).any()


def test_balanced_means_equally_many():
    assert counts(make(50, label_split="balanced").labeled_ids) == [10] * 5


def test_a_remainder_goes_to_classes_that_the_seed_chooses():
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
def test_fewer_labels_are_part_of_more(label_split):
    chosen = [set(make(n, label_split=label_split).labeled_ids) for n in range(91)]
    assert all(less < more for less, more in zip(chosen, chosen[1:], strict=False))


def test_validation_does_not_depend_on_the_labels():
    few, many = make(10), make(90, label_split="proportional", noise="wrong", noise_rate=0.5)
    assert (few.validation_ids == many.validation_ids).all()


def test_split_seed_moves_both():
    one, two = make(split_seed=1), make(split_seed=2)
    assert (one.validation_ids != two.validation_ids).any()
    assert (one.labeled_ids != two.labeled_ids).any()


def test_ids_and_labels_are_the_same_on_every_platform():
    assert make(noise="uniform", noise_rate=0.5).sha256[:16] == "e400167a7e4630c7"


@pytest.mark.parametrize("labels", [-1, 900])
def test_all_labels(labels):
    protocol = make(labels)
    assert (protocol.labeled_ids == protocol.unlabeled_ids).all()
    assert (protocol.labels == TRUE[protocol.labeled_ids]).all()


def test_no_labels():
    protocol = make(0)
    assert len(protocol.labeled_ids) == len(protocol.labels) == 0
    assert len(protocol.unlabeled_ids) == 900


def test_no_validation():
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
    ],
)
def test_default_validation(dataset, pool, held_out):
    assert splits.default_validation(dataset, pool) == held_out


def test_noise_touches_labeled_images_only_and_leaves_the_split():
    clean, noisy = make(80, noise="none"), make(80, noise="wrong", noise_rate=0.25)
    assert (clean.labeled_ids == noisy.labeled_ids).all()
    assert (noisy.labels != TRUE[noisy.labeled_ids]).sum() == 20
    assert clean.sha256 != noisy.sha256


KEYS = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)


def test_protocols_without_clean_images_have_the_hash_that_they_always_had():
    """These two were printed before there were clean images."""
    assert make().sha256.startswith("ae4431be1c7fd374")
    noisy = make(80, noise="wrong", noise_rate=0.25, noise_seed=4, split_seed=9, keys=KEYS)
    assert noisy.sha256.startswith("0a4e03f198042ce7")
    assert make(80, clean_fraction=0.1).sha256 != make(80).sha256


def test_no_image_is_known_to_be_clean_unless_asked():
    protocol = make(80, noise="pair", noise_rate=1.0)
    assert len(protocol.clean_ids) == len(protocol.noisy_ids) == 0
    assert protocol.wrong == 80


@pytest.mark.parametrize("kind", ["wrong", "uniform", "permute", "pair"])
def test_noise_leaves_clean_labels_alone_and_is_a_share_of_the_others(kind):
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


def test_true_labels_are_not_written_to():
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
    "labels, label_split, share, expected",
    [
        (500, "proportional", 0.2, [40, 30, 20, 8, 2]),
        (500, "proportional", 0.1, [20, 15, 10, 4, 1]),
        (50, "balanced", 0.2, [2, 2, 2, 2, 2]),
        (900, "proportional", 1, [360, 270, 180, 72, 18]),
    ],
)
def test_clean_images_are_as_frequent_as_labeled_ones(labels, label_split, share, expected):
    assert counts(make(labels, label_split=label_split, clean_fraction=share).clean_ids) == expected


def test_a_smaller_clean_part_is_part_of_a_larger_one():
    chosen = [set(make(90, keys=KEYS, clean_fraction=n / 90).clean_ids) for n in range(1, 91)]
    assert [len(part) for part in chosen] == list(range(1, 91))
    assert all(less < more for less, more in zip(chosen, chosen[1:], strict=False))
    assert chosen[9] != set(make(90, keys=KEYS, clean_fraction=1 / 9, split_seed=1).clean_ids)


def test_an_added_image_moves_no_other():
    keys = np.random.default_rng(0).integers(0, 2**64, 1001, np.uint64)
    most, all_ = np.append(TRUE, 0), keys
    before = make(50, keys=all_[:-1])
    after = splits.make("svhn", most, CLASSES, 50, keys=all_)
    for name in ("labeled_ids", "validation_ids"):
        gone = set(getattr(before, name)) - set(getattr(after, name))
        assert len(gone) <= 2  # it may take a place, or shift the border between two classes


def test_the_split_follows_the_contents_and_not_the_order():
    keys = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)
    mixed = np.random.default_rng(1).permutation(1000)
    one, two = make(50, keys=keys), make(50, true=TRUE[mixed], keys=keys[mixed])
    for name in ("labeled_ids", "validation_ids"):
        assert set(getattr(one, name)) == set(mixed[getattr(two, name)])


def test_images_that_nobody_labeled_are_only_ever_unlabeled():
    true = np.where(np.arange(1000) % 2, -1, TRUE)
    protocol = make(-1, true=true)
    known = np.flatnonzero(true >= 0)
    assert len(protocol.validation_ids) == len(known) // 10
    assert set(protocol.labeled_ids) | set(protocol.validation_ids) == set(known)
    assert len(protocol.unlabeled_ids) == 1000 - len(protocol.validation_ids)


def test_hash_changes_with_ids_and_not_with_words():
    base = make(50)
    renamed = splits.make("npz:there", TRUE, CLASSES, 50)
    assert base.sha256 == renamed.sha256 and base != renamed
    assert len({make(n, validation=v).sha256 for n in (0, 50, 55) for v in (0, 100)}) == 6


def test_round_trip_through_json():
    protocol = make(50, noise="wrong", noise_rate=0.25, noise_seed=4, split_seed=9)
    content = json.loads(json.dumps(protocol.as_json()))
    assert Protocol.from_json(content) == protocol
    assert hash(Protocol.from_json(content)) == hash(protocol)
    assert content["sizes"] == {
        "labeled": 50, "unlabeled": 900, "validation": 100, "clean": 0, "noisy": 0, "wrong": 12,
    }  # fmt: skip
    assert "unlabeled_ids" not in content


def test_round_trip_of_clean_images():
    protocol = make(50, noise="pair", noise_rate=1.0, clean_fraction=0.2)
    content = json.loads(json.dumps(protocol.as_json()))
    back = Protocol.from_json(content)
    assert back == protocol and (back.noisy_ids == protocol.noisy_ids).all()
    sizes = content["sizes"]
    assert (sizes["clean"], sizes["noisy"], sizes["wrong"]) == (10, 40, 40)
    content["clean_ids"][0] += 1
    with pytest.raises(errors.UserError, match="the file was changed"):
        Protocol.from_json(content)


@pytest.mark.parametrize("noise, wrong", [("none", 0), ("wrong", -1)])
def test_records_from_before_there_were_clean_images(noise, wrong):
    content = make(50, noise=noise, noise_rate=0.25 * (noise == "wrong")).as_json()
    for name in ("clean_fraction", "clean_ids", "wrong"):
        del content[name]
    old = Protocol.from_json(content)
    assert (old.clean_fraction, old.clean_ids.tolist(), old.wrong) == (0.0, [], wrong)
    assert " wrong," not in old.describe()


def test_a_changed_record_is_refused():
    content = make().as_json()
    content["labeled_ids"][0] += 1
    with pytest.raises(errors.UserError, match="the file was changed"):
        Protocol.from_json(content)


def test_an_incomplete_record_is_refused():
    content = make().as_json()
    del content["labels"], content["sha256"]
    with pytest.raises(errors.UserError, match="lacks labels, sha256"):
        Protocol.from_json(content)


def test_describe_says_it_in_a_line():
    line = make(50, noise="wrong", noise_rate=0.2, split_seed=3).describe()
    for part in ("svhn: 50 labeled (balanced", "900 unlabeled", "100 held out", "wrong", "0.2"):
        assert part in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "changes, told",
    [
        ({}, "100 held out, no label noise, split seed 0, sha"),
        ({"clean_fraction": 0.2}, "held out, no label noise, 10 known to be clean, split seed 0"),
        ({"noise": "pair", "noise_rate": 0.5}, ", pair label noise 0.5 (seed 0), 25 wrong, split"),
        (
            {"noise": "pair", "noise_rate": 1.0, "clean_fraction": 0.2},
            ", pair label noise 1 (seed 0) on 40 of 50 labels, 40 wrong, 10 known to be clean, spl",
        ),
    ],
)
def test_describe_says_what_became_of_the_labels(changes, told):
    assert told in make(50, **changes).describe()


@pytest.mark.parametrize("seed", range(5))
def test_the_maximum_named_is_the_maximum(seed):
    with pytest.raises(errors.UserError, match="class 'e' has only 18 images") as caught:
        make(500, split_seed=seed)
    most = int(str(caught.value).split("at most ")[1].split(" ")[0])
    assert 90 <= most <= 94
    assert max(counts(make(most, split_seed=seed).labeled_ids)) <= 19
    with pytest.raises(errors.UserError, match=f"at most {most} "):
        make(most + 1, split_seed=seed)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"labels": 901}, r"901 labels were asked for, 900 .* at most 900"),
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
def test_refusals(changes, message):
    with pytest.raises(errors.UserError, match=message):
        make(**{"labels": 50} | changes)


def test_a_class_without_images_cannot_be_balanced():
    with pytest.raises(errors.UserError, match="class 'e' has only 0 images"):
        make(5, true=np.arange(100) % 4)
    assert len(make(5, true=np.arange(100) % 4, label_split="proportional").labeled_ids) == 5
