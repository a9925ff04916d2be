"""Pictures that are there twice: to the pixel, or nearly.

A test picture that was trained on makes the test error too small, so pairs across that border are
what matters. Near ones (saved anew, brightened by a little) are found by a difference hash: of the
picture in gray at 9x8, whether each block is brighter than its neighbor.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from tf_ssgan.diagnostics.findings import Finding

SECTION = "Data"
LARGEST = 20_000  # pictures that the test pictures are compared with
DISTANCE = 3  # bits of 64 in which the hashes of near duplicates may differ
COMMON = 0.05  # a hash that a larger share of the pictures has says nothing,
FEW = 20  # unless they are no more than this
PAIRS = 10  # near duplicates that the text names

# Below these, blocks count as equally bright, and pictures as nearly equal. The closest two of the
# 1,797 digits differ by 5.8 gray levels, the closest garments of Fashion-MNIST by 4.5; a 32x32
# photograph saved as JPEG of quality 75 differs from itself by less than 4 in 95 of 100 cases.
MARGIN = 2.0  # gray levels; without it, JPEG's noise decides in plain areas
CLOSE = 4.0  # gray levels, mean over the pixels
FAINT = 0.25  # the same in standard deviations of the picture: faint ones are all close

_BLOCK = 256  # test pictures compared at a time
_MEMBERS = 4  # pictures of a group that are named


@dataclasses.dataclass(frozen=True)
class ImagesToCompare:
    """Pictures that are compared.

    Attributes:
        keys: uint64 [n], hashes of their pixels.
        labels: int64 [n]; -1 without.
        test: bool [n], whether they judge.
        names: [n], for people.
        classes: names of the labels.
    """

    keys: np.ndarray
    labels: np.ndarray
    test: np.ndarray
    names: Sequence[str]
    classes: tuple[str, ...]


def exact(pictures: ImagesToCompare) -> Iterator[Finding]:
    """Pictures with the same pixels, at the size of the images."""
    groups = _groups(pictures.keys)
    leaks = [pair for group in groups for pair in _leaks(pictures, group)]
    torn = [_torn(pictures, group) for group in groups if _labels(pictures, group) > 1]
    surplus = sum(max(0, int((~pictures.test[group]).sum()) - 1) for group in groups)
    if leaks:
        yield Finding(
            SECTION, "warning",
            f"{len(leaks):,} test picture(s) have the pixels of one that is learned from",
            "take them out of one of the two sides: they make the test error too small",
            tuple(leaks),
        )  # fmt: skip
    if torn:
        yield Finding(
            SECTION, "warning", f"{len(torn):,} picture(s) have copies in different classes",
            "decide on one class for each, and remove the other copies", tuple(torn),
        )  # fmt: skip
    if surplus:
        yield Finding(
            SECTION, "note", f"{surplus:,} picture(s) to learn from are copies of others",
            "keep one of each, unless they are meant to count more than once",
        )  # fmt: skip
    if not groups:
        yield Finding(SECTION, "ok", "no two pictures have the same pixels")


def _groups(keys: np.ndarray) -> list[np.ndarray]:
    """Places of equal keys, for each key that occurs more than once."""
    order = np.argsort(keys, kind="stable")
    borders = np.flatnonzero(np.diff(keys[order])) + 1
    return [group for group in np.split(order, borders) if len(group) > 1]


def _leaks(pictures: ImagesToCompare, group: np.ndarray) -> Iterator[str]:
    """Each test picture of a group, beside the first of those that are learned from."""
    learned = group[~pictures.test[group]]
    for place in group[pictures.test[group]] if len(learned) else ():
        yield f"{pictures.names[place]} = {pictures.names[learned[0]]}"


def _labels(pictures: ImagesToCompare, group: np.ndarray) -> int:
    """How many classes the labeled pictures of a group have."""
    labels = pictures.labels[group]
    return len(np.unique(labels[labels >= 0]))


def _torn(pictures: ImagesToCompare, group: np.ndarray) -> str:
    """Names the labeled pictures of a group, one of each class first."""
    labeled = group[pictures.labels[group] >= 0]
    first = np.unique(pictures.labels[labeled], return_index=True)[1]
    order = np.concatenate([labeled[first], np.delete(labeled, first)])
    told = [
        f"{pictures.names[place]} ({pictures.classes[pictures.labels[place]]})"
        for place in order[:_MEMBERS]
    ]
    more = f" and {len(order) - _MEMBERS:,} others" if len(order) > _MEMBERS else ""
    return " = ".join(told) + more


# --- Near duplicates ------------------------------------------------------------------------------


def near(images: np.ndarray, pictures: ImagesToCompare) -> Iterator[Finding]:
    """Test pictures that nearly equal one that is learned from.

    Args:
        images: uint8 [n, h, w, c].
        pictures: what is known of them.
    """
    test, rest = np.flatnonzero(pictures.test), np.flatnonzero(~pictures.test)
    told = ""
    if len(rest) > LARGEST:
        told = f" (of {len(rest):,} pictures to learn from, a random {LARGEST:,} were compared)"
        rest = np.sort(np.random.default_rng(0).choice(rest, LARGEST, replace=False))
    pairs = near_pairs(images, pictures.keys, test, rest)
    if not pairs:
        yield Finding(SECTION, "ok", f"no test picture nearly equals one to learn from{told}")
        return
    count = len({one for one, _ in pairs})
    yield Finding(
        SECTION, "warning", f"{count:,} test picture(s) nearly equal one to learn from{told}",
        "look at both, and take them out of one of the two sides if they show the same",
        tuple(f"{pictures.names[one]} ~ {pictures.names[other]}" for one, other in pairs), PAIRS,
    )  # fmt: skip


def near_pairs(
    images: np.ndarray, keys: np.ndarray, test: np.ndarray, rest: np.ndarray
) -> list[tuple[int, int]]:
    """Finds pairs that are nearly but not exactly equal.

    Args:
        images: uint8 [n, h, w, c].
        keys: uint64 [n], hashes of their pixels.
        test: places of the one side.
        rest: places of the other.

    Returns:
        (place in `test`, place in `rest`), the most similar pair of each test picture, the most
        similar first.
    """
    test_hashes, rest_hashes = hashes(images, test), hashes(images, rest)
    common = _common(test_hashes, rest_hashes)
    telling = ~np.isin(test_hashes, common)
    test, test_hashes = test[telling], test_hashes[telling]
    telling = ~np.isin(rest_hashes, common)
    rest, rest_hashes = rest[telling], rest_hashes[telling]
    best: dict[int, tuple[float, int]] = {}
    for start in range(0, len(test), _BLOCK):
        differ = test_hashes[start : start + _BLOCK, None] ^ rest_hashes
        rows, columns = np.nonzero(np.bitwise_count(differ) <= DISTANCE)
        left, right = test[rows + start], rest[columns]
        unlike = keys[left] != keys[right]
        for far, a, b in _close(images, left[unlike], right[unlike]):
            best[a] = min(best.get(a, (CLOSE, -1)), (far, b))
    return [(a, b) for a, (_, b) in sorted(best.items(), key=lambda item: item[1])]


def _close(
    images: np.ndarray, left: np.ndarray, right: np.ndarray
) -> Iterator[tuple[float, int, int]]:
    """The pairs whose pixels nearly equal each other, with the difference in front."""
    far = _differences(images, left, right)
    for pair in np.flatnonzero(far < CLOSE):
        if far[pair] < FAINT * images[left[pair]].std():
            yield float(far[pair]), int(left[pair]), int(right[pair])


def hashes(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Returns uint64 [places], the difference hashes of some images."""
    found = np.zeros(len(places), np.uint64)
    high, wide = _averaging(8, images.shape[1]), _averaging(9, images.shape[2])
    for start in range(0, len(places), _BLOCK):
        gray = images[places[start : start + _BLOCK]].mean(axis=-1, dtype=np.float32)
        blocks = high @ gray @ wide.T
        bits = (np.diff(blocks, axis=2) > MARGIN).reshape(len(gray), 64)
        found[start : start + _BLOCK] = np.packbits(bits, axis=1).view(np.uint64)[:, 0]
    return found


def _averaging(blocks: int, pixels: int) -> np.ndarray:
    """float32 [blocks, pixels]: means over equal pieces of a line, parts of pixels included."""
    edges = np.linspace(0, pixels, blocks + 1)
    ends = np.arange(1, pixels + 1)
    covered = np.minimum(edges[1:, None], ends) - np.maximum(edges[:-1, None], ends - 1)
    covered = np.clip(covered, 0, None)
    return (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)


def _common(*found: np.ndarray) -> np.ndarray:
    """Hashes that say nothing: those of plain pictures, and those that many pictures have."""
    values, counts = np.unique(np.concatenate(found), return_counts=True)
    many = values[counts > max(FEW, COMMON * counts.sum())]
    return np.concatenate([many, np.array([0, 2**64 - 1], np.uint64)])


def _differences(images: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mean absolute differences of pairs, in gray levels."""
    found = np.zeros(len(left))
    for start in range(0, len(left), _BLOCK):
        one = images[left[start : start + _BLOCK]].astype(np.int16)
        other = images[right[start : start + _BLOCK]]
        found[start : start + _BLOCK] = np.abs(one - other).mean(axis=(1, 2, 3))
    return found
