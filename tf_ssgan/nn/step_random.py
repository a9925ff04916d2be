"""Random numbers as a function of (seed, step, call site, replica).

A seed generator gives every replica the same numbers and has to be saved. Here the numbers of a
step are drawn for the whole batch from the key (seed, call site, step), and each replica takes its
rows: one replica equals two, and a resumed run equals an uninterrupted one, with nothing to save.

The step's draws are found by the layers that need them (dropout, noise) through a thread-local,
because replicas are traced in threads of their own.
"""

import contextlib
import threading
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tf_ssgan.nn import distribution

_LOCAL = threading.local()
_PHILOX = 1  # tf.random.Algorithm.PHILOX; "auto" would pick by device


class StepRandom:
    """The random numbers of one step, each call another."""

    def __init__(self, seed: int, step: tf.Tensor | int, piece: tuple | None = None):
        """Makes the numbers of a step.

        Args:
            seed: Any non-negative integer; the run's seed.
            step: int64 scalar, the clock.
            piece: (rows of the whole batch, first own row), for use outside of a replica, as in
                an input pipeline; None asks `replicas` whose rows these are.
        """
        self._seed = np.int64(np.random.SeedSequence(seed).generate_state(1)[0])
        self._step = tf.cast(step, tf.int64)
        self._piece = piece
        self._parts: list[int] = []
        self._sites = 0

    @contextlib.contextmanager
    def laid_out(self, parts: list[int]) -> Iterator[None]:
        """Says that the rows asked for within are several batches, one after the other.

        Each replica then takes its share of each batch: with the plain layout, two replicas would
        deal other numbers to the parts of a concatenated batch than one does.

        Args:
            parts: This replica's rows of each batch.
        """
        self._parts = parts
        try:
            yield
        finally:
            self._parts = []

    def uniform(self, rows: int, *shape: int, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """U[low, high) for this replica's rows.

        Args:
            rows: Rows of this replica.
            *shape: Size of a row.
            low: Lower end.
            high: Upper end.

        Returns:
            float32 [rows, *shape].
        """
        size = self._whole(rows, shape)
        return self._own(tf.random.stateless_uniform(size, self._key(), low, high), rows)

    def integers(self, rows: int, *shape: int, low: int, high: int) -> tf.Tensor:
        """Uniform integers in [low, high); int32 [rows, *shape]."""
        size = self._whole(rows, shape)
        drawn = tf.random.stateless_uniform(size, self._key(), low, high, dtype=tf.int32)
        return self._own(drawn, rows)

    def normal(self, rows: int, *shape: int) -> tf.Tensor:
        """N(0, 1) for this replica's rows; float32 [rows, *shape]."""
        return self._own(tf.random.stateless_normal(self._whole(rows, shape), self._key()), rows)

    def bytes(self, rows: int, *shape: int) -> tf.Tensor:
        """Uniform bytes for this replica's rows; uint8 [rows, *shape].

        A byte costs an eighth of a 64-bit word of the generator: masks drawn so are several times
        cheaper than from floats.
        """
        size = self._whole(rows, shape)
        values = int(np.prod(size))
        words = -(-values // 8)
        key = tf.bitcast(self._key(), tf.uint64)
        drawn = tf.raw_ops.StatelessRandomUniformFullIntV2(
            shape=[words],
            key=key[:1],
            # Blocks count up in the low word: the step goes into the high one, or the numbers of
            # one step would be those of the step before, shifted by a block.
            counter=tf.stack([tf.constant(0, tf.uint64), key[1]]),
            alg=_PHILOX,
            dtype=tf.uint64,
        )
        flat = tf.reshape(tf.bitcast(drawn, tf.uint8), [words * 8])[:values]
        return self._own(tf.reshape(flat, size), rows)

    def _key(self) -> tf.Tensor:
        """The next call site's key, [2]: a site takes 2^32 of the first word."""
        self._sites += 1
        return tf.stack([tf.constant(self._seed + (np.int64(self._sites) << 32)), self._step])

    def _whole(self, rows: int, shape: tuple[int, ...]) -> list[int]:
        return [self._piece[0] if self._piece else rows * distribution.num_replicas(), *shape]

    def _own(self, drawn: tf.Tensor, rows: int) -> tf.Tensor:
        if self._piece is None:
            wholes = [part * distribution.num_replicas() for part in self._parts or [rows]]
            shares = [distribution.replica_share(part) for part in tf.split(drawn, wholes)]
            return tf.concat(shares, 0) if len(shares) > 1 else shares[0]
        if self._piece[0] == rows:
            return drawn
        start = tf.cast(self._piece[1], tf.int32)
        size = [rows] + drawn.shape[1:]
        return tf.slice(drawn, [start] + [0] * (drawn.shape.rank - 1), size)


@contextlib.contextmanager
def at(seed: int, step: tf.Tensor | int) -> Iterator[StepRandom]:
    """Makes the draws of a step the current ones of this thread."""
    before = getattr(_LOCAL, "draws", None)
    _LOCAL.draws = StepRandom(seed, step)
    try:
        yield _LOCAL.draws
    finally:
        _LOCAL.draws = before


def current() -> StepRandom:
    """The draws of the step this thread is in.

    Raises:
        RuntimeError: No step is being taken; call through `Method.one_step`, or enter `draws.at`.
    """
    draws = getattr(_LOCAL, "draws", None)
    if draws is None:
        raise RuntimeError(
            "a layer asked for random numbers outside of a step: enter draws.at(seed, step)"
        )
    return draws
