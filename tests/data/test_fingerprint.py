"""The fingerprint of a data set: what it depends on, and what changed in words."""

import dataclasses
import json
import time

import numpy as np
import pytest
from support import file_contents

from tf_ssgan.data import content_hash, datasets, fingerprint
from tf_ssgan.data.dataset_info import Arrays, DatasetInfo

CLASSES = ("cat", "dog")


def make(train="ccdd?", test="cd", first=0, classes=CLASSES, size=4):
    """A data set: a letter for each image, its class or ?; images differ in their pixels."""
    info = DatasetInfo("toy", size, size, 1, classes, (0.5,), (0.2,), False, "made")
    count = len(train) + len(test)
    images = np.random.default_rng(0).integers(0, 256, (first + 100, size, size, 1), np.uint8)
    images = images[first : first + count]
    letters = [name[0] for name in classes]
    labels = np.array([letters.index(one) if one != "?" else -1 for one in train + test], np.int64)
    cut = len(train)
    return Arrays(info, images[:cut], labels[:cut], images[cut:], labels[cut:])


def change(arrays, **changed):
    return dataclasses.replace(arrays, **changed)


def words(before, now):
    return fingerprint.describe_changes(fingerprint.record(before), fingerprint.record(now))


def sha256(arrays):
    return fingerprint.record(arrays).sha256


def test_it_depends_on_no_name_and_no_order():
    data = make()
    order = np.array([3, 0, 4, 2, 1])
    shuffled = change(
        data, train_images=data.train_images[order], train_labels=data.train_labels[order],
        test_images=data.test_images[::-1], test_labels=data.test_labels[::-1],
        train_files=tuple("edcba"),
    )  # fmt: skip
    assert sha256(shuffled) == sha256(data) == sha256(content_hash.sort_by_content(shuffled))
    assert len(sha256(data)) == 64


