"""An array says which labels of an archive are checked."""

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import datasets

CHECKED = np.arange(20) % 4 == 0


def find(folder, **options):
    return datasets.find(f"npz:{folder}", **options)


def refused(folder, act="check", **options):
    with pytest.raises(errors.UserError) as caught:
        getattr(find(folder, **options), act)()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.int64])
def test_truth_values_and_numbers_say_which_labels_are_checked(tmp_path, write, kind):
    write(tmp_path / "d", {"checked": CHECKED.astype(kind)}, {"checked": np.ones(3)})
    source = find(tmp_path / "d")
    assert source.train_checked.tolist() == CHECKED.tolist()
    arrays = source.load()
    assert arrays.train_checked.dtype == bool and (arrays.train_checked == CHECKED).all()


@pytest.mark.parametrize("changes", [{}, {"checked": np.zeros(20, bool)}])
def test_without_a_checked_label_nothing_is_said(tmp_path, write, changes):
    write(tmp_path / "d", changes)
    source = find(tmp_path / "d")
    assert source.train_checked is None and source.load().train_checked is None


def test_labels_of_known_data_sets_are_right_anyway(tmp_path, write):
    data_dir = write(tmp_path / "svhn", {"checked": np.full(20, 7)})
    source = datasets.find("svhn", data_dir)
    assert source.train_checked is None and source.load().train_checked is None


@pytest.mark.parametrize(
    "checked, message",
    [
        (CHECKED / 1, "checked must be true or false, or 1 or 0, for each label [20], got float64"),
        (CHECKED[:7], "for each label [20], got bool [7]"),
        (CHECKED[:, None], "for each label [20], got bool [20, 1]"),
        (np.array(["yes"] * 20), "for each label [20], got"),
        (np.arange(20) % 3, "for each label [20], got 2 for image 2."),
        (-CHECKED.astype(int), "for each label [20], got -1 for image 0."),
        (np.array([{}] * 20, object), "for each label [20], got"),
    ],
)
def test_what_does_not_say_which_labels_are_checked_is_refused(tmp_path, write, checked, message):
    write(tmp_path / "d", {"checked": checked})
    text = refused(tmp_path / "d")
    assert text.startswith(f"{tmp_path}/d/train.npz: ") and message in text


def test_a_checked_image_without_a_class_is_refused_by_its_index(tmp_path, write):
    labels = np.arange(20) % 10
    labels[[8, 12]] = -1
    write(tmp_path / "d", {"checked": CHECKED, "label": labels})
    text = refused(tmp_path / "d")
    assert "image 8 is checked, but has no class (its label is -1)" in text


def test_copies_of_a_checked_image_are_checked(tmp_path, write, random_images):
    images, labels = random_images(), np.arange(20) % 10
    images[14], labels[5] = images[4], -1  # both are of class 4
    images[5] = images[4]
    write(tmp_path / "d", {"checked": CHECKED, "label": labels, "image": images})
    source = find(tmp_path / "d")
    assert not source.train_checked[14]  # no image is read for it
    assert source.load().train_checked.tolist() == (CHECKED | (np.arange(20) == 14)).tolist()


def test_contradictions_are_refused_by_index_and_with_test_images_if_they_are_used(
    tmp_path, write, random_images
):
    images, tests = random_images(), random_images(seed=1)
    images[7] = images[4]
    write(tmp_path / "d", {"checked": CHECKED, "image": images})
    text = refused(tmp_path / "d", "load")
    start = f"--dataset=npz:{tmp_path}/d: "
    assert text.startswith(
        f"{start}image 4 of train.npz and image 7 of train.npz have the same pixels"
    )
    tests[3] = random_images()[8]
    write(tmp_path / "e", {"checked": CHECKED}, {"image": tests})
    assert "image 8 of train.npz and image 3 of test.npz" in refused(tmp_path / "e", "load")
    assert find(tmp_path / "e", set_aside=False).load().train_checked.sum() == 5


def test_unlabeled_images_that_are_left_out_for_their_groups_take_nothing_along(tmp_path, write):
    labels, groups = np.arange(20) % 10, np.repeat(np.arange(10), 2)
    labels[15:], groups[16:] = -1, 20
    checked = CHECKED & (labels >= 0)
    write(
        tmp_path / "d", {"patient": groups, "label": labels, "checked": checked},
        {"patient": np.repeat(np.arange(20, 30), 2)},
    )  # fmt: skip
    source = find(tmp_path / "d", group_by="patient")
    assert source.train_checked.tolist() == checked[:16].tolist()
    assert source.load().train_checked.tolist() == checked[:16].tolist()
    assert "no such array of groups" in refused(tmp_path / "d", group_by="checked")
