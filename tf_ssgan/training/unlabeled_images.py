"""Unaugmented images of the unlabeled pool of a run, as networks see them."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tf_ssgan.nn import distribution, pixels
from tf_ssgan.training.build import Run

# Images of the data-dependent initialization, as in the public code.
INITIALIZATION_IMAGES = 500
BLOCK = 1000  # images that are converted at a time
LONG = 1000  # values of an image from which on a covariance takes more than a second or two

_FEW = (
    "{images:,} unlabeled images are fewer than the {values:,} values of an image: whitening "
    "amplifies whatever does not occur in them, such as the noise of new images. "
    "--normalization=per_image or standardize have no such limit."
)


def initial_images(run: Run, count: int = INITIALIZATION_IMAGES) -> tf.Tensor:
    """At most `count` images, selected by the seed: float32 in [-1, 1]."""
    return pixels.to_float32(run.arrays.train_images[sample_unlabeled_ids(run, count)])


def sample_unlabeled_ids(run: Run, count: int) -> np.ndarray:
    """Ids of at most `count` unlabeled images, selected by the seed: int64 [n]."""
    return np.random.default_rng(run.config.seed).permutation(run.protocol.unlabeled_ids)[:count]


def blocks(run: Run) -> Iterator[np.ndarray]:
    """All unlabeled images, in blocks: float32 [some, h, w, c] in [-1, 1].

    Says what it is for if that takes long, and if there are too few of them for it.
    """
    images, ids = run.arrays.train_images, run.protocol.unlabeled_ids
    values = int(np.prod(images.shape[1:]))
    if values >= LONG and distribution.is_chief():
        print(
            f"Computing the whitening of images from {len(ids):,} unlabeled images of {values:,} "
            "values ...",
            flush=True,
        )
    if len(ids) < values and distribution.is_chief():
        print(_FEW.format(images=len(ids), values=values), flush=True)
    for first in range(0, len(ids), BLOCK):
        yield np.asarray(pixels.to_float32(images[ids[first : first + BLOCK]]))
