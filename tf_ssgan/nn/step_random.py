"""Random numbers as a function of (seed, step, call site, replica).

A seed generator gives every replica the same numbers and has to be saved. Here the numbers of a
step are generated for the whole batch from the key (seed, call site, step), and each replica takes
its rows. So one replica gets the same numbers as two, a resumed run the same as an uninterrupted
one, and nothing has to be saved.

Layers that need random numbers (dropout, noise) get those of the current step from a thread-local,
because replicas are traced in threads of their own.
"""

import contextlib
import functools
import threading
from collections.abc import Iterator

import numpy as np
import scipy.special
import tensorflow as tf

from tf_ssgan.nn import distribution

_LOCAL = threading.local()
_BETA_POINTS = 4097  # of the quantile function of a beta distribution, which is linear between them
_PHILOX = 1  # tf.random.Algorithm.PHILOX; "auto" would pick by device


class StepRandom:
    """The random numbers of one step; each call returns other ones."""

    def __init__(self, seed: int, step: tf.Tensor | int, piece: tuple | None = None):
        """Sets the key.

        Args:
            seed: The run's seed, any non-negative integer.
            step: int64 scalar, the clock.
            piece: (rows of the whole batch, first own row), for use outside a replica, as in an
                input pipeline; by default the current replica's share.
        """
        self._seed = np.int64(np.random.SeedSequence(seed).generate_state(1)[0])
        self._step = tf.cast(step, tf.int64)
        self._piece = piece
        self._parts: list[int] = []
        self._sites = 0

    @contextlib.contextmanager
    def concatenated(self, parts: list[int]) -> Iterator[None]:
        """A context in which the rows of each call are those of several batches, concatenated.

        Each replica takes its share of each batch. Otherwise the batches would get other numbers on
        two replicas than on one.

        Args:
            parts: This replica's rows of each batch.
        """
        self._parts = parts
        try:
            yield
        finally:
            self._parts = []

    def uniform(self, rows: int, *shape: int, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """Uniform numbers in [low, high) for this replica's rows.

        Args:
            rows: Rows of this replica.
            *shape: Shape of a row.
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
        values = tf.random.stateless_uniform(size, self._key(), low, high, dtype=tf.int32)
        return self._own(values, rows)

    def normal(self, rows: int, *shape: int) -> tf.Tensor:
        """Standard normal numbers for this replica's rows; float32 [rows, *shape]."""
        return self._own(tf.random.stateless_normal(self._whole(rows, shape), self._key()), rows)

    def bytes(self, rows: int, *shape: int) -> tf.Tensor:
        """Uniform bytes for this replica's rows; uint8 [rows, *shape].

        A byte costs an eighth of a 64-bit word of the generator, so masks from bytes are several
        times cheaper than masks from floats.
        """
        size = self._whole(rows, shape)
        count = int(np.prod(size))
        words = -(-count // 8)
        key = tf.bitcast(self._key(), tf.uint64)
        numbers = tf.raw_ops.StatelessRandomUniformFullIntV2(
            shape=[words],
            key=key[:1],
            # Blocks count up in the low word, so the step goes into the high one. Otherwise the
            # numbers of one step would be those of the step before, shifted by a block.
            counter=tf.stack([tf.constant(0, tf.uint64), key[1]]),
            alg=_PHILOX,
            dtype=tf.uint64,
        )
        flat = tf.reshape(tf.bitcast(numbers, tf.uint8), [words * 8])[:count]
        return self._own(tf.reshape(flat, size), rows)

    def beta(self, alpha: float) -> tf.Tensor:
        """One number from Beta(alpha, alpha), the same on every replica: float32 scalar in [0, 1].

        It is the quantile function at a uniform number, because TensorFlow's gamma numbers do not
        compile under XLA.

        Args:
            alpha: Both parameters of the distribution, larger than 0.
        """
        quantiles = tf.constant(_beta_quantiles(alpha))
        place = tf.random.stateless_uniform([], self._key()) * (_BETA_POINTS - 1)
        below = tf.floor(place)
        # Not quantiles[index]: XLA would compile anew for each index.
        index = tf.cast(below, tf.int32)
        low, high = tf.gather(quantiles, index), tf.gather(quantiles, index + 1)
        return low + (place - below) * (high - low)

    def order(self, rows: int) -> tf.Tensor:
        """A permutation of the whole batch, the same on every replica: int32 [rows of the batch].

        Args:
            rows: Rows of this replica.
        """
        return self.permutation(self._whole(rows, ())[0])

    def permutation(self, count: int) -> tf.Tensor:
        """A permutation of 0 to count - 1, the same on every replica: int32 [count]."""
        # Of equal numbers the first comes first. Among 200 floats of 23 random bits there would be
        # equal ones in every four hundredth step, among these integers in every hundred thousandth.
        numbers = tf.random.stateless_uniform([count], self._key(), 0, tf.int32.max, dtype=tf.int32)
        return tf.argsort(numbers)

    def _key(self) -> tf.Tensor:
        """The key of the next call site, int64 [2]; sites are 2^32 apart in the first word."""
        self._sites += 1
        return tf.stack([tf.constant(self._seed + (np.int64(self._sites) << 32)), self._step])

    def _whole(self, rows: int, shape: tuple[int, ...]) -> list[int]:
        return [self._piece[0] if self._piece else rows * distribution.num_replicas(), *shape]

    def _own(self, values: tf.Tensor, rows: int) -> tf.Tensor:
        """This replica's rows of the values of the whole batch."""
        if self._piece is None:
            wholes = [part * distribution.num_replicas() for part in self._parts or [rows]]
            shares = [distribution.replica_share(part) for part in tf.split(values, wholes)]
            return tf.concat(shares, 0) if len(shares) > 1 else shares[0]
        if self._piece[0] == rows:
            return values
        start = tf.cast(self._piece[1], tf.int32)
        size = [rows] + values.shape[1:]
        return tf.slice(values, [start] + [0] * (values.shape.rank - 1), size)


@functools.cache
def _beta_quantiles(alpha: float) -> np.ndarray:
    """The quantiles of Beta(alpha, alpha) at evenly spaced probabilities from 0 to 1."""
    probabilities = np.linspace(0.0, 1.0, _BETA_POINTS)
    return scipy.special.betaincinv(alpha, alpha, probabilities).astype(np.float32)


@contextlib.contextmanager
def at(seed: int, step: tf.Tensor | int) -> Iterator[StepRandom]:
    """A context in which the random numbers of a step are this thread's current ones."""
    before = getattr(_LOCAL, "random", None)
    _LOCAL.random = StepRandom(seed, step)
    try:
        yield _LOCAL.random
    finally:
        _LOCAL.random = before


def current() -> StepRandom:
    """The random numbers of the step that this thread is in.

    Raises:
        RuntimeError: The thread is in no step; call `Method.one_step`, or enter `at`.
    """
    random = getattr(_LOCAL, "random", None)
    if random is None:
        raise RuntimeError(
            "a layer needs random numbers outside of a step: enter step_random.at(seed, step)"
        )
    return random
