"""A protocol describes what a run is trained on, as a hash, as JSON and in one line."""

import json

import numpy as np
import pytest

from tf_ssgan.data import splits
from tf_ssgan.data.protocol import Protocol

CLASSES = tuple("abcde")
# Uneven like SVHN: 400, 300, 200, 80, 20 of 1,000, mixed.
TRUE = np.repeat(np.arange(5), [400, 300, 200, 80, 20])[np.arange(1000) * 7 % 1000]
KEYS = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64)


def make(labels=50, dataset="svhn", **changes):
    return splits.make(dataset, TRUE, CLASSES, labels, **changes)


def test_clean_images_change_the_hash_and_other_protocols_keep_theirs():
    """The two hashes are from before there were clean images."""
    assert make().sha256.startswith("ae4431be1c7fd374")
    noisy = make(80, noise="wrong", noise_rate=0.25, noise_seed=4, split_seed=9, keys=KEYS)
    assert noisy.sha256.startswith("0a4e03f198042ce7")
    assert make(80, clean_fraction=0.1).sha256 != make(80).sha256


def test_the_hash_depends_on_ids_and_not_on_names():
    protocol, renamed = make(50), make(50, dataset="npz:there")
    assert protocol.sha256 == renamed.sha256 and protocol != renamed
    assert len({make(n, validation=v).sha256 for n in (0, 50, 55) for v in (0, 100)}) == 6


def test_protocols_with_equal_contents_are_equal():
    options = {"noise": "wrong", "noise_rate": 0.25, "noise_seed": 4, "split_seed": 9}
    one, two = make(**options), make(**options)
    assert one == two and hash(one) == hash(two)
    assert one != make() and one != "a protocol"


def test_json_contains_all_fields_and_the_sizes():
    protocol = make(50, noise="wrong", noise_rate=0.25, noise_seed=4, split_seed=9)
    content = json.loads(json.dumps(protocol.as_json()))
    assert content["labeled_ids"] == protocol.labeled_ids.tolist()
    assert content["labels"] == protocol.labels.tolist()
    assert content["validation_ids"] == protocol.validation_ids.tolist()
    assert (content["classes"], content["sha256"]) == (list(CLASSES), protocol.sha256)
    assert (content["noise_seed"], content["split_seed"], content["wrong"]) == (4, 9, 12)
    assert content["sizes"] == {
        "labeled": 50, "unlabeled": 900, "validation": 100, "clean": 0, "noisy": 0, "wrong": 12,
    }  # fmt: skip
    assert "unlabeled_ids" not in content


def test_json_counts_clean_and_noisy_images():
    protocol = make(50, noise="pair", noise_rate=1.0, clean_fraction=0.2)
    content = json.loads(json.dumps(protocol.as_json()))
    assert content["clean_ids"] == protocol.clean_ids.tolist()
    sizes = content["sizes"]
    assert (sizes["clean"], sizes["noisy"], sizes["wrong"]) == (10, 40, 40)


def test_the_summary_is_one_line():
    line = make(50, noise="wrong", noise_rate=0.2, split_seed=3).describe()
    for part in (
        "svhn: 50 labeled (9 to 11 of each of 5 classes, wrong ones included), ",
        "900 in the unlabeled pool",
        "100 held out",
        "wrong",
        "0.2",
    ):
        assert part in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "changes, text",
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
def test_the_summary_describes_the_noise(changes, text):
    assert text in make(50, **changes).describe()


def test_images_that_are_left_out_are_kept_and_files_without_them_are_read():
    true, own = np.where(np.arange(1000) % 2, TRUE, -1), np.arange(1000) // 10
    protocol = splits.make("svhn", true, CLASSES, 20, image_groups=own)
    count = len(protocol.left_out_ids)
    assert count and f"{count} others of held-out groups left out" in protocol.describe()
    content = json.loads(json.dumps(protocol.as_json()))
    assert Protocol.from_json(content) == protocol
    assert content["sizes"]["unlabeled"] == len(protocol.unlabeled_ids)
    del content["left_out_ids"]
    with pytest.raises(ValueError, match="not those of its sha256"):
        Protocol.from_json(content)
    content = make().as_json()
    del content["left_out_ids"]  # as before there were groups
    assert Protocol.from_json(content) == make() and "left out" not in make().describe()
    content = protocol.as_json() | {"left_out_ids": content["labeled_ids"]}
    with pytest.raises(ValueError, match="left_out_ids are labeled or held out"):
        Protocol.from_json(content)


def labeled(counts, labels=-1, **changes):
    """The summary of a data set with so many labeled images of each class."""
    true = np.repeat(np.arange(len(counts)), counts)
    classes = tuple(f"c{k}" for k in range(len(counts)))
    return splits.make("npz:x", true, classes, labels, validation=0, **changes)


@pytest.mark.parametrize(
    "counts, labels, says",
    [
        ([18, 18, 18], -1, "54 labeled (18 of each of 3 classes), "),
        ([3, 18, 18], -1, "39 labeled (3 to 18 of each of 3 classes; 3 of c0), "),
        ([3, 18, 18], 7, "7 labeled (2 to 3 of each of 3 classes), "),
        ([3, 18, 18], 2, "2 labeled (0 to 1 of each of 3 classes; none of c"),
        ([9, 18, 18], -1, "45 labeled (9 to 18 of each of 3 classes), "),
        ([0, 18, 0], -1, "18 labeled (0 to 18 of each of 3 classes; none of c0, c2), "),
        ([1] * 30 + [9], -1, "39 labeled (1 to 9 of each of 31 classes; 1 of c0, c1, c2 and 27 "),
        ([3_000, 1_200], -1, "4,200 labeled (1,200 to 3,000 of each of 2 classes; 1,200 of c1), "),
        ([5, 5], 0, "0 labeled (2 classes), "),
    ],
)
def test_the_summary_counts_the_labels_of_classes(counts, labels, says):
    assert labeled(counts, labels).describe().startswith(f"npz:x: {says}")


def test_classes_without_a_label_are_named():
    assert labeled([3, 18, 18], 3).classes_without_labels == []
    assert len(labeled([3, 18, 18], 2).classes_without_labels) == 1
    assert labeled([0, 18, 0]).classes_without_labels == ["c0", "c2"]
    assert labeled([0, 18, 0], 0).classes_without_labels == []


def test_checked_labels_are_described_and_kept():
    checked = np.arange(1000) % 10 == 0
    protocol = make(50, checked=checked)
    count = len(protocol.clean_ids)
    assert count > 1 and f"no label noise, {count} labels checked, split seed 0" in (
        protocol.describe()
    )
    content = json.loads(json.dumps(protocol.as_json()))
    assert content["checked"] is True and content["clean_ids"] == protocol.clean_ids.tolist()
    assert Protocol.from_json(content) == protocol
    with pytest.raises(ValueError, match="clean_ids are not those|not those of its sha256"):
        Protocol.from_json(content | {"clean_ids": content["labeled_ids"][:count]})


def test_one_checked_label_is_one_label():
    first = make(50).labeled_ids[0]
    assert ", 1 label checked," in make(50, checked=np.arange(1000) == first).describe()


def test_protocols_from_before_labels_could_be_checked_are_read():
    content = make(50).as_json()
    assert content.pop("checked") is False
    assert Protocol.from_json(content) == make(50)


def test_checked_labels_must_be_there():
    with pytest.raises(ValueError, match="checked is true, and clean_ids are empty"):
        Protocol.from_json(make(50).as_json() | {"checked": True})
