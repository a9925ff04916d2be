"""What all sources of data sets have in common: each thing is read when needed, and once."""

import abc
import functools
import os

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info, judging
from tf_ssgan.data.image_decoding import ImageSpec


class DataSource(abc.ABC):
    """A data set in one place. A subclass knows one kind of place; one whose data sets need
    not be `known` says what their classes are and how many images they have.

    Making it reads nothing. Labels and names are kept once they are read; images are not kept.
    Files must not change while it is used, so it is made for one command line, and not kept longer.

    Attributes:
        name: name on the command line.
        data_dir: folder that was given with the name; empty for the usual place.
        known: what is known about the data set before reading it; None for user images and
            `npz:DIR`.
        place: real path of its own folder or table, however it is named; None if it has none.
        image_size: default size of images from image files, in pixels; 0 if they have their own.
        set_aside: whether labeled images are set aside as test images if it names none; only user
            images may name none. With `data.folds` all of them take part, and test images that it
            names are not used.
        group_by: what tells which images belong together; "" if each image is a group of its own.
    """

    image_size: int = 0
    place: str | None = None

    def __init__(
        self,
        name: str,
        data_dir: str = "",
        known: dataset_info.KnownDataset | None = None,
        group_by: str = "",
        set_aside: bool = True,
    ):
        self.name = name
        self.data_dir = data_dir
        self.known = known
        self.group_by = group_by
        self.set_aside = set_aside
        self._checked: set[bool] = set()  # for training, and for judging
        self._arrays: dataset_info.Arrays | None = None  # read for their labels, until `load`

    def check_location(self, training: bool = True) -> None:
        """Refuses a folder or file that does not exist, without reading anything.

        Args:
            training: whether it is used for training; if so, evaluation sets are refused.

        Raises:
            UserError: It does not exist, or has test images only.
        """
        if training and self.known and not self.known.training:
            raise errors.UserError(
                f"{self.name} has test images only, for evaluation: train on cifar10, then name "
                f"{self.name} when evaluating the run."
            )

    def check(self, training: bool = True) -> None:
        """Refuses, within about a second, data that `load` (or `load_judging`) could not load.

        Image files are not decoded, and nothing is downloaded.

        Args:
            training: whether it is used for training, or its images judge a classifier that was
                trained on other data.

        Raises:
            UserError: Files are missing or inconsistent, or the data are not on this machine and
                cannot be downloaded.
        """
        self.check_location(training)
        if training not in self._checked:
            if training:
                self._check_data()
            else:
                self._check_judging_data()
            self._checked.add(training)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names. Images are not read, and nothing is downloaded."""
        return self.known.classes

    @property
    def train_count(self) -> int:
        """Number of training images. Images are not read, and nothing is downloaded."""
        return self.known.train_count

    @functools.cached_property
    def train_labels(self) -> np.ndarray:
        """int64 [n], the `train_labels` of `load`, -1 for unknown labels.

        Images are read, or downloaded, only if there is no other way to know the labels. The labels
        of user images include those of files that cannot be decoded.

        Raises:
            UserError: as `check` and `load`.
        """
        self.check()
        return self._read_train_labels()

    @property
    def train_held_out(self) -> np.ndarray | None:
        """The `train_held_out` of `load`, bool [n]; None leaves the choice to the split."""
        return None

    @property
    def train_groups(self) -> np.ndarray | None:
        """The `train_groups` of `load`, int64 [n]; None if each image is a group of its own."""
        return None

    @property
    def train_checked(self) -> np.ndarray | None:
        """The `train_checked` of `load`, bool [n]; None if the data say of no label that it is.

        Images are not read, so checked labels of copies of an image are not known here.
        """
        return None

    @property
    def group_names(self) -> dict[int, str]:
        """The names of the groups, of those that have one; empty if there are no groups."""
        return {}

    def load(self, spec: ImageSpec = ImageSpec()) -> dataset_info.Arrays:  # noqa: B008 - frozen
        """Reads the images, and downloads them if necessary.

        Args:
            spec: size, channels and fit of user images; not used for other data sets.

        Returns:
            All images and labels, in the order of their source.

        Raises:
            UserError: as `check`, and if images cannot be decoded or the download fails.
        """
        self.check(training=self.known is None or self.known.training)
        return self._take(spec)

    def load_judging(self, spec: ImageSpec, classes: tuple[str, ...]) -> judging.JudgedImages:
        """Reads the images that judge a classifier which was trained on other data.

        These are the test images that the data set declares; all its labeled images if it declares
        none. Classes are matched by name; there may be fewer than the classifier's.

        Args:
            spec: as for `load`: that of the classifier's images.
            classes: the classes of the classifier.

        Raises:
            UserError: as `load`, and if the classifier does not know a class.
        """
        self.check(training=False)
        return self._read_judging(spec, classes)

    def _take(self, spec: ImageSpec) -> dataset_info.Arrays:
        """Everything, from memory if it was read for its labels."""
        arrays, self._arrays = self._arrays, None
        return self._read(spec) if arrays is None else arrays

    @abc.abstractmethod
    def _check_data(self) -> None:
        """Refuses data that cannot be loaded, as far as that shows without reading images."""

    def _check_judging_data(self) -> None:
        """As `_check_data`, for images that judge; less may be enough for them."""
        if True not in self._checked:
            self._check_data()
            self._checked.add(True)

    def _read_judging(self, spec: ImageSpec, classes: tuple[str, ...]) -> judging.JudgedImages:
        """Reads the images that judge."""
        return judging.from_arrays(self._take(spec), classes)

    @abc.abstractmethod
    def _read(self, spec: ImageSpec) -> dataset_info.Arrays:
        """Reads everything."""

    def _read_train_labels(self) -> np.ndarray:
        """Reads the training labels; if images come with them, `load` need not read them again."""
        self._arrays = self._read(ImageSpec())
        return self._arrays.train_labels


def require_folder(folder: str, flag: str) -> None:
    """Raises UserError if a folder does not exist.

    Args:
        folder: path of the folder.
        flag: the flag with its value, for the message.
    """
    if not folder or not os.path.isdir(os.path.expanduser(folder)):
        raise errors.UserError(f"{flag}: {folder!r} is not a folder. Give the path of one.")
