"""Data sets in NumPy archives, with arrays of pixels or encoded image files.

An archive holds `label` (integers [n]) and either `image` (uint8 [n, h, w, c]) or encoded images,
concatenated: `encoded` (uint8) and `offset` (integers [n + 1]), where image i is the PNG, JPEG or
WebP file encoded[offset[i]:offset[i + 1]]. The folder may have a `classes.txt`, with one class name
per line. In the train.npz of `npz:DIR`, the label -1 stands for an unknown label, and `checked`
(bool [n]) may say which labels are checked.

`npz_archive` opens archives, and `npz_contents` compares and reads their arrays.
"""

import functools
import os
import pathlib
import sys

import numpy as np

from tf_ssgan.common import errors, few_images
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import dataset_info, judging
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources import name_lists, npz_archive, npz_checked, npz_contents, npz_groups
from tf_ssgan.data.sources.data_source import DataSource, require_folder


class NpzSource(DataSource):
    """A folder with `train.npz` and `test.npz`; for an evaluation set only `test.npz`.

    For judging a classifier, `test.npz` is enough; and so is `train.npz`, if nothing is
    known about the data set.

    Args:
        name: name on the command line.
        data_dir: folder that was given with the name.
        known: what is known about the data set.
        folder: folder with the archives.
        splits: the archives that it needs; None for those of training.
        group_by: name of the array of groups; "" if each image is a group of its own.
        set_aside: whether it must have test images; otherwise they are not used.
    """

    def __init__(
        self,
        name: str,
        data_dir: str,
        known: dataset_info.KnownDataset | None,
        folder: pathlib.Path,
        splits: tuple[str, ...] | None = None,
        group_by: str = "",
        set_aside: bool = True,
    ):
        super().__init__(name, data_dir, known, group_by, set_aside)
        self.folder, self.place = folder, os.path.realpath(folder)
        self.splits = splits or (("test",) if known and not known.training else ("train", "test"))
        self._labels: dict[pathlib.Path, np.ndarray] = {}  # archive -> its labels

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names; if there are none, the numbers of the training labels."""
        if self._given_names:
            return self._given_names
        path = self._archives[0]
        count = int(self._read_labels(path).max()) + 1
        # Images that judge may be fewer than the classes of the classifier that they judge.
        labeled = sys.maxsize if self._judges else self._count_labeled()
        many = few_images.too_many_classes(count, labeled)
        if many:
            raise errors.UserError(
                f"{path}: the largest label is {count - 1:,}, so {many}. Number the classes from "
                "0 without gaps, or label more images."
            )
        names = tuple(str(label) for label in range(count))
        if len(names) < min(2, len(self.splits)):
            raise errors.UserError(
                f"{path}: a classifier needs at least two classes, but the labels have "
                f"{len(names)}. Number the classes from 0, and give the label -1 to images without "
                "a label."
            )
        return names

    @property
    def train_count(self) -> int:
        """Number of training images."""
        return len(self.train_labels)

    def check_location(self, training: bool = True) -> None:
        """Refuses a folder that does not exist, see `DataSource`."""
        super().check_location(training)
        if self.known is None:
            require_folder(self.name.removeprefix("npz:"), f"--dataset={self.name}")

    @property
    def _judges(self) -> bool:
        """Whether its only archive judges classifiers, and trains none."""
        return len(self.splits) == 1

    def _check_data(self) -> None:
        npz_contents.check(self._archives, self.known)
        for path in self._archives:
            self._read_labels(path)
        self._check_class_count()
        _ = self._groups, self._said_checked  # refuses what are none

    @functools.cached_property
    def _groups(self) -> npz_groups.ArchiveGroups | None:
        """The groups of all images; None if each image is its own."""
        if not self.group_by:
            return None
        archives = self._archives if self.set_aside else self._archives[:1]
        return npz_groups.read(archives, self.group_by, self._read_labels(archives[0]))

    @property
    def train_groups(self) -> np.ndarray | None:
        """The groups of the training images, int64 [n]; None if each is its own."""
        return self._groups and self._groups.ids[0][self._groups.used]

    @functools.cached_property
    def _said_checked(self) -> np.ndarray | None:
        """The labels of the first archive that are checked, bool [n]; None if none is."""
        if self.known or self._judges:
            return None
        return npz_checked.read(self._archives[0], self._read_labels(self._archives[0]))

    @property
    def train_checked(self) -> np.ndarray | None:
        """The training images whose labels are checked, bool [n]; None if none is."""
        said = self._said_checked
        return said if said is None or not self._groups else said[self._groups.used]

    @property
    def group_names(self) -> dict[int, str]:
        """The names of the groups."""
        return self._groups.names if self._groups else {}

    def _check_class_count(self) -> None:
        """Refuses far more names than images to learn from."""
        many = few_images.too_many_classes(len(self.classes), self._count_labeled())
        if many and not self.known and not self._judges:
            raise errors.UserError(
                f"{self.folder / 'classes.txt'}: {many}. Name only the classes that there are."
            )

    def _count_labeled(self) -> int:
        """How many images have a label, those of the test included; only theirs are counted."""
        labels, others = self._read_labels(self._archives[0]), self._archives[1:]
        tested = sum(npz_archive.read_header(path, "label").shape[0] for path in others)
        return int((labels >= 0).sum()) + tested

    @functools.cached_property
    def _judging(self) -> "NpzSource":
        """The archive that judges: that of test images, or the only one there is."""
        test, train = (self.folder / f"{split}.npz" for split in ("test", "train"))
        only_train = self.known is None and train.is_file() and not test.exists()
        split = "train" if only_train else "test"
        return NpzSource(self.name, self.data_dir, self.known, self.folder, (split,))

    def _check_judging_data(self) -> None:
        self._judging._check_data()

    def _read_judging(self, spec: ImageSpec, classes: tuple[str, ...]) -> judging.JudgedImages:
        part = judging.LABELED if "train" in self._judging.splits else judging.TEST
        return judging.from_arrays(self._judging._read(spec), classes, part)

    def _read_train_labels(self) -> np.ndarray:
        labels = self._read_labels(self._archives[0])
        return labels[self._groups.used] if self._groups else labels

    def _read(self, spec: ImageSpec) -> dataset_info.Arrays:
        images = npz_contents.read_images(self._archives, self.known)
        labels = [self._read_labels(path) for path in self._archives]
        if not self._judges:
            self._say_absent(labels[0])
        if len(images) == 1:
            part = 0 if self._judges else 1
            images.insert(part, images[0][:0])
            labels.insert(part, labels[0][:0])
        info = self._make_info(images[-1] if self._judges else images[0])
        arrays = dataset_info.Arrays(info, images[0], labels[0], images[1], labels[1])
        if self._said_checked is not None:
            arrays = npz_checked.add(arrays, self._said_checked, self.set_aside)
        return npz_groups.add(arrays, self._groups) if self._groups else arrays

    def _say_absent(self, labels: np.ndarray) -> None:
        """Names on standard error the classes without an image to learn from."""
        counts = np.bincount(labels[labels >= 0], minlength=len(self.classes))
        absent = [self.classes[label] for label in np.flatnonzero(counts == 0)]
        if absent:
            print(
                escape(f"{self._archives[0]}: {few_images.not_learned(absent)}."), file=sys.stderr
            )

    def _make_info(self, train_images: np.ndarray) -> dataset_info.DatasetInfo:
        contents = npz_archive.checksums(self._archives)
        if self.known:
            return dataset_info.known_info(self.name, self.known, self.classes, contents)
        mean, std = dataset_info.channel_statistics(train_images)
        return dataset_info.DatasetInfo(
            self.name, *train_images.shape[1:], self.classes, mean, std, False, contents
        )

    @functools.cached_property
    def _archives(self) -> list[pathlib.Path]:
        """The archives that the data set needs, or a UserError if one is missing."""
        paths = [self.folder / f"{split}.npz" for split in self.splits]
        if not (self.set_aside or self._judges or paths[1].exists()):
            paths = paths[:1]  # folds of the training images are tested
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            raise errors.UserError(
                f"{self.folder} lacks {' and '.join(missing)}: expected the arrays image (uint8 "
                f"[n, h, w, c]) and label (int64 [n]) there.{self._advice(missing)}"
            )
        return paths

    def _advice(self, missing: list[str]) -> str:
        """A sentence on what trains without test images, if nothing else is missing."""
        if self._judges or missing != ["test.npz"]:
            return ""
        return " Training with --folds=K needs none: it tests the training images, in K folds."

    @functools.cached_property
    def _given_names(self) -> tuple[str, ...] | None:
        """The names in classes.txt, otherwise the known ones, otherwise None."""
        path, known = self.folder / "classes.txt", self.known
        if not path.exists():
            return known.classes if known else None
        names = name_lists.read_names(path)
        if known and len(names) != len(known.classes):
            raise errors.UserError(
                f"{path}: expected {len(known.classes)} class names, got {len(names)}."
            )
        return names

    def _read_labels(self, path: pathlib.Path) -> np.ndarray:
        """Returns the labels of an archive, int64 [n]; the file is read once."""
        if path not in self._labels:
            # The training labels are read first, because they may determine the classes.
            names = self._given_names if path == self._archives[0] else self.classes
            self._labels[path] = npz_contents.read_labels(path, self.known, len(names or ()))
        return self._labels[path]
