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

from tf_ssgan import errors
from tf_ssgan.data import archives, cards, digits, own, prepared
from tf_ssgan.data.cards import Arrays, Card
from tf_ssgan.data.folders import owns
from tf_ssgan.data.pictures import Form

ASIDE = ("npz:DIR", "folder:DIR", "csv:FILE")  # what a name can be besides those of `names`


def names() -> tuple[str, ...]:
    """Returns the data sets with a name of their own; those of `ASIDE` take any other."""
    return tuple(cards.KNOWN)


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
    if owns(name):
        return own.check(name, data_dir)
    place = _locate(name, data_dir)
    if place.kind == "archives":
        archives.check(known, place.path)
    elif place.kind == "raw":
        archives.load_raw(name, known, place.path)
    elif place.kind == "tfds":
        prepared.check(name, known, place.path)


def labels(name: str, data_dir: str | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Reads the training labels only, without TensorFlow wherever the data are at hand.

    Returns:
        int64 [n], the `train_labels` of `load` (of a person's own pictures: of all files, also of
        those that will turn out to be no pictures), and the class names.

    Raises:
        UserError: as `check` and `load`.
    """
    check(name, data_dir)
    if owns(name):
        return own.labels(name, data_dir)
    known, place = _known(name), _locate(name, data_dir)
    if place.kind == "archives":
        return archives.labels(known, place.path)
    if place.kind == "tfds":
        found = prepared.labels(known, place.path)
        if found is not None:
            return found, known.classes
    arrays = load(name, data_dir)
    return arrays.train_labels, arrays.card.classes


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
    if owns(name):
        return own.load(name, data_dir, form)
    known, place = _known(name), _locate(name, data_dir)
    if place.kind == "digits":
        return digits.load()
    if place.kind == "archives":
        return archives.load(name, known, place.path)
    if place.kind == "raw":
        return archives.load_raw(name, known, place.path)
    return prepared.load(name, known, place.path)


def own_size(name: str, data_dir: str | None = None) -> int:
    """Returns the size of images of a person's own pictures where none is asked for."""
    return own.size(name, data_dir)


def card(name: str, data_dir: str | None = None) -> Card:
    """Returns the card of `load` without reading images, except for `ASIDE`, which is measured.

    Raises:
        UserError: as `check` and `load`.
    """
    known = _known(name)
    if known is None:
        return load(name, data_dir).card
    place = _locate(name, data_dir)
    if place.kind == "archives":
        source = archives.source(known, place.path)
        return cards.known_card(name, known, archives.class_names(known, place.path), source)
    sources = {"digits": digits.SOURCE, "raw": archives.RAW_SOURCE}
    source = sources.get(place.kind, prepared.source(known))
    return cards.known_card(name, known, known.classes, source)


# --- Where a data set lies ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Place:
    kind: str  # "digits", "archives", "raw" (CIFAR-10.1's own arrays), "tfds"
    path: pathlib.Path


def _known(name: str) -> cards.Known | None:
    """Returns what is known of a name, None for those of `ASIDE`."""
    if name.startswith("npz:") or owns(name):
        return None
    if name not in cards.KNOWN:
        raise errors.UserError(
            f"There is no dataset {name!r}. {errors.nearest(name, [*names(), *ASIDE])}"
        )
    return cards.KNOWN[name]


def _locate(name: str, data_dir: str | None) -> _Place:
    """Returns the place a data set is read from; see the module's list."""
    if name.startswith("npz:"):
        return _Place("archives", _existing(name.removeprefix("npz:"), f"--dataset={name}"))
    if name == "digits":
        return _Place("digits", pathlib.Path())
    root = prepared.root_folder(data_dir)
    if data_dir:
        _existing(data_dir, f"--data_dir={data_dir}")
        # CIFAR-10.1 is asked for with its version, and found with or without it.
        for folder in dict.fromkeys([root / name, root / name.split("/")[0]]):
            if (folder / "train.npz").exists() or (folder / "test.npz").exists():
                return _Place("archives", folder)
            if name == "cifar10_1/v6" and (folder / archives.RAW[0]).exists():
                return _Place("raw", folder)
    return _Place("tfds", root)


def _existing(folder: str, flag: str) -> pathlib.Path:
    """Returns the folder, or says that there is none."""
    path = pathlib.Path(folder).expanduser()
    if not folder or not path.is_dir():
        raise errors.UserError(f"{flag}: {folder!r} is not a folder. Give the path of one.")
    return path
