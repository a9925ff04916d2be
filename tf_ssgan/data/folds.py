"""Cross-validation: the labeled images are divided into folds, and each of these is tested once.

The run of a fold learns from all other images and is tested on those of its fold. Classes are as
frequent in each fold as in all of them, to within an image where that is possible. Which fold an
image is in depends on its contents and on a seed, not on names or on the order of files. Images of
one group, such as a patient, and equal images are never divided, so no image that is tested has
been learned under another name.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, dataset_info, fold_checks, label_noise, splits
from tf_ssgan.data.dataset_info import Arrays

FEWEST = 2  # folds
_STREAM = 4  # of random numbers of a split seed; `splits` has the ones before
_TRIES, _PLACED = 8, 50_000  # numbers of folds that may be tried, and units in all; a second
_ONE = 2**50  # weights of classes are whole numbers, so that no rounding decides


def take(arrays: Arrays, folds: int, fold: int, seed: int) -> Arrays:
    """Makes the data set of a fold: its images are tested, and all others are for training.

    Test images that the data set names are left out. Images that it holds out stay held out in
    every fold and are not tested. Images without a label that are equal to a tested one, or of its
    group, leave the training images too.

    Args:
        arrays: The data set, sorted by `content_hash.sort_by_content`.
        folds: Number of folds, 2 or more.
        fold: The one that is tested, in 0..folds-1.
        seed: The split seed.

    Raises:
        UserError: The images cannot be divided into so many folds.
    """
    own = _divide(arrays, folds, seed)
    train_images = arrays.train_images[own != fold]
    return dataclasses.replace(
        _select(arrays, own, fold),
        info=_info(arrays.info, train_images),
        train_images=train_images,
        test_images=arrays.train_images[(own == fold) & _testable(arrays)],
    )


def outlines(arrays: Arrays, folds: int, seed: int) -> Iterator[Arrays]:
    """Yields what `take` makes of each fold, without its pixels, which would need much memory.

    All images are black, and the statistics are those of the data set. A split and a fingerprint,
    which follow from keys, labels and groups, are those of the fold.

    Args:
        arrays: As for `take`.
        folds: Number of folds, 2 or more.
        seed: The split seed.

    Raises:
        UserError: As `take`.
    """
    own = _divide(arrays, folds, seed)
    for fold in range(folds):
        part = _select(arrays, own, fold)
        black = (
            np.broadcast_to(np.uint8(0), (len(labels), *arrays.train_images.shape[1:]))
            for labels in (part.train_labels, part.test_labels)
        )
        train_images, test_images = black
        yield dataclasses.replace(part, train_images=train_images, test_images=test_images)


def assign(
    labels: np.ndarray,
    keys: np.ndarray,
    folds: int,
    seed: int,
    groups: np.ndarray | None = None,
    testable: np.ndarray | None = None,
) -> np.ndarray:
    """The fold of each image; a pure function of its arguments.

    What may not be divided is given as a whole to the fold that has least of its classes, the
    largest first; if several have equally few, to the one with the fewest images.

    Args:
        labels: int64 [n], -1 for unknown labels.
        keys: uint64 [n], `content_hash.keys` of the images; equal images are in one fold.
        folds: Number of folds.
        seed: The split seed, 0 or more.
        groups: int64 [n], images of one group are in one fold; None if each is its own.
        testable: bool [n], the images that are tested; by default all with a label.

    Returns:
        int64 [n], in 0..folds-1; -1 for images that leave no fold's training images.
    """
    testable = labels >= 0 if testable is None else testable
    units = _units(keys, groups)
    classes = int(labels.max(initial=0)) + 1
    pairs, counts = np.unique(
        units[testable] * classes + labels[testable], return_counts=True
    )  # images of a unit and a class, sorted by both
    names, starts = np.unique(pairs // classes, return_index=True)
    ends = np.append(starts[1:], len(pairs))
    of_class = np.bincount(labels[testable], minlength=classes)
    weights = _ONE // np.maximum(of_class, 1) ** 2
    sizes = np.add.reduceat(counts, starts) if len(starts) else starts
    ranks = _ranks(keys, seed, units, names, testable)
    images, total = np.zeros((folds, classes), np.int64), np.zeros(folds, np.int64)
    fold_of_unit = np.full(int(units.max(initial=0)) + 1, -1)
    for unit in np.lexsort((ranks, pairs[starts] % classes, -sizes)):
        own = slice(starts[unit], ends[unit])
        kinds, more = pairs[own] % classes, counts[own]
        crowded = (images[:, kinds] * (more * weights[kinds])).sum(axis=1)
        chosen = int(np.lexsort((total, crowded))[0])
        images[chosen, kinds] += more
        total[chosen] += sizes[unit]
        fold_of_unit[names[unit]] = chosen
    return fold_of_unit[units]


def default_pool(known: np.ndarray, own: np.ndarray) -> int:
    """How many images that may be held out the fold has that trains with fewest.

    All folds decide by it how many images are held out by default, so that all do the same.

    Args:
        known: bool [n], the images that `splits.may_be_held_out`.
        own: int64 [n], the fold of each image, as `assign`.
    """
    return int(known.sum() - np.bincount(own[known & (own >= 0)], minlength=1).max())


def left_out(arrays: Arrays, folds: int) -> list[str]:
    """Sentences on the images of a whole data set that no fold tests.

    Args:
        arrays: The data set, before it is divided.
        folds: Number of folds.
    """
    name, tests = arrays.info.name, len(arrays.test_labels)
    held_out = 0 if arrays.train_held_out is None else int(arrays.train_held_out.sum())
    sentences = []
    if tests:
        own = "its 1 test image is" if tests == 1 else f"its {tests:,} test images are"
        sentences.append(
            f"{name}: {own} left out. With --folds={folds} the labeled training images are tested, "
            "each in its fold."
        )
    if held_out:
        own = "1 image that the data hold out stays"
        own = own if held_out == 1 else f"{held_out:,} images that the data hold out stay"
        sentences.append(f"{name}: {own} held out in every fold, and no fold tests them.")
    return sentences


def _testable(arrays: Arrays) -> np.ndarray:
    """The images that some fold tests, bool [n]."""
    known = arrays.train_labels >= 0
    return known if arrays.train_held_out is None else known & ~arrays.train_held_out


def _divide(arrays: Arrays, folds: int, seed: int) -> np.ndarray:
    """The fold of each image, as `assign`.

    Raises:
        UserError: A fold would test nothing, or leave a class without an image to learn.
    """
    testable, classes = _testable(arrays), arrays.info.classes
    units, labels = _units(arrays.train_keys, arrays.train_groups), arrays.train_labels
    fold_checks.check(labels[testable], classes, folds, units[testable])

    def attempt(count: int) -> tuple[np.ndarray, str]:
        own = assign(labels, arrays.train_keys, count, seed, arrays.train_groups, testable)
        return own, _problem(own[testable], labels[testable], classes, count)

    own, problem = attempt(folds)
    if not problem:
        return own
    others = _others(folds, len(np.unique(units[testable])))
    best = next((count for count in others if not attempt(count)[1]), None)
    advice = f"Give --folds={best}." if best else "Label more images of it, of other groups."
    raise errors.UserError(
        f"--folds={folds}: {problem}, because equal images and images of one group stay together. "
        + advice
    )


def _others(folds: int, units: int) -> list[int]:
    """The numbers of folds that are tried if one does not work, the nearest first.

    As many folds as units always work, if no class is one unit, but fewer often do.
    """
    tries = max(1, min(_TRIES, _PLACED // units))
    near = range(max(FEWEST, folds - tries), min(units, folds + tries) + 1)
    return sorted({*near} - {folds}, key=lambda count: (abs(count - folds), count))[:tries]


def _problem(own: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], folds: int) -> str:
    """What is wrong with a division, a part of a sentence; empty if nothing is.

    No fold is without images, as there are as many units as folds or more: `assign` fills empty
    folds first.
    """
    images = np.zeros((folds, len(classes)), np.int64)
    np.add.at(images, (own, labels), 1)
    lost = (images == images.sum(axis=0)) & (images > 0)
    if lost.any():
        fold, kind = np.argwhere(lost)[0]
        return f"all labeled images of class {classes[kind]!r} would be in fold {fold}"
    return ""


def _select(arrays: Arrays, own: np.ndarray, fold: int) -> Arrays:
    """The data set of a fold, but with the images and the statistics of the whole."""
    kept, tested = own != fold, (own == fold) & _testable(arrays)
    return dataclasses.replace(
        arrays,
        train_labels=arrays.train_labels[kept],
        test_labels=arrays.train_labels[tested],
        test_groups=_rows(arrays.train_groups, tested),
        test_files=_files(arrays, tested),
        train_held_out=_rows(arrays.train_held_out, kept),
        train_groups=_rows(arrays.train_groups, kept),
        train_checked=_rows(arrays.train_checked, kept),
        train_keys=arrays.train_keys[kept],
        train_source_indices=arrays.train_source_indices[kept],
        test_keys=arrays.train_keys[tested],
        default_pool=default_pool(
            splits.may_be_held_out(arrays.train_labels, arrays.train_checked), own
        ),
    )


def _units(keys: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Numbers what may not be divided: images that are equal or of one group, int64 [n]."""
    same = np.unique(keys, return_inverse=True)[1]
    if groups is None:
        return same
    group, units = np.unique(groups, return_inverse=True)[1], same
    while True:  # an image may be equal to one of another group, which is equal to one of a third
        by_group = _smallest(units, group)[group]
        joined = _smallest(by_group, same)[same]
        if np.array_equal(joined, units):
            return units
        units = joined


