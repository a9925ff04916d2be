"""The cache of images that were decoded from archives: an array of each archive, and what it is.

Both files lie in the cache folder itself and are named by the contents of the archive. What was not
used for 60 days is removed. See `common.cache` for what is trusted.
"""

import numpy as np

from tf_ssgan.common import cache


def read(name: str) -> np.ndarray | None:
    """Reads the images of an archive.

    Args:
        name: name of both files, without their suffixes.

    Returns:
        uint8 [n, h, w, c]; None if there are none, or, with a word, if they are damaged.
    """
    folder = cache.trusted_folder(unused_days=cache.UNUSED_DAYS)
    if folder is None:
        return None
    try:
        about = cache.read_json(folder / f"{name}.json")
        if about is None:
            return None
        images = cache.read_array(folder / f"{name}.npy", tuple(about["shape"]), "|u1")
        wrong = images is not None and about["checksum"] != cache.checksum(images)
        if wrong or about["name"] != name:
            raise cache.DamagedError("these are the images of something else")
    except (ValueError, KeyError, TypeError):  # a DamagedError is a ValueError
        cache.say("The cache of decoded images was damaged: the images are decoded anew.")
        return None
    return images


def write(images: np.ndarray, name: str) -> None:
    """Keeps the images of an archive.

    Args:
        images: uint8 [n, h, w, c].
        name: name of both files, without their suffixes.
    """
    folder = cache.trusted_folder()
    if folder and cache.write_array(images, folder / f"{name}.npy"):
        about = {"name": name, "shape": images.shape, "checksum": cache.checksum(images)}
        cache.write_json(about, folder / f"{name}.json")
