"""The fingerprint of a data set: which pixels it holds with which labels, test images included.

It does not depend on the names of files or on their order, so a data set that was copied, renamed
or packed in an archive is the same one. A `DataRecord` has a hash for each image, from which the
difference of two data sets is told in words.
"""

import base64
import collections
import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tf_ssgan.common import counts
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import content_hash
from tf_ssgan.data.dataset_info import Arrays

UNLABELED = -1
PARTS = {"train": "training", "held_out": "held-out", "test": "test"}  # and what they are called
_NAMED = 3  # classes that a sentence names


@dataclasses.dataclass(frozen=True, eq=False)
class PartRecord:
    """The training or the test images of a data set, sorted by label and key.

    Attributes:
        keys: uint64 [n], `content_hash.keys` of the images.
        labels: int64 [n], -1 for unknown labels.
    """

    keys: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, labels: np.ndarray) -> "PartRecord":
        """The record of images in any order."""
        order = np.lexsort((keys, labels))
        return cls(keys[order], labels[order].astype(np.int64))


@dataclasses.dataclass(frozen=True, eq=False)
class DataRecord:
    """What a data set holds, image by image, without the images.

    Attributes:
        shape: (height, width, channels) of its images.
        classes: Class names; label k is classes[k].
        train: Its training images, without those that it holds out itself.
        held_out: The images that it names for validation; empty if the split chooses them.
        test: Its test images.
        checked: uint64, ascending, the keys of the training images whose labels are checked, not
            those that it holds out; empty if no label is.
    """

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    train: PartRecord
    held_out: PartRecord
    test: PartRecord
    checked: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, np.uint64))

    @functools.cached_property
    def sha256(self) -> str:
        """The fingerprint, in hexadecimal."""
        digest = hashlib.sha256(json.dumps([self.shape, self.classes]).encode())
        for part in (self.train, self.held_out, self.test):
            # The length comes first, so that moving an image to the test images changes the hash.
            digest.update(np.array([len(part.keys)], "<i8").tobytes())
            digest.update(part.labels.astype("<i8").tobytes())
            digest.update(part.keys.astype("<u8").tobytes())
        # Nothing if there are none, so that the hash of other data does not depend on this field.
        digest.update(self.checked.astype("<u8").tobytes())
        return digest.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Returns a dictionary for `json.dump`: the keys in base64, by part and class."""
        content = {"shape": list(self.shape), "classes": list(self.classes)}
        for name in PARTS:
            part: PartRecord = getattr(self, name)
            unlabeled, *labeled = (
                _encoded(part.keys[part.labels == label])
                for label in range(UNLABELED, len(self.classes))
            )
            content[name] = {"labeled": labeled, "unlabeled": unlabeled}
        content |= {"checked": _encoded(self.checked)} if len(self.checked) else {}
        return content | {"sha256": self.sha256}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "DataRecord":
        """Returns the record that `as_json` describes.

        Args:
            content: What `as_json` returned.

        Raises:
            ValueError: The keys are not as many as they should be, or not those of its sha256.
        """
        classes = tuple(content["classes"])
        parts = (_decoded_part(name, content[name], classes) for name in PARTS)
        checked = _decoded(content.get("checked", ""))
        record = cls(tuple(content["shape"]), classes, *parts, checked)
        if record.sha256 != content["sha256"]:
            raise ValueError("its images are not those of its sha256")
        return record


def record(arrays: Arrays) -> DataRecord:
    """Returns the record of a data set; hashes all images whose hashes are not known yet.

    Args:
        arrays: The data set, in any order.
    """
    train_keys = arrays.train_keys
    if train_keys is None:
        train_keys = content_hash.keys(arrays.train_images)
    held_out = arrays.train_held_out
    if held_out is None:
        held_out = np.zeros(len(train_keys), bool)
    checked = np.zeros(len(train_keys), bool)
    if arrays.train_checked is not None:
        checked = arrays.train_checked & ~held_out
    test_keys = arrays.test_keys
    if test_keys is None:
        test_keys = content_hash.keys(arrays.test_images)
    return DataRecord(
        tuple(arrays.train_images.shape[1:]),
        tuple(arrays.info.classes),
        PartRecord.of(train_keys[~held_out], arrays.train_labels[~held_out]),
        PartRecord.of(train_keys[held_out], arrays.train_labels[held_out]),
        PartRecord.of(test_keys, arrays.test_labels),
        np.sort(train_keys[checked]),
    )


def describe_changes(before: DataRecord, now: DataRecord) -> str:
    """Says what changed between two data sets, whose fingerprints differ.

    Args:
        before: The data set as it was.
        now: The data set as it is.

    Returns:
        A part of a sentence, such as "the images changed: 120 more training images, 4 fewer, 3
        relabeled; 20 test images relabeled". Labels are compared by the names of their classes.
    """
    if before.shape != now.shape:
        return f"the images changed: they are {_size(now.shape)} and were {_size(before.shape)}"
    numbers = {name: k for k, name in enumerate(dict.fromkeys((*before.classes, *now.classes)))}
    parts = {
        name: _compare(_items(before, name, numbers), _items(now, name, numbers)) for name in PARTS
    }
    moves = [
        _moved(_take_moved(parts[source], parts[target]), PARTS[source], PARTS[target])
        for source, target in itertools.permutations(PARTS, 2)
    ]
    changes = [
        *(changes.describe(PARTS[name]) for name, changes in parts.items()),
        *moves,
        *_checks(before, now),
        _class_words(before.classes, now.classes, "is gone", "are gone"),
        _class_words(now.classes, before.classes, "is new", "are new"),
    ]
    if set(before.classes) == set(now.classes) and before.classes != now.classes:
        changes.append("the classes are in another order")
    return f"the images changed: {'; '.join(filter(None, changes))}"


@dataclasses.dataclass
class _PartChanges:
    """What changed in one part of the images.

    Attributes:
        more: Key -> how many images of it came.
        fewer: Key -> how many images of it went.
        relabeled: Images that have another class.
        labeled: Images that had no label and have one.
        unlabeled: Images that had a label and have none.
    """

    more: collections.Counter[int]
    fewer: collections.Counter[int]
    relabeled: int = 0
    labeled: int = 0
    unlabeled: int = 0

    def describe(self, kind: str) -> str:
        """The changes in words; the first of them names the kind of images. Empty without any."""
        more, fewer = self.more.total(), self.fewer.total()
        replaced = more if more == fewer else 0  # such as by other files of the same names
        numbers = [
            (replaced, "", "replaced by others"),
            (more - replaced, "more", ""),
            (fewer - replaced, "fewer", ""),
            (self.relabeled, "", "relabeled"),
            (self.labeled, "", "labeled that had no label"),
            (self.unlabeled, "", f"without the label that {_pronoun(self.unlabeled)} had"),
        ]
        parts = []
        for count, before, after in numbers:
            if count:
                noun = "" if parts else f"{kind} image{'' if count == 1 else 's'}"
                parts.append(" ".join(filter(None, (f"{count:,}", before, noun, after))))
        return ", ".join(parts)


def _pronoun(count: int) -> str:
    return "it" if count == 1 else "they"


def _compare(
    before: collections.Counter[tuple[int, int]], now: collections.Counter[tuple[int, int]]
) -> _PartChanges:
    """Compares (key, class) -> number of images; images of one key are compared one by one."""
    went, came = _labels_by_key(before - now), _labels_by_key(now - before)
    fewer, more, kinds = collections.Counter(), collections.Counter(), collections.Counter()
    for key in {*went, *came}:
        old, new = went.get(key, []), came.get(key, [])
        for one, other in zip(old, new, strict=False):
            kinds["labeled" if one < 0 else "unlabeled" if other < 0 else "relabeled"] += 1
        fewer[key] = max(0, len(old) - len(new))
        more[key] = max(0, len(new) - len(old))
    return _PartChanges(+more, +fewer, **kinds)


def _items(
    record: DataRecord, part: str, numbers: Mapping[str, int]
) -> collections.Counter[tuple[int, int]]:
    """(key, number of the class's name) of each image of a part; the number is -1 for none."""
    own: PartRecord = getattr(record, part)
    of_label = np.array([*(numbers[name] for name in record.classes), UNLABELED])
    return collections.Counter(
        zip(own.keys.tolist(), of_label[own.labels].tolist(), strict=True)  # [-1] is the last one
    )


def _labels_by_key(items: collections.Counter[tuple[int, int]]) -> dict[int, list[int]]:
    """The classes of the images of each key, sorted."""
    labels = collections.defaultdict(list)
    for key, label in sorted(items.elements()):
        labels[key].append(label)
    return labels


def _take_moved(source: _PartChanges, target: _PartChanges) -> int:
    """Takes the images that went from one part to another out of their changes; counts them."""
    moved = source.fewer & target.more
    source.fewer, target.more = source.fewer - moved, target.more - moved
    return moved.total()


def _checks(before: DataRecord, now: DataRecord) -> Iterator[str]:
    """Which labels are checked now and were not, and the reverse, of images that are in both."""
    old, new = (collections.Counter(record.checked.tolist()) for record in (before, now))
    in_both = {*before.train.keys.tolist()} & {*now.train.keys.tolist()}
    for change, what in ((new - old, "checked now"), (old - new, "not checked any more")):
        if count := sum(number for key, number in change.items() if key in in_both):
            yield counts.say(count, "label", f"are {what}")


def _moved(count: int, source: str, target: str) -> str:
    """Images that moved from one part to another; empty without any."""
    if count == 1:
        return f"1 {source} image is a {target} image now"
    return f"{count:,} {source} images are {target} images now" if count else ""


def _class_words(names: Sequence[str], others: Iterable[str], one: str, many: str) -> str:
    """The classes that are not among others, and what is said of them; empty without any."""
    different = [escape(name) for name in names if name not in set(others)]
    if not different:
        return ""
    if len(different) == 1:
        return f"the class {different[0]} {one}"
    more = f" and {len(different) - _NAMED:,} more" * (len(different) > _NAMED)
    return f"the classes {', '.join(different[:_NAMED])}{more} {many}"


def _size(shape: tuple[int, int, int]) -> str:
    height, width, channels = shape
    return f"{height} x {width} pixels in {'gray' if channels == 1 else 'color'}"


def _encoded(keys: np.ndarray) -> str:
    return base64.b64encode(keys.astype("<u8").tobytes()).decode()


def _decoded(text: str) -> np.ndarray:
    """Raises ValueError if the text is no base64, or not of whole keys."""
    return np.frombuffer(base64.b64decode(text, validate=True), "<u8").astype(np.uint64)


def _decoded_part(name: str, content: Mapping[str, Any], classes: Sequence[str]) -> PartRecord:
    """The record of a part in JSON."""
    if len(content["labeled"]) != len(classes):
        raise ValueError(f"{name}.labeled has not as many items as classes")
    keys = [_decoded(text) for text in (content["unlabeled"], *content["labeled"])]
    labels = np.repeat(np.arange(UNLABELED, len(classes)), [len(own) for own in keys])
    return PartRecord(np.concatenate(keys), labels)
