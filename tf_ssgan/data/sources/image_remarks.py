"""What somebody should know about images that were read: bits, frames, and images without contrast.

Images that are nearly black or white are rarely meant: a converter may have failed, or values of
twelve bits were saved as colors of sixteen. Training would go on, and learn nothing from them.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from tf_ssgan.common import counts
from tf_ssgan.data import image_depth, image_files
from tf_ssgan.data.sources.image_entries import Remark

FEW = 5  # so many images without contrast are not worth a word, unless they are half of a class
CONTRAST = 32  # of 255; values below are nearly black, and values so far from the top nearly white


@dataclasses.dataclass(frozen=True)
class UsedImages:
    """The files that became images.

    Attributes:
        names: names of the files.
        labels: int64 [n], -1 for unlabeled ones.
        headers: what is known of the files.
        images: uint8 [n, h, w, c].
    """

    names: Sequence[str]
    labels: np.ndarray
    headers: Sequence[image_files.ImageFileInfo]
    images: np.ndarray


def find(used: UsedImages, bits: int) -> list[Remark]:
    """Returns the remarks about images.

    Args:
        used: the images.
        bits: bits in use of gray files with 16 bits.
    """
    return [*_wide(used, bits), *_several(used), *_without_contrast(used)]


def _wide(used: UsedImages, bits: int) -> Iterator[Remark]:
    rows = [row for row, header in enumerate(used.headers) if header.wide]
    if not rows:
        return
    peak = max(used.headers[row].peak for row in rows)
    if bits < image_depth.BITS[1]:
        yield _remark(
            "note", used, rows,
            f"have 16 bits a channel; the largest value is {peak:,}: all are read as {bits} bits",
            f"save them with 8 bits if 0 to {2**bits - 1:,} should not become black to white",
        )  # fmt: skip
    yield from _brighter(used, rows, bits)
    above = [row for row in rows if used.headers[row].peak >= 2**bits]
    if above:
        yield _remark(
            "warning", used, above,
            f"have values above {2**bits - 1:,}, the largest of the training images: these "
            "values become white", "make them in the same way as the training images",
        )  # fmt: skip


def _brighter(used: UsedImages, rows: Sequence[int], bits: int) -> Iterator[Remark]:
    """The few files whose values make all others dark: a hot pixel, or another camera."""
    needed = np.array([image_depth.bits(used.headers[row].peak) for row in rows])
    usual = int(np.median(needed))
    if usual < bits - 1:  # images may well be twice as bright as others
        yield _remark(
            "warning", used, [row for row, n in zip(rows, needed, strict=True) if n > usual],
            f"have values of more than {usual} bits, as most files do not: these become up to "
            f"{2 ** (bits - usual)} times darker",
            "leave them out, or cut off their largest values",
        )  # fmt: skip


def _several(used: UsedImages) -> Iterator[Remark]:
    rows = [row for row, header in enumerate(used.headers) if header.several]
    if rows:
        yield _remark(
            "note", used, rows, "have several frames; the first is used",
            "save the others as files of their own if they are needed",
        )  # fmt: skip


def _without_contrast(used: UsedImages) -> Iterator[Remark]:
    """Images that are nearly black, nearly white, or of one color."""
    if not len(used.images):
        return
    flat = used.images.reshape(len(used.images), -1)
    black, white = flat.max(axis=1) < CONTRAST, flat.min(axis=1) > 255 - CONTRAST
    # Two corners that are equal are quickly found, and the others need no look.
    uniform = (used.images[:, 0, 0] == used.images[:, -1, -1]).all(axis=1) & ~black & ~white
    for row in np.flatnonzero(uniform):
        uniform[row] = (used.images[row] == used.images[row, 0, 0]).all()
    for found, what in (
        (black, f"are nearly black: no value is above {CONTRAST - 1} of 255"),
        (white, f"are nearly white: no value is below {256 - CONTRAST} of 255"),
        (uniform, "have one color throughout"),
    ):
        if _many(found, used.labels):
            yield _remark(
                "warning", used, np.flatnonzero(found), what,
                "look at them, and make those anew that should show something",
            )  # fmt: skip


def _many(found: np.ndarray, labels: np.ndarray) -> bool:
    """Whether they are more than a few, or half of a class."""
    known = labels >= 0
    all_of_class = np.bincount(labels[known])
    found_of_class = np.bincount(labels[known & found], minlength=len(all_of_class))
    half = (2 * found_of_class >= all_of_class) & (found_of_class > 0)
    return found.sum() > FEW or bool(half.any())


def _remark(level: str, used: UsedImages, rows: Sequence[int], what: str, advice: str) -> Remark:
    names = tuple(used.names[row] for row in rows)
    return Remark(level, counts.say(len(names), "file", what), advice, names)
