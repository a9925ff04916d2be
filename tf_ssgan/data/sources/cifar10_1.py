"""CIFAR-10.1 as its authors publish it."""

import pathlib

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info

RAW = ("cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy")

RAW_SOURCE = "CIFAR-10.1 v6 arrays (Recht et al. 2018)"


def load_raw(
    name: str, known: dataset_info.KnownDataset, folder: pathlib.Path
) -> dataset_info.Arrays:
    """Reads the two arrays of the CIFAR-10.1 repository."""
    try:
        images, found = (np.load(folder / file, allow_pickle=False) for file in RAW)
    except (OSError, ValueError, EOFError) as error:
        raise errors.UserError(
            f"{folder}: expected the arrays {RAW[0]} and {RAW[1]} ({error}). Copy them anew."
        ) from error
    if images.dtype != np.uint8 or images.shape[1:] != known.shape:
        raise errors.UserError(
            f"{folder / RAW[0]}: expected uint8 [n, 32, 32, 3], got {images.dtype} "
            f"{list(images.shape)}."
        )
    if found.shape != images.shape[:1] or found.dtype.kind not in "iu" or not len(found) \
            or not 0 <= found.min() <= found.max() < 10:  # fmt: skip
        raise errors.UserError(
            f"{folder / RAW[1]}: expected {len(images)} labels in 0..9, got {found.dtype} "
            f"{list(found.shape)}."
        )
    found = found.astype(np.int64)
    made = dataset_info.known_info(name, known, known.classes, RAW_SOURCE)
    return dataset_info.Arrays(made, images[:0], found[:0], images, found)