@pytest.mark.parametrize(
    "other, text",
    [
        (make(train="ccddd"), "1 training image labeled that had no label"),
        (make(test="dc"), "2 test images relabeled"),
        (make(train="dcdd?"), "1 training image relabeled"),
        (make(first=50), "5 training images replaced by others; 2 test images replaced by others"),
        (make(train="ccd??"), "1 training image without the label that it had"),
        (make(classes=("cat", "duck")), "2 training images relabeled; 1 test image relabeled; "
         "the class dog is gone; the class duck is new"),
        (make(size=5), "they are 5 x 5 pixels in gray and were 4 x 4 pixels in gray"),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(other, text):
    assert sha256(other) != sha256(make())
    assert words(make(), other).startswith(f"the images changed: {text}")


def test_more_fewer_and_relabeled_images_are_counted_apart():
    data, more = make("c" * 10 + "d" * 10, "cd"), make("c" * 30, first=40)
    labels = data.train_labels.copy()
    labels[:3] = 1
    now = change(
        data,
        train_images=np.concatenate([data.train_images[:16], more.train_images]),
        train_labels=np.concatenate([labels[:16], more.train_labels]),
        test_labels=1 - data.test_labels,
    )
    assert words(data, now) == (
        "the images changed: 30 more training images, 4 fewer, 3 relabeled; 2 test images relabeled"
    )
    assert words(now, data) == (
        "the images changed: 4 more training images, 30 fewer, 3 relabeled; 2 test images relabeled"
    )


def test_an_image_that_moves_to_the_test_images_is_said_as_such():
    data = make("ccdd", "cd")
    now = change(
        data, train_images=data.train_images[1:], train_labels=data.train_labels[1:],
        test_images=np.concatenate([data.train_images[:1], data.test_images]),
        test_labels=np.concatenate([data.train_labels[:1], data.test_labels]),
    )  # fmt: skip
    assert words(data, now) == "the images changed: 1 training image is a test image now"
    assert words(now, data) == "the images changed: 1 test image is a training image now"


def test_images_that_are_named_for_validation_are_a_part_of_their_own():
    data, none = make(), np.zeros(5, bool)
    assert sha256(change(data, train_held_out=none)) == sha256(data)
    held_out = change(data, train_held_out=np.array([True, False, False, True, False]))
    assert sha256(held_out) != sha256(data)
    assert words(data, held_out) == "the images changed: 2 training images are held-out images now"
    others = change(data, train_held_out=np.array([True, False, True, False, False]))
    assert words(held_out, others) == (
        "the images changed: 1 training image is a held-out image now; "
        "1 held-out image is a training image now"
    )


def test_a_copy_of_an_image_is_one_more():
    data = make()
    now = change(
        data, train_images=data.train_images[[0, 0, 1, 2, 3, 4]],
        train_labels=data.train_labels[[0, 0, 1, 2, 3, 4]],
    )  # fmt: skip
    assert words(data, now) == "the images changed: 1 more training image"
    assert words(now, data) == "the images changed: 1 fewer training image"
    assert sha256(now) != sha256(data)


def test_labels_are_compared_by_the_names_of_their_classes():
    data = make()
    swapped = change(
        data, info=dataclasses.replace(data.info, classes=("dog", "cat")),
        train_labels=np.where(data.train_labels < 0, -1, 1 - data.train_labels),
        test_labels=1 - data.test_labels,
    )  # fmt: skip
    assert words(data, swapped) == "the images changed: the classes are in another order"
    many = change(data, info=dataclasses.replace(data.info, classes=(*CLASSES, *"\nabcd")))
    text = words(data, many)
    assert text == r"the images changed: the classes \n, a, b and 2 more are new"


def test_a_record_comes_back_from_json():
    own = fingerprint.record(make())
    text = json.dumps(own.as_json())
    again = fingerprint.DataRecord.from_json(json.loads(text))
    assert again.sha256 == own.sha256 and again.as_json() == own.as_json()
    odd = fingerprint.record(change(make(), info=dataclasses.replace(
        make().info, classes=("caf\udce9", "日本"))))  # fmt: skip
    text = json.dumps(odd.as_json())
    assert fingerprint.DataRecord.from_json(json.loads(text)).classes == odd.classes


@pytest.mark.parametrize(
    "part, changed",
    [
        ("train", {"unlabeled": ""}),
        ("train", {"unlabeled": "x"}),
        ("test", {"unlabeled": "AAAA"}),
        ("test", {"labeled": []}),
        ("test", {"labeled": ["", ""]}),
    ],
)
def test_a_damaged_record_is_refused(part, changed):
    content = fingerprint.record(make()).as_json()
    content[part] |= changed
    with pytest.raises(ValueError):
        fingerprint.DataRecord.from_json(content)


def test_the_fingerprint_of_the_digits_is_known():
    """Files that tests write without training have it."""
    assert sha256(datasets.find("digits").load()) == file_contents.DIGITS_SHA256


def test_the_record_of_a_large_data_set_is_small_and_made_at_once():
    """As large as SVHN: 73,257 training and 26,032 test images."""
    generator = np.random.default_rng(0)
    parts = [
        fingerprint.PartRecord.of(
            generator.integers(0, 2**64, count, np.uint64), generator.integers(-1, 10, count)
        )
        for count in (73_257, 0, 26_032)
    ]
    own = fingerprint.DataRecord((32, 32, 3), tuple("0123456789"), *parts)
    began = time.process_time()
    text = json.dumps(own.as_json())
    fingerprint.DataRecord.from_json(json.loads(text))
    assert time.process_time() - began < 1.0  # 0.05 seconds on an idle core
    assert len(text) < 1.2e6


def with_checked(*rows):
    """Five training images, two of each class and one without a label; some labels are checked."""
    return change(make(), train_checked=np.isin(np.arange(5), rows))


def test_which_labels_are_checked_is_a_part_of_the_data():
    assert sha256(with_checked()) == sha256(make())  # nothing is said
    assert len({sha256(with_checked(*rows)) for rows in ((), (0,), (1,), (0, 1))}) == 4
    assert words(make(), with_checked(0, 3)) == "the images changed: 2 labels are checked now"
    assert words(with_checked(0, 1), with_checked(1, 2)) == (
        "the images changed: 1 label is checked now; 1 label is not checked any more"
    )


def test_checked_labels_of_held_out_images_say_nothing():
    held_out = np.array([True, False, False, False, False])
    data = change(make(), train_held_out=held_out)
    assert sha256(change(data, train_checked=held_out)) == sha256(data)


def test_a_record_keeps_the_checked_labels_and_only_then_speaks_of_them():
    record = fingerprint.record(with_checked(0, 3))
    content = json.loads(json.dumps(record.as_json()))
    read = fingerprint.DataRecord.from_json(content)
    assert read.sha256 == record.sha256 and read.checked.tolist() == record.checked.tolist()
    assert "checked" not in fingerprint.record(make()).as_json()
    with pytest.raises(ValueError, match="not those of its sha256"):
        fingerprint.DataRecord.from_json({k: v for k, v in content.items() if k != "checked"})
