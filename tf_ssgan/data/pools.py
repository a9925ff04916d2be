"""Pools: the sets of images that streams sample from."""

import dataclasses

import numpy as np

from tf_ssgan.data.dataset_info import Arrays
from tf_ssgan.data.protocol import Protocol


@dataclasses.dataclass(frozen=True)
class Pool:
    """Images that a stream samples from.

    Attributes:
        images: uint8 [n, height, width, channels]; may be shared between pools.
        ids: int64 [size], the rows of `images` that belong to the pool.
        labels: int64 [size], or None: an unlabeled pool has no labels at all.
        places: int64 [size], the indices of its images that batches tell; None for 0 to size - 1.
    """

    images: np.ndarray
    ids: np.ndarray
    labels: np.ndarray | None = None
    places: np.ndarray | None = None


def merge_pools(labeled: Pool, unlabeled: Pool, pseudo_labels: np.ndarray) -> Pool:
    """Returns the labeled images, followed by the unlabeled images with a pseudo-label.

    Args:
        labeled: A pool with labels.
        unlabeled: A pool of the same images.
        pseudo_labels: int64 [unlabeled], -1 for images without a pseudo-label.
    """
    selected = pseudo_labels >= 0
    return Pool(
        labeled.images,
        np.concatenate([labeled.ids, unlabeled.ids[selected]]),
        np.concatenate([labeled.labels, pseudo_labels[selected]]),
    )


def mix_pools(labeled: Pool, unlabeled: Pool) -> Pool:
    """Returns the unlabeled images with the labels of those that have one, else with -1.

    Args:
        labeled: A pool with labels, of some of the same images.
        unlabeled: A pool without labels.
    """
    labels = dict(zip(labeled.ids.tolist(), labeled.labels.tolist(), strict=True))
    known = [labels.get(one, -1) for one in unlabeled.ids.tolist()]
    return dataclasses.replace(unlabeled, labels=np.array(known, np.int64))


def subset(pool: Pool, places: np.ndarray) -> Pool:
    """Returns a part of a pool; batches tell the places of its images in the whole pool.

    Args:
        pool: A pool with labels.
        places: int64 [size], places in the pool.
    """
    return Pool(pool.images, pool.ids[places], pool.labels[places], places)


def make_pools(
    arrays: Arrays,
    protocol: Protocol,
    pseudo_labels: np.ndarray | None = None,
    subsets: dict[str, np.ndarray] | None = None,
) -> dict[str, Pool]:
    """Returns the pools of a run. If no image is labeled, all images get the label -1.

    Args:
        arrays: The data.
        protocol: Which images are labeled.
        pseudo_labels: int64 [unlabeled], -1 for images without a pseudo-label; None if the method
            has no pseudo-labels.
        subsets: Name of a further pool -> the places of its images in the labeled pool.
    """
    labeled = Pool(arrays.train_images, protocol.labeled_ids, protocol.labels)
    unlabeled = Pool(arrays.train_images, protocol.unlabeled_ids)
    if not len(protocol.labeled_ids):
        missing = np.full(len(unlabeled.ids), -1, np.int64)
        labeled = dataclasses.replace(unlabeled, labels=missing)
    pools = {"labeled": labeled, "unlabeled": unlabeled, "clean": labeled}
    if protocol.clean_fraction:
        pools["clean"] = _subset(labeled, protocol.clean_ids)
    if len(protocol.noisy_ids):
        pools["noisy"] = _subset(labeled, protocol.noisy_ids)
    if len(protocol.validation_ids):
        held_out = protocol.validation_ids
        pools["held_out"] = Pool(arrays.train_images, held_out, arrays.train_labels[held_out])
    pools["mixed"] = mix_pools(labeled, unlabeled)
    if pseudo_labels is not None:
        pools["merged"] = merge_pools(labeled, unlabeled, pseudo_labels)
    return pools | {name: subset(labeled, places) for name, places in (subsets or {}).items()}


def _subset(pool: Pool, ids: np.ndarray) -> Pool:
    """Returns the images of a pool that are among `ids`, in its order, with their labels."""
    selected = np.isin(pool.ids, ids)
    return dataclasses.replace(pool, ids=pool.ids[selected], labels=pool.labels[selected])
