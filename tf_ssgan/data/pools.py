"""Pools: the images that streams draw from."""

import dataclasses

import numpy as np

from tf_ssgan.data.dataset_info import Arrays
from tf_ssgan.data.protocol import Protocol


@dataclasses.dataclass(frozen=True)
class Pool:
    """Images that a stream draws from.

    Attributes:
        images: uint8 [n, height, width, channels]; may be shared between pools.
        ids: int64 [size], which rows of `images` belong to the pool.
        labels: int64 [size], or None: an unlabeled pool carries no label at all.
    """

    images: np.ndarray
    ids: np.ndarray
    labels: np.ndarray | None = None


def merged(labeled: Pool, unlabeled: Pool, pseudo_labels: np.ndarray) -> Pool:
    """The labeled images, and after them the unlabeled ones that were given a label.

    Args:
        labeled: A pool with labels.
        unlabeled: A pool of the same images.
        pseudo_labels: int64 [unlabeled], -1 where there is none.
    """
    given = pseudo_labels >= 0
    return Pool(
        labeled.images,
        np.concatenate([labeled.ids, unlabeled.ids[given]]),
        np.concatenate([labeled.labels, pseudo_labels[given]]),
    )


def make_pools(
    arrays: Arrays, protocol: Protocol, pseudo_labels: np.ndarray | None = None
) -> dict[str, Pool]:
    """The pools that streams draw from. Without labels, label -1 is given to unlabeled images.

    Args:
        arrays: The data.
        protocol: Who is labeled.
        pseudo_labels: int64 [unlabeled], of a method that gives them, -1 where there is none.
    """
    labeled = Pool(arrays.train_images, protocol.labeled_ids, protocol.labels)
    unlabeled = Pool(arrays.train_images, protocol.unlabeled_ids)
    if not len(protocol.labeled_ids):
        nobody = np.full(len(unlabeled.ids), -1, np.int64)
        labeled = dataclasses.replace(unlabeled, labels=nobody)
    pools = {"labeled": labeled, "unlabeled": unlabeled, "clean": labeled}
    if protocol.clean_fraction:
        pools["clean"] = _subset(labeled, protocol.clean_ids)
    if len(protocol.noisy_ids):
        pools["noisy"] = _subset(labeled, protocol.noisy_ids)
    if pseudo_labels is not None:
        pools["merged"] = merged(labeled, unlabeled, pseudo_labels)
    return pools


def _subset(pool: Pool, ids: np.ndarray) -> Pool:
    """Those images of a pool, in its order, with their labels."""
    here = np.isin(pool.ids, ids)
    return dataclasses.replace(pool, ids=pool.ids[here], labels=pool.labels[here])
