"""What becomes of files whose images are smaller, larger or of another shape than they are."""

from collections.abc import Iterator

import numpy as np

from tf_ssgan.common import counts
from tf_ssgan.data.sources import image_reader
from tf_ssgan.data.sources.image_entries import Remark

SHRUNK = 4  # a file that is so many times larger than its image loses what may matter
ENLARGED = 1.5  # so much larger images than files only cost time
STRETCHED = 2  # a file is stretched if its longer side is more than this times its shorter side
# A size to try: large enough for most photos, and training on a CPU is still a matter of hours.
_USUAL, _LARGE = 96, 224
_LEAST = 8  # pixels, the smallest --image_size
_STEP = 8  # sizes to try are multiples of it


def find(loaded: image_reader.LoadedImages, fit: str) -> list[Remark]:
    """Returns the remarks about sizes.

    Args:
        loaded: The images.
        fit: How files become square, see `image_decoding`.
    """
    if not len(loaded.usable):
        return []
    headers = [loaded.records[row].header for row in loaded.usable]
    sides = np.array([(header.width, header.height) for header in headers])
    size = loaded.images.shape[1]
    names = [loaded.listing.entries[row].name for row in loaded.usable]
    found = [*_shrunk(sides, size, fit), *_enlarged(sides, size, fit)]
    return found + ([*_stretched(sides, names)] if fit == "resize" else [])


def factors(sides: np.ndarray, size: int, fit: str) -> np.ndarray:
    """How many times larger files are than their images, float [n]; below 1 if they are smaller.

    Args:
        sides: int [n, 2], width and height of the files in pixels.
        size: Width and height of the images in pixels.
        fit: "crop" keeps the shorter side, "pad" the longer one; for "resize", which keeps both,
            it is the mean (geometric) of both.
    """
    whole = {"crop": sides.min(axis=1), "pad": sides.max(axis=1)}
    return whole.get(fit, np.sqrt(sides.prod(axis=1, dtype=np.float64))) / size


def _shrunk(sides: np.ndarray, size: int, fit: str) -> Iterator[Remark]:
    factor = float(np.median(factors(sides, size, fit)))
    if factor < SHRUNK:
        return
    width, height = _median_file(sides)
    yield Remark(
        "note",
        f"the images are {size} x {size} pixels, the files {factor:,.0f} times larger (median "
        f"{width:,} x {height:,}): what is smaller than {factor:,.0f} pixels in a file is gone",
        _larger(size, int(np.median(sides.min(axis=1)))),
    )


def _larger(size: int, side: int) -> str:
    """What to do if images are too small: a larger size, with what it costs; or other files.

    Args:
        size: Of the images.
        side: Shorter side of the files, median.
    """
    larger = min(3 * size, _USUAL) if 2 * size <= _USUAL else min(2 * size, _LARGE)
    larger = min(larger, side) // _STEP * _STEP
    cut = "cut out of the files what matters, if it is small in them"
    if larger < 1.25 * size:
        return cut
    longer = (larger / size) ** 2
    return (
        f"try --image_size={larger}, with which a step takes about {longer:.2g} times as long; or "
        f"{cut}"
    )


def _enlarged(sides: np.ndarray, size: int, fit: str) -> Iterator[Remark]:
    factor = 1 / factors(sides, size, fit)
    small = factor >= ENLARGED
    if not small.any():
        return
    width, height = _median_file(sides[small])
    least, most = f"{factor[small].min():.2g}", f"{factor.max():.2g}"
    times = f"{most} times" if least == most else f"{least} to {most} times"
    enough = max(_LEAST, -(-max(width, height) // _STEP) * _STEP)
    advice = "replace them by larger files, if there are any"
    if 2 * small.sum() >= len(small) and enough < size:
        advice = f"--image_size={enough} is enough for most of them, and faster"
    yield Remark(
        "note",
        f"{counts.say(int(small.sum()), 'file', 'are smaller')} than the images ({size} x {size} "
        f"pixels) and enlarged {times} (median {width:,} x {height:,}), which adds no details",
        advice,
    )


def _stretched(sides: np.ndarray, names: list[str]) -> Iterator[Remark]:
    long = sides.max(axis=1) > STRETCHED * sides.min(axis=1)
    if long.any():
        what = "are squeezed: one side is more than twice the other"
        yield Remark(
            "note",
            counts.say(int(long.sum()), "image", what),
            "--fit=pad keeps all of them, --fit=crop their center",
            tuple(names[row] for row in np.flatnonzero(long)),
        )


def _median_file(sides: np.ndarray) -> tuple[int, int]:
    """Width and height of the file whose area is the median."""
    order = np.argsort(sides.prod(axis=1, dtype=np.int64), kind="stable")
    width, height = sides[order[len(order) // 2]].tolist()
    return width, height
