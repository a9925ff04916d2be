"""CIFAR-10.1 in the two NumPy files that its authors publish."""

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from tf_ssgan.common import errors, files
from tf_ssgan.data import dataset_info, memory_limit
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources import npy_arrays
from tf_ssgan.data.sources.data_source import DataSource
from tf_ssgan.data.sources.npy_arrays import Header

FILES = ("cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy")

SOURCE = "CIFAR-10.1 v6 arrays (Recht et al. 2018)"


class Cifar101Source(DataSource):
    """The two arrays of the CIFAR-10.1 repository; an evaluation set.

    Args:
        name: name on the command line.
        data_dir: folder that was given with the name.
        known: shape, classes and statistics of the data set.
        folder: folder with the two files.
    """

    def __init__(
        self, name: str, data_dir: str, known: dataset_info.KnownDataset, folder: pathlib.Path
    ):
        super().__init__(name, data_dir, known)
        self.folder = folder

    @property
    def train_count(self) -> int:
        """There are no training images."""
        return 0

    def _check_data(self) -> None:
        self._arrays = self._read(ImageSpec())  # 6 MB

    def _read(self, spec: ImageSpec) -> dataset_info.Arrays:
        headers = [_read_header(self.folder / file) for file in FILES]
        count = self._check(*headers)
        memory_limit.check_bytes(
            memory_limit.needed(count, *self.known.shape[1:]), f"{self.folder}: {count:,} images",
            f"copy {FILES[0]} again",
        )  # fmt: skip
        images, labels = (
            _read_elements(self.folder / file, header)
            for file, header in zip(FILES, headers, strict=True)
        )
        if not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise errors.UserError(
                f"{self.folder / FILES[1]}: expected labels in 0..9, got {labels.min()} to "
                f"{labels.max()}."
            )
        labels = labels.astype(np.int64)
        info = dataset_info.known_info(self.name, self.known, self.classes, SOURCE)
        return dataset_info.Arrays(info, images[:0], labels[:0], images, labels)

    def _check(self, images: Header, labels: Header) -> int:
        """Refuses arrays of other types or shapes; returns the number of images."""
        if images.dtype != np.uint8 or images.shape[1:] != self.known.shape or not images.shape[0]:
            raise errors.UserError(
                f"{self.folder / FILES[0]}: expected uint8 [n, 32, 32, 3], got {images.words}."
            )
        if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
            raise errors.UserError(
                f"{self.folder / FILES[1]}: expected {images.shape[0]} labels in 0..9, got "
                f"{labels.words}."
            )
        return images.shape[0]


def _read_header(path: pathlib.Path) -> Header:
    with _opened(path) as file:
        return npy_arrays.read_header(file, os.fstat(file.fileno()).st_size)


def _read_elements(path: pathlib.Path, header: Header) -> np.ndarray:
    with _opened(path) as file:
        return npy_arrays.read_elements(file, header)


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[BinaryIO]:
    """Opens one of the arrays; errors while it is read become UserErrors with the name of it."""
    try:
        with files.open_regular(path, sys.maxsize) as file:
            yield file
    except (OSError, ValueError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or errors.first_line(error)
        raise errors.UserError(
            f"{path.parent}: expected the arrays {FILES[0]} and {FILES[1]} ({path.name}: {reason})."
            " Copy them again."
        ) from error
