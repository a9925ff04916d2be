"""Hashes of image contents: the order and the keys that splits depend on.

Which images are labeled or held out must not depend on file names, on the order of a directory, or
on whether the images came from an archive, a folder of image files or TensorFlow Datasets.
Therefore a run sorts its training images by a hash of their pixels, and splits are drawn from these
hashes: a new image is inserted in its place and leaves the order of all others unchanged.
"""

import dataclasses
import hashlib

import numpy as np

from tf_ssgan.data.dataset_info import Arrays

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def keys(images: np.ndarray) -> np.ndarray:
    """Returns uint64 [n], hashes of shape and pixels of uint8 images [n, h, w, c]."""
    shape = np.array(images.shape[1:], "<i4").tobytes()
    digests = (
        hashlib.blake2b(image.data, digest_size=8, key=shape).digest()
        for image in np.ascontiguousarray(images)
    )
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def sort_by_content(arrays: Arrays) -> Arrays:
    """Returns the same data with the training images sorted by the hash of their contents.

    Equal images are sorted by label, and then as in their source.
    """
    hashes = keys(arrays.train_images)
    order = np.lexsort((arrays.train_labels, hashes))
    return dataclasses.replace(
        arrays,
        train_images=arrays.train_images[order],
        train_labels=arrays.train_labels[order],
        train_held_out=None if arrays.train_held_out is None else arrays.train_held_out[order],
        train_groups=None if arrays.train_groups is None else arrays.train_groups[order],
        train_checked=None if arrays.train_checked is None else arrays.train_checked[order],
        train_keys=hashes[order],
        train_source_indices=order,
    )


def image_sources(arrays: Arrays, ids: np.ndarray) -> list[str] | list[int]:
    """Returns the files of training images, or their indices in the source if there are no files.

    Args:
        arrays: The data, sorted by `sort_by_content`.
        ids: int64 [n], indices of training images.
    """
    indices = arrays.train_source_indices[ids].tolist()
    return [arrays.train_files[index] for index in indices] if arrays.train_files else indices


def random_order(image_keys: np.ndarray, seed: int) -> np.ndarray:
    """Returns int64 [n], the indices of n keys in a random order.

    Every key gets a random number of its own, so adding keys does not change the order of the rest.
    The numbers are the outputs of SplitMix64 (Steele, Lea and Flood 2014) at states key + seed.

    Args:
        image_keys: uint64 [n].
        seed: Any integer; its lowest 64 bits are used.
    """
    z = image_keys + np.uint64(seed & 0xFFFFFFFFFFFFFFFF) + _GOLDEN  # wraps around, as intended
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(z ^ (z >> np.uint64(31)), kind="stable")
