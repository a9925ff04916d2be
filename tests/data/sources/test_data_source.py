"""What all sources do alike: each thing is read when needed, and once."""

import numpy as np
import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info
from tf_ssgan.data.sources import data_source

KNOWN = dataset_info.KNOWN["svhn"]


class CountingSource(data_source.DataSource):
    """Notes what it does; its labels come with its images."""

    classes, train_count = KNOWN.classes, 3

    def __init__(self, known=KNOWN):
        super().__init__("svhn", "", known)
        self.done = []

    def _check_data(self):
        self.done.append("check")

    def _read(self, spec):
        self.done.append("read")
        images, labels = np.zeros((3, *KNOWN.shape), np.uint8), np.arange(3)
        info = dataset_info.known_info("svhn", KNOWN, KNOWN.classes, "nowhere")
        return dataset_info.Arrays(info, images, labels, images, labels)


def test_making_a_source_and_checking_its_place_read_nothing():
    source = CountingSource()
    source.check_location()
    assert not source.done and source.image_size == 0


def test_data_are_checked_once_and_before_they_are_read():
    source = CountingSource()
    source.check()
    source.check(training=False)
    source.load()
    assert source.done == ["check", "read"]
    assert CountingSource().load().train_labels.tolist() == [0, 1, 2]


def test_a_refusal_is_repeated():
    source = CountingSource()

    def refuse():
        raise errors.UserError("no")

    source._check_data = refuse
    for act in (source.check, source.check, source.load):
        with pytest.raises(errors.UserError, match="no"):
            act()
    assert not source.done


def test_images_that_were_read_for_their_labels_are_loaded_and_then_not_kept():
    source = CountingSource()
    assert source.train_labels is source.train_labels
    assert source.load().train_labels is source.train_labels
    assert source.done == ["check", "read"]
    source.load()
    assert source.done == ["check", "read", "read"]


def test_an_evaluation_set_is_refused_for_training_only():
    source = CountingSource(dataset_info.KNOWN["cifar10_1/v6"])
    source.check(training=False)
    for act in (source.check, source.check_location):
        with pytest.raises(errors.UserError, match="test images only"):
            act()


def test_a_folder_is_required(tmp_path):
    data_source.require_folder(str(tmp_path), "--to")
    (tmp_path / "file").write_text("")
    for folder in ("", str(tmp_path / "file"), str(tmp_path / "nowhere"), "a" * 300):
        with pytest.raises(errors.UserError, match=f"--to: '{folder}' is not a folder"):
            data_source.require_folder(folder, "--to")
