"""The input pipeline: the batches of step s are a pure function of (seed, s).

A position in an endless stream is turned into an epoch and an index within it; the index is
permuted by a function that is computed, not stored; and the image at that index is turned into its
views. There is no shuffle buffer and no iterator state to save: a run resumes at any step.
"""

import dataclasses
import zlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_ssgan.augmentation import transforms
from tf_ssgan.core.task import Stream
from tf_ssgan.data.pools import Pool
from tf_ssgan.nn import pixels
from tf_ssgan.nn.step_random import StepRandom


@dataclasses.dataclass(frozen=True)
class Host:
    """The replicas whose rows this process computes.

    Attributes:
        replicas: Number of replicas on all hosts.
        local: Number of replicas on this host.
        first: Rank of the first replica on this host.
    """

    replicas: int = 1
    local: int = 1
    first: int = 0


def dataset(
    pools: dict[str, Pool],
    streams: dict[str, Stream],
    seed: int,
    start_step: int,
    host: Host = Host(),  # noqa: B008 - frozen
) -> tf.data.Dataset:
    """Returns an endless dataset of per-replica batches that begins at a step.

    Element i is the batch of local replica i mod `host.local` at step
    `start_step` + i // `host.local`.

    Args:
        pools: Name -> pool.
        streams: Name -> stream; its number of examples must be divisible by `host.replicas`.
        seed: The run's seed.
        start_step: The first step.
        host: The replicas whose rows are computed.

    Returns:
        A dataset of {stream: {"index": int64 [rows] indices into the pool, or its `places` there,
        view: float32 [rows, h, w, c] in [-1, 1], and for labeled pools "label": int64 [rows]}}.

    Raises:
        ValueError: The examples of a stream are not divisible by the number of replicas, or the
            name of a view is unknown.
    """
    with tf.device("CPU:0"):  # one constant per array, even if several pools share it
        images = {id(pool.images): tf.constant(pool.images) for pool in pools.values()}
    batch_functions = {}
    for name, stream in streams.items():
        pool = pools[stream.pool]
        batch_functions[name] = _batch_function(
            name, stream, pool, images[id(pool.images)], seed, host.replicas
        )

    def batch(element: tf.Tensor) -> dict:
        step, rank = element // host.local, host.first + element % host.local
        return {name: function(step, rank) for name, function in batch_functions.items()}

    counter = tf.data.Dataset.range(start_step * host.local, np.iinfo(np.int64).max)
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    batches = counter.map(batch, num_parallel_calls=2).prefetch(2 * host.local)
    return batches.with_options(options)


def shuffled_indices(
    positions: tf.Tensor, examples: int, size: int, key: tuple[int, int]
) -> tf.Tensor:
    """Returns the indices into a pool of the examples at given positions of an endless stream.

    If a pool has at least one batch of examples, each epoch permutes it anew and drops the last
    incomplete batch, so no example occurs twice in a batch. A smaller pool is repeated, each time
    in a new order.

    Args:
        positions: int64 [rows], step * examples + row.
        examples: Examples per step.
        size: Size of the pool.
        key: Two integers that identify the stream.

    Returns:
        int64 [rows] in [0, size).
    """
    used = size - size % examples if size >= examples else size
    epochs, index = positions // used, positions % used
    seed = tf.stack(
        [tf.fill(tf.shape(epochs), tf.constant(k, tf.int64)) for k in key] + [epochs], 1
    )
    # The public wrapper does not accept one seed per index; the operation does.
    return tf.raw_ops.RandomIndexShuffle(
        index=index, seed=seed, max_index=tf.fill(tf.shape(index), tf.constant(size - 1, tf.int64))
    )


def _batch_function(
    name: str, stream: Stream, pool: Pool, images: tf.Tensor, seed: int, replicas: int
) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    """Returns a function (step, rank) -> the rows of one replica of the stream's batch."""
    rows = stream.examples // replicas
    if rows * replicas != stream.examples:
        raise ValueError(
            f"{stream.examples} examples per step cannot be shared by {replicas} replicas"
        )
    with tf.device("CPU:0"):
        ids = tf.constant(pool.ids, tf.int64)
        labels = None if pool.labels is None else tf.constant(pool.labels, tf.int64)
        places = None if pool.places is None else tf.constant(pool.places, tf.int64)
    seeds = {view: _hash_seed(seed, f"{name}/{view}") for view in stream.views}
    views = {view: transforms.view(operations) for view, operations in stream.views.items()}
    shared = transforms.view(stream.shared) if stream.shared else None
    key = (_hash_seed(seed, name), _hash_seed(seed, stream.pool))

    def make_batch(step: tf.Tensor, rank: tf.Tensor) -> dict[str, tf.Tensor]:
        first = rank * rows
        positions = step * stream.examples + first + tf.range(rows, dtype=tf.int64)
        index = shuffled_indices(positions, stream.examples, len(pool.ids), key)
        originals = tf.gather(images, tf.gather(ids, index))
        originals = tf.ensure_shape(originals, [rows, *images.shape[1:]])
        if shared is not None:
            piece = (stream.examples, first)
            originals = shared(originals, StepRandom(_hash_seed(seed, name), step, piece))
        batch = {"index": index if places is None else tf.gather(places, index)}
        for view, transform in views.items():
            random = StepRandom(seeds[view], step, piece=(stream.examples, first))
            batch[view] = pixels.to_float32(transform(originals, random))
        if labels is not None:
            batch["label"] = tf.gather(labels, index)
        return batch

    return make_batch


def _hash_seed(seed: int, name: str) -> int:
    """Returns a 31-bit hash of a seed and a name, the same on every machine."""
    return zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF
