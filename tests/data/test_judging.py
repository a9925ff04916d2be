"""Images that judge a classifier: their classes are matched by name."""

import unicodedata

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info, judging

CLASSES = ("bird", "cat", "über")


def relabel(names, labels):
    images = np.zeros((len(labels), 8, 8, 1), np.uint8)
    return judging.relabel("folder:x", names, CLASSES, images=images, labels=np.array(labels, int))


def test_labels_are_in_the_order_of_the_classifier():
    judged = relabel(("cat", "bird"), [0, 1, 1, 0])
    assert judged.labels.tolist() == [1, 0, 0, 1] and judged.labels.dtype == np.int64
    assert judged.notes == ()


def test_one_class_is_enough():
    assert relabel(("cat",), [0, 0]).labels.tolist() == [1, 1]


@pytest.mark.parametrize("name", ["CAT", "Cat", unicodedata.normalize("NFD", "über")])
def test_names_that_look_the_same_are_the_same_and_said(name):
    judged = relabel((name,), [0])
    (label,) = judged.labels
    assert unicodedata.normalize("NFC", name).casefold() == CLASSES[label]
    assert len(judged.notes) == 1 and repr(CLASSES[label]) in judged.notes[0]


def test_all_unknown_classes_are_named_with_the_nearest_known_one():
    with pytest.raises(errors.UserError) as caught:
        relabel(("cat", "cats", "wolf"), [0, 1, 2])
    assert str(caught.value) == (
        "--dataset=folder:x has images of 'cats', 'wolf', which the run does not know: it learned "
        "'bird', 'cat', 'über'. Did you mean 'cat' by 'cats'? Rename these classes, or leave them "
        "out."
    )


def test_a_class_without_images_need_not_be_known():
    assert relabel(("wolf", "cat"), [1]).labels.tolist() == [1]


def test_no_image_is_refused():
    with pytest.raises(errors.UserError, match="no test image that can be read"):
        relabel(("cat",), [])


def test_of_arrays_the_labeled_test_images_judge():
    info = dataset_info.DatasetInfo("npz:x", 8, 8, 1, ("cat", "bird"), (0.5,), (0.2,), False, "")
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    labels = np.array([0, -1, 1])
    arrays = dataset_info.Arrays(info, images[:0], labels[:0], images, labels)
    judged = judging.from_arrays(arrays, CLASSES)
    assert judged.images[:, 0, 0, 0].tolist() == [0, 2] and judged.labels.tolist() == [1, 0]
