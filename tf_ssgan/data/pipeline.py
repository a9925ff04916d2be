"""Streams: step s of a run is a pure function of (seed, s).

A position becomes an epoch and a place, the place an index by a permutation that is computed and
not stored, the index an image, the image its views. There is no shuffle buffer and no iterator
to save: a run resumes by saying where it is.
"""

import dataclasses
import zlib

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import transforms
from tf_ssgan.core.task import Stream
from tf_ssgan.data import pools
from tf_ssgan.nn import step_random


@dataclasses.dataclass(frozen=True)
class Host:
    """Which replicas' rows this process makes.

    Attributes:
        replicas: Replicas over all hosts.
        local: Replicas of this host.
        first: Rank of this host's first replica.
    """

    replicas: int = 1
    local: int = 1
    first: int = 0


def dataset(
    pools: dict[str, pools.Pool],
    streams: dict[str, Stream],
    seed: int,
    start_step: int,
    host: Host = Host(),  # noqa: B008 - frozen
) -> tf.data.Dataset:
    """An endless dataset of per-replica batches, from a step on.

    Element i is the batch of local replica i mod `host.local` at step
    `start_step` + i // `host.local`.

    Args:
        pools: Name -> pool.
        streams: Name -> stream; its examples must divide by `host.replicas`.
        seed: The run's seed.
        start_step: The first step.
        host: Whose rows to make.

    Returns:
        A dataset of {stream: {"index": int64 [rows] places in the pool, view: float32
        [rows, h, w, c] in [-1, 1], and for labeled pools "label": int64 [rows]}}.
    """
    with tf.device("CPU:0"):  # once each, however many streams draw from them
        images = {id(pool.images): tf.constant(pool.images) for pool in pools.values()}
    makers = {}
    for name, stream in streams.items():
        pool = pools[stream.pool]
        makers[name] = _maker(name, stream, pool, images[id(pool.images)], seed, host.replicas)

    def batch(element: tf.Tensor) -> dict:
        step, rank = element // host.local, host.first + element % host.local
        return {name: make(step, rank) for name, make in makers.items()}

    counter = tf.data.Dataset.range(start_step * host.local, np.iinfo(np.int64).max)
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    made = counter.map(batch, num_parallel_calls=2).prefetch(2 * host.local)
    return made.with_options(options)


def places(positions: tf.Tensor, examples: int, size: int, key: tuple[int, int]) -> tf.Tensor:
    """Where in a pool the examples at these positions of an endless stream lie.

    A pool of at least a batch is cut into whole batches: each epoch permutes it anew and leaves
    out the remainder, so no example occurs twice in a batch. A smaller pool is repeated, each
    time in a new order.

    Args:
        positions: int64 [rows], step * examples + row.
        examples: Examples a step.
        size: Size of the pool.
        key: Two integers that name the stream.

    Returns:
        int64 [rows] in [0, size).
    """
    used = size - size % examples if size >= examples else size
    epochs, place = positions // used, positions % used
    seed = tf.stack(
        [tf.fill(tf.shape(epochs), tf.constant(k, tf.int64)) for k in key] + [epochs], 1
    )
    # The public wrapper refuses one seed an index; the operation takes it.
    return tf.raw_ops.RandomIndexShuffle(
        index=place, seed=seed, max_index=tf.fill(tf.shape(place), tf.constant(size - 1, tf.int64))
    )


def _maker(
    name: str, stream: Stream, pool: pools.Pool, images: tf.Tensor, seed: int, replicas: int
):
    """A function (step, rank) -> this replica's part of the stream's batch."""
    rows = stream.examples // replicas
    if rows * replicas != stream.examples:
        raise ValueError(
            f"{stream.examples} examples a step cannot be shared by {replicas} replicas"
        )
    with tf.device("CPU:0"):
        ids = tf.constant(pool.ids, tf.int64)
        labels = None if pool.labels is None else tf.constant(pool.labels, tf.int64)
    words = {view: _word(seed, f"{name}/{view}") for view in stream.views}
    views = {view: transforms.view(kind) for view, kind in stream.views.items()}
    key = (_word(seed, name), _word(seed, stream.pool))

    def make(step: tf.Tensor, rank: tf.Tensor) -> dict[str, tf.Tensor]:
        first = rank * rows
        positions = step * stream.examples + first + tf.range(rows, dtype=tf.int64)
        index = places(positions, stream.examples, len(pool.ids), key)
        seen = tf.ensure_shape(tf.gather(images, tf.gather(ids, index)), [rows, *images.shape[1:]])
        made = {"index": index}
        for view, see in views.items():
            draw = step_random.StepRandom(words[view], step, piece=(stream.examples, first))
            made[view] = _centered(see(seen, draw))
        if labels is not None:
            made["label"] = tf.gather(labels, index)
        return made

    return make


def _centered(images: tf.Tensor) -> tf.Tensor:
    """uint8 to float32 in [-1, 1]."""
    return (tf.cast(images, tf.float32) - 127.5) / 127.5


def _word(seed: int, name: str) -> int:
    """A 31-bit word of a seed and a name, the same on every machine."""
    return zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF
