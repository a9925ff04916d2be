"""CIFAR-10.1 in the two NumPy files that its authors publish."""

import pathlib

import numpy as np

from tf_ssgan.common import errors, files
from tf_ssgan.data import dataset_info
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources.data_source import DataSource

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
        try:
            for file in FILES:
                files.check_regular(self.folder / file)
            images, labels = (np.load(self.folder / file, allow_pickle=False) for file in FILES)
        except (OSError, ValueError, EOFError) as error:
            raise errors.UserError(
                f"{self.folder}: expected the arrays {FILES[0]} and {FILES[1]} ({error}). Copy "
                "them again."
            ) from error
        if images.dtype != np.uint8 or images.shape[1:] != self.known.shape:
            raise errors.UserError(
                f"{self.folder / FILES[0]}: expected uint8 [n, 32, 32, 3], got {images.dtype} "
                f"{list(images.shape)}."
            )
        if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu" or not len(labels) \
                or not 0 <= labels.min() <= labels.max() < 10:  # fmt: skip
            raise errors.UserError(
                f"{self.folder / FILES[1]}: expected {len(images)} labels in 0..9, got "
                f"{labels.dtype} {list(labels.shape)}."
            )
        labels = labels.astype(np.int64)
        info = dataset_info.known_info(self.name, self.known, self.classes, SOURCE)
        return dataset_info.Arrays(info, images[:0], labels[:0], images, labels)
