"""Images by what is in them: the order and the keys that splits depend on.

Which images are labeled or held out must not hang on file names, on the order of a directory, or on
whether the images came as an archive, a folder of pictures or through TensorFlow Datasets. So a run
orders its training images by a hash of their pixels, and splits draw from these hashes: an added
image finds its place and moves no other's.
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


def ordered(arrays: Arrays) -> Arrays:
    """Returns the same data with the training images in the order of their contents.

    Equal images stand beside each other, by label and then as in their source.
    """
    found = keys(arrays.train_images)
    places = np.lexsort((arrays.train_labels, found))
    return dataclasses.replace(
        arrays,
        train_images=arrays.train_images[places],
        train_labels=arrays.train_labels[places],
        train_keys=found[places],
        train_places=places,
    )


def sources(arrays: Arrays, ids: np.ndarray) -> list[str] | list[int]:
    """Returns whence training images came: files, or else their places in the source."""
    places = arrays.train_places[ids].tolist()
    return [arrays.train_files[place] for place in places] if arrays.train_files else places


def shuffled(key: np.ndarray, word: int) -> np.ndarray:
    """Returns int64 [n], the places of n keys in a random order that a word chooses.

    Every key draws its own number, so that with more keys those that were there keep their order.
    The numbers are the outputs of SplitMix64 (Steele, Lea and Flood 2014) at the states key + word.

    Args:
        key: uint64 [n].
        word: Any integer; its lowest 64 bits count.
    """
    z = key + np.uint64(word & 0xFFFFFFFFFFFFFFFF) + _GOLDEN  # wraps around, as it should
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(z ^ (z >> np.uint64(31)), kind="stable")
