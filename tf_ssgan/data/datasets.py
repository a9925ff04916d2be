"""Data sets by name: arrays of images and labels, and a card that describes them.

A data set comes from the first of these places that has it:

1. scikit-learn's package folder (`digits`), the folder DIR of `npz:DIR`, or a person's own pictures
   (`folder:DIR`, `csv:FILE`), see `own`;
2. `<data_dir>/<dataset>/train.npz` and `test.npz`, see `archives`;
3. TensorFlow Datasets with `data_dir` (by default its own), downloaded at the first use.

Neither TensorFlow nor TensorFlow Datasets is imported before `load` needs them, so that `check` and
`labels` answer at once. `Card` and `Arrays` are those of `cards`, named here for the callers.
"""

import dataclasses
import pathlib

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info
from tf_ssgan.data.dataset_info import Arrays, DatasetInfo
from tf_ssgan.data.image_decoding import Form
from tf_ssgan.data.sources import cifar10_1, digits, npz, tfds, user_images
from tf_ssgan.data.sources.image_listing import is_user_images

PREFIXED_NAMES = (
    "npz:DIR",
    "folder:DIR",
    "csv:FILE",
)  # what a name can be besides those of `names`


def names() -> tuple[str, ...]:
    """Returns the data sets with a name of their own; those of `ASIDE` take any other."""
    return tuple(dataset_info.KNOWN)


def check(name: str, data_dir: str | None = None, training: bool = True) -> None:
    """Refuses, within about a second, what `load` could not serve.

    Pictures are not decoded here, and nothing is downloaded.

    Args:
        name: "digits", "svhn", ..., or one of `ASIDE`.
        data_dir: folder with `<dataset>/train.npz` and `test.npz`, or that of TensorFlow Datasets.
        training: whether it is meant for training; an evaluation set is refused then.

    Raises:
        UserError: unknown name, no such folder, files missing or inconsistent, or data neither
            here nor reachable through the network.
    """
    known = _known(name)
    if known and training and not known.training:
        raise errors.UserError(
            f"{name} has test images only and serves evaluation: train on cifar10, then name it "
            "when evaluating the run."
        )
    if is_user_images(name):
        return user_images.check(name, data_dir)
    place = _locate(name, data_dir)
    if place.kind == "archives":
        npz.check(known, place.path)
    elif place.kind == "raw":
        cifar10_1.load_raw(name, known, place.path)
    elif place.kind == "tfds":
        tfds.check(name, known, place.path)


def train_labels(name: str, data_dir: str | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Reads the training labels only, without TensorFlow wherever the data are at hand.

    Returns:
        int64 [n], the `train_labels` of `load` (of a person's own pictures: of all files, also of
        those that will turn out to be no pictures), and the class names.

    Raises:
        UserError: as `check` and `load`.
    """
    check(name, data_dir)
    if is_user_images(name):
        return user_images.labels(name, data_dir)
    known, place = _known(name), _locate(name, data_dir)
    if place.kind == "archives":
        return npz.labels(known, place.path)
    if place.kind == "tfds":
        found = tfds.labels(known, place.path)
        if found is not None:
            return found, known.classes
    arrays = load(name, data_dir)
    return arrays.train_labels, arrays.info.classes


def load(name: str, data_dir: str | None = None, form: Form = Form()) -> Arrays:  # noqa: B008 - frozen
    """Reads, and if need be downloads, a data set.

    Args:
        name: "digits", "svhn", ..., or one of `ASIDE`.
        data_dir: as for `check`.
        form: the form of images that is wanted of a person's own pictures.

    Returns:
        All images and labels, in the order of their source.

    Raises:
        UserError: as `check`, and for broken pictures or a failed download.
    """
    if is_user_images(name):
        return user_images.load(name, data_dir, form)
    known, place = _known(name), _locate(name, data_dir)
    if place.kind == "digits":
        return digits.load()
    if place.kind == "archives":
        return npz.load(name, known, place.path)
    if place.kind == "raw":
        return cifar10_1.load_raw(name, known, place.path)
    return tfds.load(name, known, place.path)


def user_image_size(name: str, data_dir: str | None = None) -> int:
    """Returns the size of images of a person's own pictures where none is asked for."""
    return user_images.size(name, data_dir)


def info(name: str, data_dir: str | None = None) -> DatasetInfo:
    """Returns the card of `load` without reading images, except for `ASIDE`, which is measured.

    Raises:
        UserError: as `check` and `load`.
    """
    known = _known(name)
    if known is None:
        return load(name, data_dir).info
    place = _locate(name, data_dir)
    if place.kind == "archives":
        source = npz.source(known, place.path)
        return dataset_info.known_info(name, known, npz.class_names(known, place.path), source)
    sources = {"digits": digits.SOURCE, "raw": cifar10_1.RAW_SOURCE}
    source = sources.get(place.kind, tfds.source(known))
    return dataset_info.known_info(name, known, known.classes, source)


# --- Where a data set lies ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Place:
    kind: str  # "digits", "archives", "raw" (CIFAR-10.1's own arrays), "tfds"
    path: pathlib.Path


def _known(name: str) -> dataset_info.KnownDataset | None:
    """Returns what is known of a name, None for those of `ASIDE`."""
    if name.startswith("npz:") or is_user_images(name):
        return None
    if name not in dataset_info.KNOWN:
        raise errors.UserError(
            f"There is no dataset {name!r}. {errors.nearest(name, [*names(), *PREFIXED_NAMES])}"
        )
    return dataset_info.KNOWN[name]


def _locate(name: str, data_dir: str | None) -> _Place:
    """Returns the place a data set is read from; see the module's list."""
    if name.startswith("npz:"):
        return _Place("archives", _existing(name.removeprefix("npz:"), f"--dataset={name}"))
    if name == "digits":
        return _Place("digits", pathlib.Path())
    root = tfds.root_folder(data_dir)
    if data_dir:
        _existing(data_dir, f"--data_dir={data_dir}")
        # CIFAR-10.1 is asked for with its version, and found with or without it.
        for folder in dict.fromkeys([root / name, root / name.split("/")[0]]):
            if (folder / "train.npz").exists() or (folder / "test.npz").exists():
                return _Place("archives", folder)
            if name == "cifar10_1/v6" and (folder / cifar10_1.RAW[0]).exists():
                return _Place("raw", folder)
    return _Place("tfds", root)


def _existing(folder: str, flag: str) -> pathlib.Path:
    """Returns the folder, or says that there is none."""
    path = pathlib.Path(folder).expanduser()
    if not folder or not path.is_dir():
        raise errors.UserError(f"{flag}: {folder!r} is not a folder. Give the path of one.")
    return path
