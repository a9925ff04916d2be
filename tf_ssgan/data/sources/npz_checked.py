"""Which labels of an archive are checked: an array `checked` beside the labels tells it."""

import dataclasses
import pathlib

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import checked_labels, content_hash, dataset_info
from tf_ssgan.data.sources import npz_archive

KEY = "checked"  # name of the array


def read(path: pathlib.Path, labels: np.ndarray) -> np.ndarray | None:
    """Reads which labels are checked.

    Args:
        path: the archive of the training images.
        labels: int64 [n], -1 for unknown labels.

    Returns:
        bool [n]; None if no label is checked, or there is no such array.

    Raises:
        UserError: It is of another type or length, or an image without a label is checked.
    """
    if not npz_archive.has_array(path, KEY):
        return None
    header = npz_archive.read_header(path, KEY)
    expected = f"{path}: {KEY} must be true or false, or 1 or 0, for each label [{len(labels)}]"
    if header.dtype.kind not in "biu" or header.shape != labels.shape:
        raise errors.UserError(f"{expected}, got {header.words}.")
    values = npz_archive.read_array(path, KEY)
    odd = np.flatnonzero((values != 0) & (values != 1))
    if len(odd):
        raise errors.UserError(f"{expected}, got {values[odd[0]]} for image {odd[0]}.")
    checked = values.astype(bool)
    without = np.flatnonzero(checked & (labels < 0))
    if len(without):
        raise errors.UserError(
            f"{path}: image {without[0]} is checked, but has no class (its label is -1). Give it "
            "one, or set checked to 0."
        )
    return checked if checked.any() else None


def add(
    arrays: dataset_info.Arrays, said: np.ndarray, with_test: bool = True
) -> dataset_info.Arrays:
    """Returns the data with the labels that count as checked: those that are, and of their copies.

    Args:
        arrays: all images, in the order of their archives.
        said: bool [train], the labels that are checked.
        with_test: whether the test images are used.

    Raises:
        UserError: A picture is checked to be of one class, and a copy of it is of another one.
    """
    count, images, labels = len(said), [arrays.train_images], [arrays.train_labels]
    if with_test:
        images.append(arrays.test_images)
        labels.append(arrays.test_labels)
    names = [f"image {index} of {part}.npz"
             for part, own in zip(("train", "test"), labels, strict=False)
             for index in range(len(own))]  # fmt: skip
    unchecked = np.zeros(len(names) - count, bool)
    checked = checked_labels.settle(
        arrays.info.name, np.concatenate([*map(content_hash.keys, images)]), np.concatenate(labels),
        np.concatenate([said, unchecked]), names, arrays.info.classes,
    )[:count]  # fmt: skip
    return dataclasses.replace(arrays, train_checked=checked)
