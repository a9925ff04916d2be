"""Images that judge a run and nearly equal one of its training images, say saved again as JPEG.

Nobody can tell whether they show the same, so they judge, and are named.
"""

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, similar_images
from tf_ssgan.training import build

MOST_IMAGES = 20_000  # training images; with more of them the comparison takes long
MOST_BYTES = 2**30  # of all images that are compared


def find(run: build.Run, images: np.ndarray, judging: np.ndarray) -> dict[int, str] | None:
    """Finds images that nearly equal a training image of a run.

    Args:
        run: The run.
        images: uint8 [n, h, w, c] in the form of the run.
        judging: bool [n], those that are compared.

    Returns:
        Index of an image -> name of the most similar training image. None if the data of the run
        are gone or changed, or are too many.
    """
    try:
        arrays = run.arrays
    except errors.UserError:
        return None
    pool, indices = arrays.train_images, np.flatnonzero(judging)
    if len(pool) > MOST_IMAGES or pool.nbytes + images.nbytes > MOST_BYTES:
        return None
    every = np.concatenate([images[indices], pool])
    keys = content_hash.keys(every)
    first, rest = np.arange(len(indices)), np.arange(len(indices), len(every))
    pairs = similar_images.near_pairs(every, keys, first, rest)
    ids = np.array([other - len(indices) for _, other in pairs], np.int64)
    names = content_hash.image_sources(arrays, ids)
    found = {int(indices[one]): name for (one, _), name in zip(pairs, names, strict=True)}
    return {
        index: name if isinstance(name, str) else f"training image {name}"
        for index, name in found.items()
    }
