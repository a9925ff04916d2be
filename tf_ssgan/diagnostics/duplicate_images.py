"""Finds duplicate images: with the same pixels (see `data.equal_images`), or nearly.

Near duplicates (saved again, brightened a little) are found by a difference
hash: for the image in gray at 9x8 blocks, whether each block is brighter than its neighbor.
"""

from collections.abc import Iterator

import numpy as np

from tf_ssgan.common import counts
from tf_ssgan.data import equal_images
from tf_ssgan.data.equal_images import ImagesToCompare
from tf_ssgan.diagnostics.findings import Finding

SECTION = "Data"
MAX_TRAIN = 20_000  # training images that test images are compared with
MAX_BITS = 3  # bits of 64 in which the hashes of near duplicates may differ
COMMON = 0.05  # a hash that a larger share of the images has is ignored,
FEW = 20  # unless no more than this many images have it
MAX_PAIRS = 10  # near duplicates that are printed

# Below these thresholds, blocks count as equally bright and images as nearly equal. The two most
# similar of the 1,797 digits differ by 5.8 gray levels, those of Fashion-MNIST by 4.5. A 32x32
# photograph saved as JPEG of quality 75 differs from itself by less than 4 in 95 of 100 cases.
MARGIN = 2.0  # gray levels; without it, JPEG's noise would decide in plain areas
CLOSE = 4.0  # gray levels, mean over the pixels
FAINT = 0.25  # CLOSE in standard deviations of the image; images of low contrast are all similar

_BLOCK = 256  # test images compared at a time


def check_exact(compared: ImagesToCompare) -> Iterator[Finding]:
    """Images with the same pixels, after they are resized; training says the same of them."""
    for remark in equal_images.remarks(compared):
        yield Finding(SECTION, remark.level, remark.text, remark.advice, remark.names)
    if len(np.unique(compared.keys)) == len(compared.keys):
        yield Finding(SECTION, "ok", "no two images have the same pixels")


# --- Near duplicates ------------------------------------------------------------------------------


def check_near(images: np.ndarray, compared: ImagesToCompare) -> Iterator[Finding]:
    """Test images that nearly equal a training image.

    Args:
        images: uint8 [n, h, w, c].
        compared: what is known of them.
    """
    test, train = np.flatnonzero(compared.test), np.flatnonzero(~compared.test)
    note = ""
    if len(train) > MAX_TRAIN:
        note = f" (of {len(train):,} training images, {MAX_TRAIN:,} random ones were compared)"
        train = np.sort(np.random.default_rng(0).choice(train, MAX_TRAIN, replace=False))
    pairs = near_pairs(images, compared.keys, test, train)
    if not pairs:
        yield Finding(SECTION, "ok", f"no test image nearly equals a training image{note}")
        return
    count = len({one for one, _ in pairs})
    yield Finding(
        SECTION, "warning", f"{counts.things(count, 'test image')} nearly equal"
        f"{'s' * (count == 1)} a training image{note}",
        "compare them, and remove them from training or from the test if they show the same",
        tuple(f"{compared.names[one]} ~ {compared.names[other]}" for one, other in pairs),
        MAX_PAIRS,
    )  # fmt: skip


def near_pairs(
    images: np.ndarray, keys: np.ndarray, test: np.ndarray, train: np.ndarray
) -> list[tuple[int, int]]:
    """Finds pairs that are nearly but not exactly equal.

    Args:
        images: uint8 [n, h, w, c].
        keys: uint64 [n], hashes of their pixels.
        test: int64 [test images], indices into `images`.
        train: int64 [training images], indices into `images`.

    Returns:
        (index of a test image, index of a training image), the most similar pair of each test
        image; the most similar pairs come first.
    """
    test_hashes, train_hashes = difference_hashes(images, test), difference_hashes(images, train)
    common = _common_hashes(test_hashes, train_hashes)
    rare = ~np.isin(test_hashes, common)
    test, test_hashes = test[rare], test_hashes[rare]
    rare = ~np.isin(train_hashes, common)
    train, train_hashes = train[rare], train_hashes[rare]
    best: dict[int, tuple[float, int]] = {}
    for start in range(0, len(test), _BLOCK):
        bits = test_hashes[start : start + _BLOCK, None] ^ train_hashes
        rows, columns = np.nonzero(np.bitwise_count(bits) <= MAX_BITS)
        left, right = test[rows + start], train[columns]
        not_equal = keys[left] != keys[right]
        for difference, a, b in _close_pairs(images, left[not_equal], right[not_equal]):
            best[a] = min(best.get(a, (CLOSE, -1)), (difference, b))
    return [(a, b) for a, (_, b) in sorted(best.items(), key=lambda item: item[1])]


def _close_pairs(
    images: np.ndarray, left: np.ndarray, right: np.ndarray
) -> Iterator[tuple[float, int, int]]:
    """Yields (difference, left, right) for the pairs whose pixels are nearly equal."""
    differences = _differences(images, left, right)
    for pair in np.flatnonzero(differences < CLOSE):
        if differences[pair] < FAINT * images[left[pair]].std():
            yield float(differences[pair]), int(left[pair]), int(right[pair])


def difference_hashes(images: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Returns uint64 [indices], the difference hashes of some images."""
    hashes = np.zeros(len(indices), np.uint64)
    high, wide = _block_means(8, images.shape[1]), _block_means(9, images.shape[2])
    for start in range(0, len(indices), _BLOCK):
        gray = images[indices[start : start + _BLOCK]].mean(axis=-1, dtype=np.float32)
        blocks = high @ gray @ wide.T
        bits = (np.diff(blocks, axis=2) > MARGIN).reshape(len(gray), 64)
        hashes[start : start + _BLOCK] = np.packbits(bits, axis=1).view(np.uint64)[:, 0]
    return hashes


def _block_means(blocks: int, pixels: int) -> np.ndarray:
    """float32 [blocks, pixels]: a matrix that averages a line over blocks of equal length."""
    edges = np.linspace(0, pixels, blocks + 1)
    ends = np.arange(1, pixels + 1)
    covered = np.minimum(edges[1:, None], ends) - np.maximum(edges[:-1, None], ends - 1)
    covered = np.clip(covered, 0, None)
    return (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)


def _common_hashes(*hashes: np.ndarray) -> np.ndarray:
    """Hashes to ignore: those of plain images, and those that many images have."""
    values, counts = np.unique(np.concatenate(hashes), return_counts=True)
    many = values[counts > max(FEW, COMMON * counts.sum())]
    return np.concatenate([many, np.array([0, 2**64 - 1], np.uint64)])


def _differences(images: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mean absolute differences of pairs, in gray levels."""
    differences = np.zeros(len(left))
    for start in range(0, len(left), _BLOCK):
        one = images[left[start : start + _BLOCK]].astype(np.int16)
        other = images[right[start : start + _BLOCK]]
        differences[start : start + _BLOCK] = np.abs(one - other).mean(axis=(1, 2, 3))
    return differences
