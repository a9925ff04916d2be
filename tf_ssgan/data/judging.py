"""Images that judge a classifier which was trained on other data: classes match by name.

The images may have fewer classes than the classifier knows, even one; their labels become those of
the classifier. A class that it does not know cannot be judged, so it is refused.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import class_names, dataset_info

TEST, LABELED = "test", "labeled"  # the part of a data set that judges
_SHOWN = 20  # names in a message
_COMPARED = 5  # unknown names for which a similar one is looked for, which is slow


@dataclasses.dataclass(frozen=True)
class JudgedImages:
    """Images and their labels in the order of the classes of a classifier.

    Attributes:
        images: uint8 [n, h, w, c], n at least 1.
        labels: int64 [n], indices of the classifier's classes.
        part: "test" if the data set declares test images, and these judge; otherwise "labeled", and
            all its labeled images judge.
        not_used: number of labeled images beside the test images; 0 if they were not counted.
        notes: sentences on names of classes that were read as other ones.
        files: the names of the files, n of them; empty if the images are not files of their own.
    """

    images: np.ndarray
    labels: np.ndarray
    part: str = TEST
    not_used: int = 0
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def from_arrays(
    arrays: dataset_info.Arrays, classes: Sequence[str], part: str = TEST
) -> JudgedImages:
    """Takes the labeled test images of a data set.

    Args:
        arrays: the data set.
        classes: the classes of the classifier.
        part: what its test images are in their source.

    Raises:
        UserError: None has a label, or the classifier does not know a class.
    """
    known = np.flatnonzero(arrays.test_labels >= 0)
    return relabel(
        arrays.info.name, arrays.info.classes, classes, part=part,
        images=arrays.test_images[known], labels=arrays.test_labels[known],
    )  # fmt: skip


def relabel(
    name: str,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    images: np.ndarray,
    labels: np.ndarray,
    part: str = TEST,
    not_used: int = 0,
    files: Sequence[str] = (),
) -> JudgedImages:
    """Gives images the labels of a classifier.

    Args:
        name: the data set, for messages.
        names: its classes.
        classes: the classes of the classifier.
        images: uint8 [n, h, w, c].
        labels: int64 [n], indices of `names`.
        part: as in `JudgedImages`, like `not_used`.
        not_used: as in `JudgedImages`.
        files: as in `JudgedImages`.

    Raises:
        UserError: There are no images, or the classifier does not know a class.
    """
    if not len(labels):
        raise errors.UserError(
            f"--dataset={name} has no {part} image that can be read, so nothing can be judged by "
            "it. Give a data set with images in folders of classes."
        )
    own = [names[label] for label in np.unique(labels)]
    found = match(name, own, classes)
    order = np.array([classes.index(found[kind]) if kind in found else -1 for kind in names])
    notes = [f"The class {kind!r} of {name} is read as the run's class {same!r}."
             for kind, same in found.items() if kind != same]  # fmt: skip
    order = order[labels].astype(np.int64)
    return JudgedImages(images, order, part, not_used, tuple(notes), tuple(files))


def match(name: str, names: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    """Finds the classes of a classifier that those of a data set stand for.

    Args:
        name: the data set, for messages.
        names: its classes.
        classes: the classes of the classifier.

    Returns:
        Each name -> the class of the same name, or else the one that looks the same.

    Raises:
        UserError: The classifier does not know some, or one could be several; all are named.
    """
    found = class_names.match(names, classes)
    unknown = [kind for kind in names if len(found[kind]) != 1]
    if unknown:
        close = [(kind, errors.closest(kind, classes)) for kind in unknown[:_COMPARED]]
        meant = " ".join(f"Did you mean {two!r} by {one!r}?" for one, two in close if two)
        raise errors.UserError(
            f"--dataset={name} has images of {_join(unknown)}, which the run does not know: it "
            f"learned {_join(classes)}. {meant}{' ' * bool(meant)}Rename these classes, or leave "
            "them out."
        )
    return {kind: same for kind, (same,) in found.items()}


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more
