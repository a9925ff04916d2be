"""CIFAR-10.1 in the two NumPy files that its authors publish."""

import pathlib

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info

FILES = ("cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy")

SOURCE = "CIFAR-10.1 v6 arrays (Recht et al. 2018)"


def load(name: str, known: dataset_info.KnownDataset, folder: pathlib.Path) -> dataset_info.Arrays:
    """Reads the two arrays of the CIFAR-10.1 repository.

    Args:
        name: name on the command line.
        known: shape, classes and statistics of the data set.
        folder: folder with the two files.

    Raises:
        UserError: A file is missing or has other contents.
    """
    try:
        images, labels = (np.load(folder / file, allow_pickle=False) for file in FILES)
    except (OSError, ValueError, EOFError) as error:
        raise errors.UserError(
            f"{folder}: expected the arrays {FILES[0]} and {FILES[1]} ({error}). Copy them again."
        ) from error
    if images.dtype != np.uint8 or images.shape[1:] != known.shape:
        raise errors.UserError(
            f"{folder / FILES[0]}: expected uint8 [n, 32, 32, 3], got {images.dtype} "
            f"{list(images.shape)}."
        )
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu" or not len(labels) \
            or not 0 <= labels.min() <= labels.max() < 10:  # fmt: skip
        raise errors.UserError(
            f"{folder / FILES[1]}: expected {len(images)} labels in 0..9, got {labels.dtype} "
            f"{list(labels.shape)}."
        )
    labels = labels.astype(np.int64)
    info = dataset_info.known_info(name, known, known.classes, SOURCE)
    return dataset_info.Arrays(info, images[:0], labels[:0], images, labels)
