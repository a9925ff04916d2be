"""Finds duplicate images: with the same pixels (see `data.equal_images`), or nearly.

See `data.similar_images` for those that are nearly equal.
"""

from collections.abc import Iterator

import numpy as np

from tf_ssgan.common import counts
from tf_ssgan.data import equal_images, similar_images
from tf_ssgan.data.equal_images import ImagesToCompare
from tf_ssgan.diagnostics.findings import Finding

SECTION = "Data"
MAX_TRAIN = 20_000  # training images that test images are compared with
MAX_PAIRS = 10  # near duplicates that are printed


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
    pairs = similar_images.near_pairs(images, compared.keys, test, train)
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
