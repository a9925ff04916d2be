"""Loads data sets by name: arrays of images and labels, and a description of the data set.

A data set is read from the first of these places that has it:

1. scikit-learn's package folder (`digits`), the folder DIR of `npz:DIR`, or user images
   (`folder:DIR`, `csv:FILE`), see `sources.user_images`;
2. `<data_dir>/<dataset>/train.npz` and `test.npz`, see `sources.npz`;
3. TensorFlow Datasets with `data_dir` (by default its own folder), downloaded at the first use.

Neither TensorFlow nor TensorFlow Datasets is imported before `load` needs them, so `check` and
`train_labels` are fast. `DatasetInfo`, `Arrays` and `ImageSpec` are available here for the callers.
"""

import dataclasses
import pathlib

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info
from tf_ssgan.data.dataset_info import Arrays, DatasetInfo  # noqa: F401 - for the callers
from tf_ssgan.data.image_decoding import ImageSpec
from tf_ssgan.data.sources import cifar10_1, digits, npz, tfds, user_images
from tf_ssgan.data.sources.image_listing import is_user_images

# Forms of names that are not in `names()`.
PREFIXED_NAMES = ("npz:DIR", "folder:DIR", "csv:FILE")


def names() -> tuple[str, ...]:
    """Returns the names of the known data sets; other names have a form of `PREFIXED_NAMES`."""
    return tuple(dataset_info.KNOWN)


def check(name: str, data_dir: str | None = None, training: bool = True) -> None:
    """Refuses, within about a second, a data set that `load` could not load.

    Image files are not decoded, and nothing is downloaded.

    Args:
        name: "digits", "svhn", ..., or a form of `PREFIXED_NAMES`.
        data_dir: folder with `<dataset>/train.npz` and `test.npz`, or that of TensorFlow Datasets.
        training: whether it is used for training; if so, evaluation sets are refused.

    Raises:
        UserError: The name is unknown, the folder does not exist, files are missing or
            inconsistent, or the data are not on this machine and cannot be downloaded.
    """
    known = _known(name)
    if known and training and not known.training:
        raise errors.UserError(
            f"{name} has test images only, for evaluation: train on cifar10, then name {name} when "
            "evaluating the run."
        )
    if is_user_images(name):
        return user_images.check(name, data_dir)
    location = _locate(name, data_dir)
    if location.kind == "npz":
        npz.check(known, location.path)
    elif location.kind == "cifar10_1":
        cifar10_1.load(name, known, location.path)
    elif location.kind == "tfds":
        tfds.check(name, known, location.path)


def train_labels(name: str, data_dir: str | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Reads the training labels only; without TensorFlow if the data are on this machine.

    Args:
        name: as for `check`.
        data_dir: as for `check`.

    Returns:
        int64 [n], the `train_labels` of `load`, and the class names. For user images, files that
        cannot be decoded are included.

    Raises:
        UserError: as `check` and `load`.
    """
    check(name, data_dir)
    if is_user_images(name):
        return user_images.labels(name, data_dir)
    known, location = _known(name), _locate(name, data_dir)
    if location.kind == "npz":
        return npz.labels(known, location.path)
    if location.kind == "tfds":
        labels = tfds.labels(known, location.path)
        if labels is not None:
            return labels, known.classes
    arrays = load(name, data_dir)
    return arrays.train_labels, arrays.info.classes


def load(
    name: str,
    data_dir: str | None = None,
    spec: ImageSpec = ImageSpec(),  # noqa: B008 - frozen
) -> Arrays:
    """Reads a data set, and downloads it if necessary.

    Args:
        name: as for `check`.
        data_dir: as for `check`.
        spec: size, channels and fit of user images; not used for other data sets.

    Returns:
        All images and labels, in the order of their source.

    Raises:
        UserError: as `check`, and if images cannot be decoded or the download fails.
    """
    if is_user_images(name):
        return user_images.load(name, data_dir, spec)
    known, location = _known(name), _locate(name, data_dir)
    if location.kind == "digits":
        return digits.load()
    if location.kind == "npz":
        return npz.load(name, known, location.path)
    if location.kind == "cifar10_1":
        return cifar10_1.load(name, known, location.path)
    return tfds.load(name, known, location.path)


def user_image_size(name: str, data_dir: str | None = None) -> int:
    """Returns the default size of user images, in pixels."""
    return user_images.image_size(name, data_dir)


# --- Where a data set is --------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Location:
    kind: str  # "digits", "npz", "cifar10_1" (its authors' arrays) or "tfds"
    path: pathlib.Path


def _known(name: str) -> dataset_info.KnownDataset | None:
    """Returns what is known about a data set; None for the forms of `PREFIXED_NAMES`."""
    if name.startswith("npz:") or is_user_images(name):
        return None
    if name not in dataset_info.KNOWN:
        raise errors.UserError(
            f"There is no dataset {name!r}. {errors.nearest(name, [*names(), *PREFIXED_NAMES])}"
        )
    return dataset_info.KNOWN[name]


def _locate(name: str, data_dir: str | None) -> _Location:
    """Returns where a data set is read from, by the list at the top of this module."""
    if name.startswith("npz:"):
        return _Location("npz", _existing_folder(name.removeprefix("npz:"), f"--dataset={name}"))
    if name == "digits":
        return _Location("digits", pathlib.Path())
    root = tfds.root_folder(data_dir)
    if data_dir:
        _existing_folder(data_dir, f"--data_dir={data_dir}")
        # The name of CIFAR-10.1 has a version, but its folder may omit it.
        for folder in dict.fromkeys([root / name, root / name.split("/")[0]]):
            if (folder / "train.npz").exists() or (folder / "test.npz").exists():
                return _Location("npz", folder)
            if name == "cifar10_1/v6" and (folder / cifar10_1.FILES[0]).exists():
                return _Location("cifar10_1", folder)
    return _Location("tfds", root)


def _existing_folder(folder: str, flag: str) -> pathlib.Path:
    """Returns the path of a folder, or raises UserError if it does not exist."""
    path = pathlib.Path(folder).expanduser()
    if not folder or not path.is_dir():
        raise errors.UserError(f"{flag}: {folder!r} is not a folder. Give the path of one.")
    return path
