"""Truncated latents, and the variables of the two searches for their truncation factor tau.

Dravid et al. (2022), equations 4 to 6. Not networks in themselves: they are models so that a run
saves and restores their variables as it does a network's.
"""

import math
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.nn import distribution

RANGE = (0.1, 3.0)  # in which the search by gradient keeps tau
GRID = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)  # which the search by trial tries
TRIAL = 0.05  # of the run's steps that a trial takes
HELD_OUT = 5  # one labeled image of so many judges the trials
JUDGED = 4  # a trial is judged in the last part of so many of it

_ROOT = math.sqrt(2.0)


def truncated(
    z: tf.Tensor, tau: tf.Tensor | float, mode: Literal["clamp", "resample"]
) -> tf.Tensor:
    """Standard normal latents with no coordinate beyond tau.

    "clamp" is sgn(z) min(|z|, tau) (Dravid et al. 2022, equation 6). "resample" has the
    distribution of drawing a coordinate anew until it is within (Brock et al. 2019): a coordinate
    beyond tau goes to that quantile of |z| < tau which it has of |z| > tau, counted from tau, and
    keeps its sign. So it takes no further draws, has a slope in tau, and leaves all as it is where
    tau is infinite.

    Args:
        z: N(0, 1), of any shape.
        tau: Scalar, at least 0.
        mode: Which of the two.

    Returns:
        float32, the shape of z.
    """
    size, tau = tf.abs(z), tf.cast(tau, tf.float32)
    if mode == "clamp":
        return tf.sign(z) * tf.minimum(size, tau)
    beyond = tf.math.divide_no_nan(
        tf.math.erfc(tf.maximum(size, tau) / _ROOT), tf.math.erfc(tau / _ROOT)
    )
    folded = tf.minimum(_ROOT * tf.math.erfinv(beyond * tf.math.erf(tau / _ROOT)), tau)
    return tf.sign(z) * tf.where(size > tau, folded, size)


class LearnedTruncation(keras.Model):
    """The factor tau as a trainable scalar, kept in `RANGE`."""

    def __init__(self, start: float):
        """Makes it.

        Args:
            start: Its first value; cut to `RANGE`.
        """
        super().__init__(name="tau")
        self.tau = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(min(max(start, RANGE[0]), RANGE[1])),
            name="tau",
            aggregation="only_first_replica",
            autocast=False,
        )
        self.built = True

    def keep_in_range(self) -> None:
        """Cuts tau to `RANGE`, after a step."""
        self.tau.assign(tf.clip_by_value(self.tau.value, *RANGE))


class TruncationSearch(keras.Model):
    """Trials of each tau of `GRID`, one after another at the beginning of the run.

    A trial takes `TRIAL` of the steps, from the initial weights, without the labels of every
    `HELD_OUT`-th labeled image, whose accuracy at the trial's end is its score. After the last one
    the run begins anew, with the best tau and all labels.
    """

    def __init__(self, task: task.Task, networks: list[keras.Model]):
        """Makes the scores, chooses the images that are held out, remembers the initial weights.

        Args:
            task: Its seed chooses them; the pool's size and the run's length count.
            networks: What the trials train, at its initial weights.
        """
        super().__init__(name="grid")
        self.length = max(1, math.ceil(TRIAL * task.steps))
        order = np.random.default_rng(task.seed).permutation(task.labeled)
        self.held = np.isin(np.arange(task.labeled), order[: -(-task.labeled // HELD_OUT)])
        self.asked, self.right = self._score("asked"), self._score("right")
        # Not saved: they hang on the seed alone, so a run that goes on begins with the same. Within
        # a function, lest Keras take the networks' variables for this model's own.
        initial = [(v, tf.identity(v.value)) for n in networks for v in n.variables]
        self._initial = lambda: initial
        self.built = True

    def set_back(
        self,
        step: tf.Tensor,
        optimizers: list[keras.optimizers.Optimizer],
        averages: list[tuple[keras.Model, keras.Model, float]],
    ) -> None:
        """Sets weights, optimizers and averages to their beginning, where a trial begins.

        Args:
            step: The clock.
            optimizers: Of the networks.
            averages: (average, network, decay), of the networks.
        """
        now = (step % self.length == 0) & (step <= len(GRID) * self.length)
        pairs = list(self._initial())
        for optimizer in optimizers:
            moments = [v for v in optimizer.variables if v is not optimizer.learning_rate]
            pairs += [(v, tf.zeros_like(v.value)) for v in moments]
        for variable, start in pairs:
            variable.assign(tf.where(now, start, variable.value))
        for twin, network, _ in averages:
            for slow, fast in zip(twin.variables, network.variables, strict=True):
                slow.assign(tf.where(now, fast.value, slow.value))

    def tau(self, step: tf.Tensor) -> tf.Tensor:
        """The factor at this step: the trial's, or the one whose trial had the best score."""
        best = tf.argmax(tf.math.divide_no_nan(self.right.value, self.asked.value))
        return tf.gather(GRID, tf.where(self._trying(step), step // self.length, best))

    def held_out(self, step: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Which labeled images do not show their label at this step; bool [batch].

        Args:
            step: The clock.
            index: int64 [batch], their places in the labeled pool.
        """
        return tf.gather(tf.constant(self.held), index) & self._trying(step)

    def record(self, step: tf.Tensor, held: tf.Tensor, right: tf.Tensor) -> None:
        """Counts right answers for images that are held out, if a trial is at its end.

        Args:
            step: The clock.
            held: bool [batch], as `held_out` says.
            right: bool [batch], whether each was answered rightly.
        """
        late = JUDGED * (step % self.length + 1) > (JUDGED - 1) * self.length
        row = tf.one_hot(tf.where(late, step // self.length, -1), len(GRID))  # -1: nowhere
        for score, counted in ((self.asked, held), (self.right, held & right)):
            share = distribution.mean_over_replicas(tf.reduce_mean(tf.cast(counted, tf.float32)))
            score.assign_add(row * share)

    def _score(self, name: str) -> keras.Variable:
        return self.add_weight(
            shape=(len(GRID),),
            initializer="zeros",
            trainable=False,
            name=name,
            aggregation="only_first_replica",
            autocast=False,
        )

    def _trying(self, step: tf.Tensor) -> tf.Tensor:
        return step < len(GRID) * self.length
