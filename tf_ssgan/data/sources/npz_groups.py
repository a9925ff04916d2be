"""Groups of the images in archives: an array beside the labels names the group of each image."""

import dataclasses
import functools
import pathlib
import sys
from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape, shell_word, shorten
from tf_ssgan.data import dataset_info, groups, memory_limit
from tf_ssgan.data.sources import npz_archive

_KINDS = "iuUSb"  # whole numbers, texts, bytes and truth values
_OWN = ("image", "label", "encoded", "offset", "checked")  # arrays that are something else
_SHOWN = 3  # groups in a message
_LONGEST_NAME = 100  # columns of one


@dataclasses.dataclass(frozen=True)
class ArchiveGroups:
    """The groups of training and test images.

    Attributes:
        texts: the name of each image's group, [train] and [test]; "" if it is a group of its own.
            There are none of test images that are not used.
        used: bool [train]; unlabeled images of groups that are tested are not used.
    """

    texts: tuple[tuple[str, ...], tuple[str, ...]]
    used: np.ndarray

    @functools.cached_property
    def ids(self) -> tuple[np.ndarray, np.ndarray]:
        """int64 [train] and [test], the groups of all images."""
        parts = zip(("train", "test"), self.texts, strict=True)
        train, test = (
            groups.ids(own, [f"{part} {index}" for index in range(len(own))]) for part, own in parts
        )
        return train, test

    @functools.cached_property
    def names(self) -> dict[int, str]:
        """Group -> its name."""
        pairs = (zip(own.tolist(), texts, strict=True)
                 for own, texts in zip(self.ids, self.texts, strict=True))  # fmt: skip
        return {group: text for part in pairs for group, text in part if text}


def read(archives: Sequence[pathlib.Path], key: str, labels: np.ndarray) -> ArchiveGroups:
    """Reads the groups of the images in the archives of training and test images.

    Args:
        archives: that of the training images, and that of the test images if they are used.
        key: name of the array of groups.
        labels: int64 [train], -1 for unknown labels.

    Raises:
        UserError: An archive lacks the array, it is of another type or length, there are no groups
            or only one, or one is divided between labeled and test images.
    """
    train, *others = (_read_texts(path, key) for path in archives)
    test = others[0] if others else []
    _check_several(archives[0], key, train, labels)
    tested = set(test) - {""}
    shared = np.array([text in tested for text in train], bool)
    divided = sorted({train[index] for index in np.flatnonzero(shared & (labels >= 0))})
    if divided:
        more = f" and {len(divided) - _SHOWN:,} more" if len(divided) > _SHOWN else ""
        raise errors.UserError(
            f"{_flag(key)}: {len(divided):,} group(s) are among the labeled images of "
            f"{archives[0].name} and in {archives[1].name}: "
            f"{', '.join(map(_show, divided[:_SHOWN]))}{more}. Move all images of a group into one "
            "archive."
        )
    return ArchiveGroups((tuple(train), tuple(test)), ~shared)


def add(arrays: dataset_info.Arrays, found: ArchiveGroups) -> dataset_info.Arrays:
    """Returns the data with their groups, without the images that are not used; says how many.

    Args:
        arrays: all images, in the order of their archives.
        found: the groups of all images.
    """
    train, test = found.ids
    used = found.used
    if not used.all():
        print(
            f"{arrays.info.name}: {(~used).sum():,} unlabeled image(s) are left out, because other "
            "images of their groups are tested.",
            file=sys.stderr,
        )
        kept = {
            "train_images": arrays.train_images[used],
            "train_labels": arrays.train_labels[used],
        }
        if arrays.train_checked is not None:
            kept["train_checked"] = arrays.train_checked[used]
        arrays = dataclasses.replace(arrays, **kept)
    tested = test if len(test) == len(arrays.test_labels) else None  # None if they are not used
    return dataclasses.replace(arrays, train_groups=train[used], test_groups=tested)


def _check_several(path: pathlib.Path, key: str, texts: list[str], labels: np.ndarray) -> None:
    if not any(texts):
        raise errors.UserError(f"{path}: the array {key!r} names the group of no image.")
    labeled = {text for text, label in zip(texts, labels.tolist(), strict=True) if label >= 0}
    if len(labeled) == 1 and "" not in labeled:
        raise errors.UserError(
            f"{_flag(key)}: all labeled images of {path.name} are of one group, "
            f"{_show(*labeled)!r}. Each patient, plant or video should be a group of its own."
        )


def _read_texts(path: pathlib.Path, key: str) -> list[str]:
    """Returns the name of each image's group; "" for an empty text and for numbers below 0."""
    if key in _OWN or not npz_archive.has_array(path, key):
        known = [name for name in npz_archive.array_names(path) if name not in _OWN]
        raise errors.UserError(
            f"{_flag(key)}: {path} has no such array of groups. Save one with a number or a text "
            f"for each image. {errors.nearest(key, map(escape, known)) if known else ''}".rstrip()
        )
    header = npz_archive.read_header(path, key)
    (count,) = npz_archive.read_header(path, "label").shape
    if header.dtype.kind not in _KINDS or header.shape != (count,):
        raise errors.UserError(
            f"{path}: {key} must be whole numbers or texts [{count}], one for each image, got "
            f"{header.words}."
        )
    memory_limit.check_bytes(header.size, f"{path}: {key}", "give shorter names")
    values, inverse = np.unique(npz_archive.read_array(path, key), return_inverse=True)
    known = [_text(value) for value in values.tolist()]
    return [known[index] for index in inverse.tolist()]


def _text(value: int | bool | str | bytes) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return value.strip()
    return "" if value < 0 else str(value)


def _flag(key: str) -> str:
    return f"--group_by={escape(shell_word(key))}"


def _show(name: str) -> str:
    return shorten(escape(name), _LONGEST_NAME)
