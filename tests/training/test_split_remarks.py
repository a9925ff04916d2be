"""What is said of too few labeled, test and held-out images."""

import dataclasses

import numpy as np

from tf_ssgan.data import dataset_info, splits
from tf_ssgan.training import split_remarks

CLASSES = ("bird", "cat", "dog")


def said(
    train,
    test,
    labels=-1,
    dataset="folder:x",
    held_out=None,
    default_pool=None,
    checked=None,
    **given,
):
    """Level and text of the remarks about labels of training and test images."""
    train, test = np.array(train), np.array(test)
    pixels = [np.zeros((len(labels), 8, 8, 1), np.uint8) for labels in (train, test)]
    info = dataset_info.DatasetInfo(dataset, 8, 8, 1, CLASSES, (0.0,), (1.0,), False, "nowhere")
    arrays = dataset_info.Arrays(info, pixels[0], train, pixels[1], test, held_out)
    arrays = dataclasses.replace(arrays, default_pool=default_pool, train_checked=checked)
    given |= {"held_out": held_out, "default_pool": default_pool, "checked": checked}
    own = splits.make(dataset, train, CLASSES, labels, **given)
    return [(remark.level, remark.text) for remark in split_remarks.find(own, arrays)]


def test_nothing_is_said_of_enough():
    assert said(np.arange(1_000) % 3, np.arange(100) % 3) == []


def test_few_pictures_hold_out_none_and_say_so():
    assert said(np.arange(60) % 3, np.arange(100) % 3) == [
        ("note", "no images are held out: a tenth of the 60 labeled ones would be too few to choose "
         "anything by; --validation=N holds out N")
    ]  # fmt: skip
    assert said(np.arange(1_000) % 3, np.arange(100) % 3, validation=0) == []
    (fold,) = said(np.arange(1_000) % 3, np.arange(100) % 3, default_pool=999)
    assert fold[1].startswith(
        "no images are held out: a tenth of the 999 labeled ones of the small"
    )
    assert said(np.arange(1_001) % 3, np.arange(100) % 3, default_pool=1_000) == []


def test_few_checked_labels_hold_out_none_and_say_so():
    train, test = np.arange(2_000) % 3, np.arange(100) % 3
    (one,) = said(train, test, checked=np.arange(2_000) < 120)
    assert one == (
        "note",
        "no images are held out: a tenth of the 120 checked ones would be too few to choose "
        "anything by; --validation=N holds out N of them",
    )
    assert said(train, test, checked=np.arange(2_000) < 1_000) == []
    (all_of_few,) = said(train[:60], test, checked=np.ones(60, bool))
    assert "the 60 labeled ones" in all_of_few[1]


def test_few_held_out_pictures_that_the_data_name():
    train = np.arange(60) % 3
    assert said(train, np.arange(100) % 3, held_out=np.arange(60) % 30 == 0) == [
        ("note", "2 held-out images are too few to choose a step or to fit a temperature; 100 are "
         "needed"),
        ("note", "no held-out image of cat, dog: no validation error says anything about them"),
    ]  # fmt: skip


def test_classes_without_labels():
    found = said(np.arange(1_000) % 3, np.arange(100) % 3, labels=2)
    assert len(found) == 1 and found[0][0] == "warning"
    assert found[0][1].endswith(": the classifier will not know it")
    assert said(np.arange(1_000) % 3, np.arange(100) % 3, labels=0) == []


def test_test_images_of_one_class():
    found = said(np.arange(1_000) % 3, [1])
    assert [text for _, text in found] == [
        "no test image of bird, dog: no test error says anything about them",
        "all test images are of cat: a classifier that always answers cat makes no error",
        "there is only 1 test image: the test error is 0 % or 100 %",
    ]


def test_a_remark_is_a_sentence():
    (remark,) = split_remarks.of_test(CLASSES, [5, 5, 4])
    assert split_remarks.sentence(remark) == (
        "There are only 14 test images: each moves the test error by 7.1 points."
    )
    assert split_remarks.of_test(CLASSES, [0, 0, 0]) == []
