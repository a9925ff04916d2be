"""Finds images with the same pixels: copies, copies in other classes, and test images trained on.

A test image that was trained on makes the test error too small, so these matter most.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from tf_ssgan.common import counts
from tf_ssgan.data.sources.image_entries import Remark

_MEMBERS = 4  # images of a group that are named


@dataclasses.dataclass(frozen=True)
class ImagesToCompare:
    """Images that are compared.

    Attributes:
        keys: uint64 [n], hashes of their pixels.
        labels: int64 [n]; -1 without a label.
        test: bool [n], whether they are test images.
        names: [n], their names in the findings.
        classes: names of the classes.
    """

    keys: np.ndarray
    labels: np.ndarray
    test: np.ndarray
    names: Sequence[str]
    classes: tuple[str, ...]

    def of_training(self) -> "ImagesToCompare":
        """Those that are no test images."""
        kept = np.flatnonzero(~self.test)
        names = [self.names[index] for index in kept]
        return ImagesToCompare(
            self.keys[kept], self.labels[kept], self.test[kept], names, self.classes
        )


def remarks(compared: ImagesToCompare) -> Iterator[Remark]:
    """Says which images have the same pixels, after they are resized."""
    groups = _groups(compared.keys)
    leaks = [pair for group in groups for pair in _leaks(compared, group)]
    conflicts = [_conflict(compared, group) for group in groups if _classes(compared, group) > 1]
    copies = sum(max(0, int((~compared.test[group]).sum()) - 1) for group in groups)
    if leaks:
        yield Remark(
            "warning",
            counts.say(len(leaks), "test image", "have the same pixels as a training image"),
            "remove them from training or from the test: they make the test error too small",
            tuple(leaks),
        )  # fmt: skip
    if conflicts:
        yield Remark(
            "warning", counts.say(len(conflicts), "image", "have copies in different classes"),
            "decide on one class for each, and remove the other copies", tuple(conflicts),
        )  # fmt: skip
    if copies:
        yield Remark(
            "note", counts.say(copies, "training image", "have the same pixels as another"),
            "keep one of each, unless they are meant to count more than once",
        )  # fmt: skip


def _groups(keys: np.ndarray) -> list[np.ndarray]:
    """Indices of equal keys, for each key that occurs more than once."""
    order = np.argsort(keys, kind="stable")
    borders = np.flatnonzero(np.diff(keys[order])) + 1
    return [group for group in np.split(order, borders) if len(group) > 1]


def _leaks(compared: ImagesToCompare, group: np.ndarray) -> Iterator[str]:
    """Each test image of a group, with the first training image."""
    train = group[~compared.test[group]]
    for index in group[compared.test[group]] if len(train) else ():
        yield f"{compared.names[index]} = {compared.names[train[0]]}"


def _classes(compared: ImagesToCompare, group: np.ndarray) -> int:
    """How many classes the labeled images of a group have."""
    labels = compared.labels[group]
    return len(np.unique(labels[labels >= 0]))


def _conflict(compared: ImagesToCompare, group: np.ndarray) -> str:
    """Names the labeled images of a group, one of each class first."""
    labeled = group[compared.labels[group] >= 0]
    first = np.unique(compared.labels[labeled], return_index=True)[1]
    order = np.concatenate([labeled[first], np.delete(labeled, first)])
    names = [
        f"{compared.names[index]} ({compared.classes[compared.labels[index]]})"
        for index in order[:_MEMBERS]
    ]
    more = f" and {len(order) - _MEMBERS:,} others" if len(order) > _MEMBERS else ""
    return " = ".join(names) + more
