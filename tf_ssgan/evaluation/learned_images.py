"""Which images a run has learned from: these do not judge it.

An error on images that a run has learned says nothing about new ones. Three kinds are told apart by
their pixels at the size of the run, whatever the files are called and whatever their format is: its
labeled images, its other training images, which semi-supervised methods see without a label, and
its held-out images, which may have chosen a step or a temperature. All of them are left out of
every number. The run's own test images may judge it, unless they have the pixels of one of these.
"""

import collections
import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, fingerprint
from tf_ssgan.training import build, same_data

# What images are to a run; of several uses of the same pixels the last one counts.
NEW, TEST, HELD_OUT, UNLABELED, LABELED = range(5)
LEFT_OUT = {"labeled": LABELED, "unlabeled": UNLABELED, "held_out": HELD_OUT}


@dataclasses.dataclass(frozen=True, eq=False)
class LearnedImages:
    """The images of a run, without the pixels.

    Attributes:
        classes: Class names of the run.
        keys: uint64 [n], `content_hash.keys` of the images.
        uses: int64 [n], what each is used for: TEST, HELD_OUT, UNLABELED or LABELED.
        labels: int64 [n], the labels that are learned, label noise included; -1 for the others.
    """

    classes: tuple[str, ...]
    keys: np.ndarray
    uses: np.ndarray
    labels: np.ndarray

    def find(self, keys: np.ndarray) -> np.ndarray:
        """What images with the keys uint64 [n] were used for, int64 [n]; NEW for those unknown."""
        found = np.full(len(keys), NEW)
        for use in (TEST, HELD_OUT, UNLABELED, LABELED):
            found[np.isin(keys, self.keys[self.uses == use])] = use
        return found

    def learned_otherwise(
        self, keys: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[int, str, str]]:
        """Finds images that were learned with another label than they have.

        Args:
            keys: uint64 [n], those of the images.
            labels: int64 [n], theirs.

        Yields:
            The index of an image, the class that it was learned as, and that which it has.
        """
        known = np.flatnonzero((self.uses == LABELED) & np.isin(self.keys, keys))
        learned = collections.defaultdict(list)
        for key, label in zip(self.keys[known].tolist(), self.labels[known].tolist(), strict=True):
            learned[key].append(label)
        for index, (key, label) in enumerate(zip(keys.tolist(), labels.tolist(), strict=True)):
            if key in learned and label not in learned[key]:
                yield index, self.classes[learned[key][0]], self.classes[label]


def of_run(run: build.Run) -> LearnedImages:
    """The images of a run, from the record of its data, or else from the data.

    Raises:
        UserError: The record is missing or damaged, and the data are gone or changed.
    """
    record = _saved_record(run) or run.data_record
    # The ids of a protocol are in the order of the keys; see `content_hash.sort_by_content`. Equal
    # keys may be in any order: of their uses the last counts.
    pool = np.sort(np.concatenate([record.train.keys, record.held_out.keys]))
    keys, own = np.concatenate([pool, record.test.keys]), run.protocol
    uses, labels = np.full(len(keys), TEST), np.full(len(keys), fingerprint.UNLABELED)
    uses[: len(pool)], uses[own.validation_ids] = UNLABELED, HELD_OUT
    uses[own.labeled_ids], labels[own.labeled_ids] = LABELED, own.labels
    return LearnedImages(own.classes, keys, uses, labels)


def _saved_record(run: build.Run) -> fingerprint.DataRecord | None:
    """What `data.json` holds; None if it is missing, damaged, or of other data than the run's."""
    try:
        record = run.workdir.read_data_record()
    except errors.UserError:
        return None
    expected = same_data.of_checkpoint(run.saved)
    return record if record and record.sha256 == expected else None


@dataclasses.dataclass(frozen=True, eq=False)
class Sorted:
    """Images that were to judge, by what runs have used them for.

    Attributes:
        uses: int64 [n]; of several runs, the use that counts most.
        relabeled: For each image that a run learned as another class: its index, the name of that
            class, and the name of its own.
        unknown: Why nobody can tell; empty if the images were compared.
    """

    uses: np.ndarray
    relabeled: tuple[tuple[int, str, str], ...] = ()
    unknown: str = ""

    @property
    def new(self) -> np.ndarray:
        """Whether each image judges, bool [n]."""
        return self.uses <= TEST

    @property
    def test(self) -> int:
        """How many of those that judge are the test images of a run itself."""
        return int((self.uses == TEST).sum())

    def counts(self) -> dict[str, int]:
        """How many images are left out, by their use."""
        return {name: int((self.uses == use).sum()) for name, use in LEFT_OUT.items()}


def sort_out(runs: Sequence[build.Run], images: Sequence[np.ndarray], labels: np.ndarray) -> Sorted:
    """Compares images that are to judge runs with the images of these runs.

    Args:
        runs: The runs that they judge.
        images: For each run, the images uint8 [n, h, w, c] in its form.
        labels: int64 [n], theirs.
    """
    uses, relabeled = np.full(len(labels), NEW), {}
    try:
        learned = [of_run(run) for run in runs]
    except errors.UserError as error:
        return Sorted(uses, unknown=str(error))
    for own, pixels in zip(learned, images, strict=True):
        keys = content_hash.keys(pixels)
        uses = np.maximum(uses, own.find(keys))
        relabeled = {found[0]: found for found in own.learned_otherwise(keys, labels)} | relabeled
    return Sorted(uses, tuple(sorted(relabeled.values())))
