"""Groups of images that belong together, such as those of one patient, one plant or one video.

A classifier that has learned from one image of a patient knows the others better than those of a
new patient. So whole groups are set aside for the test or held out. Which ones is decided by hashes
of their names, not by the order of the images, and groups that come later move few others.
"""

import collections
import hashlib
import unicodedata
from collections.abc import Sequence

import numpy as np

from tf_ssgan.data import content_hash

# The largest part of the labeled images of a class that is given away so that the class, too, has
# images of its own in the test, or among those held out. Groups may be larger than the share.
TEST_PART, HELD_OUT_PART = 1 / 2, 1 / 4
_BYTES = 8  # of a hash


def ids(names: Sequence[str], alone: Sequence[str]) -> np.ndarray:
    """Returns int64 [n], the group of each image: a hash of its name, equal in every data set.

    Args:
        names: the group of each image, [n]; "" for an image that is a group of its own.
        alone: what tells such an image from others, [n], say its file.
    """
    known: dict[tuple[str, str], int] = {}
    found = np.empty(len(names), np.int64)
    for index, (name, own) in enumerate(zip(names, alone, strict=True)):
        key = ("group", unicodedata.normalize("NFC", name)) if name else ("image", own)
        if key not in known:
            known[key] = _hash(*key)
        found[index] = known[key]
    return found


def _hash(kind: str, text: str) -> int:
    content = text.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(content, digest_size=_BYTES, key=kind.encode()).digest()
    return int.from_bytes(digest, "little", signed=True)


def choose(
    groups: np.ndarray,
    labels: np.ndarray,
    wanted: np.ndarray,
    seed: int,
    part: float,
    needed: bool = False,
) -> np.ndarray:
    """Chooses whole groups that have about as many images of each class as wanted.

    Groups are asked in the random order of their hashes. One is taken if that brings the numbers of
    images nearer to those wanted, and if images of each of its classes remain. A class that then
    has none gets the group that costs least, unless this takes a large part of a class.

    Args:
        groups: int64 [n], the groups of images with a label.
        labels: int64 [n], in 0..K-1.
        wanted: int64 [K], how many images of each class are wanted.
        seed: determines the order.
        part: the largest part of a class, from 0 to 1, that a class without images may cost.
        needed: whether this part may be larger, rather than that no group is chosen.

    Returns:
        int64, the chosen groups; empty if none is wanted, or none can be spared.
    """
    chooser = _Chooser(groups, labels, wanted, seed)
    chooser.take_in_order()
    for label in np.flatnonzero(wanted):
        if not chooser.taken_images[label]:
            chooser.take_cheapest(int(label), part)
    if needed and not chooser.taken:
        for label in np.argsort(-wanted, kind="stable")[: int((wanted > 0).sum())]:
            if chooser.take_cheapest(int(label), 1):
                break
    return np.array(list(chooser.taken), np.int64)


class _Chooser:
    """Takes groups one after another, and knows what is still wanted."""

    def __init__(self, groups: np.ndarray, labels: np.ndarray, wanted: np.ndarray, seed: int):
        found = np.unique(groups)
        order = content_hash.random_order(found.view(np.uint64), seed)
        self._images = {int(group): collections.Counter() for group in found[order]}
        for group, label in zip(groups.tolist(), labels.tolist(), strict=True):
            self._images[group][label] += 1
        self._of_class: dict[int, list[int]] = collections.defaultdict(list)
        for group, images in self._images.items():
            for label in images:
                self._of_class[label].append(group)
        self._all = np.bincount(labels, minlength=len(wanted)).tolist()
        self._missing = wanted.tolist()  # images that are still wanted; below 0 if there are more
        self.taken: dict[int, None] = {}
        self.taken_images = [0] * len(wanted)

    def take_in_order(self) -> None:
        """Takes each group that brings the numbers nearer to those wanted."""
        for group in self._images:
            if max(self._missing, default=0) <= 0:
                return
            if self._cost(group) < 0 and self._can_spare(group, 1):
                self._take(group)

    def take_cheapest(self, label: int, part: float) -> bool:
        """Takes the group with images of a class that costs least; returns whether there is one."""
        free = [
            group
            for group in self._of_class[label]
            if group not in self.taken and self._can_spare(group, part)
        ]
        if free:
            self._take(min(free, key=self._cost))  # the first of equals
        return bool(free)

    def _cost(self, group: int) -> int:
        """By how many images the numbers move away from those wanted; below 0 if nearer."""
        return sum(
            abs(self._missing[label] - count) - abs(self._missing[label])
            for label, count in self._images[group].items()
        )

    def _can_spare(self, group: int, part: float) -> bool:
        """Whether images of its classes remain, and it takes no more than a part of them."""
        counts = (
            (self.taken_images[label] + count, self._all[label])
            for label, count in self._images[group].items()
        )
        return all(taken < total and taken <= part * total for taken, total in counts)

    def _take(self, group: int) -> None:
        self.taken[group] = None
        for label, count in self._images[group].items():
            self._missing[label] -= count
            self.taken_images[label] += count