def _smallest(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """The smallest of some values [n] in each part; parts [n] are numbered from 0."""
    smallest = np.full(int(parts.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, parts, values)
    return smallest


def _ranks(
    keys: np.ndarray, seed: int, units: np.ndarray, names: np.ndarray, testable: np.ndarray
) -> np.ndarray:
    """A random rank of each unit: that of the first of its tested images, int64 [units]."""
    order = content_hash.random_order(keys, int(label_noise.bits(1, seed, _STREAM)[0]))
    rank = np.empty(len(keys), np.int64)
    rank[order] = np.arange(len(keys))
    return _smallest(rank[testable], np.searchsorted(names, units[testable]))


def _info(info: dataset_info.DatasetInfo, train: np.ndarray) -> dataset_info.DatasetInfo:
    """The info of a fold: statistics that were measured do not look at its test images."""
    if info.name in dataset_info.KNOWN:
        return info
    mean, std = dataset_info.channel_statistics(train)
    return dataclasses.replace(info, mean=mean, std=std)


def _rows(values: np.ndarray | None, kept: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[kept]


def _files(arrays: Arrays, kept: np.ndarray) -> tuple[str, ...]:
    """The files of some images; empty if the images are not files of their own."""
    if not arrays.train_files:
        return ()
    return tuple(content_hash.image_sources(arrays, np.flatnonzero(kept)))
