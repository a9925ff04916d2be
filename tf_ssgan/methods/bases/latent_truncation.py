"""Truncated latents, and the two ways to search for their truncation factor tau.

Dravid et al. (2022), equations 4 to 6. The two classes are Keras models, although they are not
networks, so that a run saves and restores their variables as it does those of a network.
"""

import math
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core import task
from tf_ssgan.nn import distribution

TAU_RANGE = (0.1, 3.0)  # Limits of tau in the searches by gradient and by validation.
TAU_GRID = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)  # Values of tau in the grid search.
TRIAL_FRACTION = 0.05  # Length of one trial, as a fraction of the run.
HOLD_OUT_EVERY = 5  # One labeled image in five is held out to score the trials.
TRIAL_PARTS = 4  # A trial has four parts and is scored in the last one.

_SQRT_2 = math.sqrt(2.0)


def truncate_latents(
    z: tf.Tensor, tau: tf.Tensor | float, mode: Literal["clamp", "resample"]
) -> tf.Tensor:
    """Limits each coordinate of standard normal latents to [-tau, tau].

    "clamp" is sgn(z) min(|z|, tau) (Dravid et al. 2022, equation 6). "resample" has the
    distribution of latents whose coordinates are drawn again until they lie in the interval (Brock
    et al. 2019). It needs no further random numbers and is differentiable in tau: the quantile of
    a coordinate beyond tau among those with |z| > tau, counted from tau, becomes its quantile among
    those with |z| < tau, also counted from tau. Its sign stays. An infinite tau changes nothing.

    Args:
        z: N(0, 1), of any shape.
        tau: Scalar, at least 0.
        mode: What happens to coordinates beyond tau.

    Returns:
        float32, the shape of z.
    """
    size, tau = tf.abs(z), tf.cast(tau, tf.float32)
    if mode == "clamp":
        return tf.sign(z) * tf.minimum(size, tau)
    quantile = tf.math.divide_no_nan(
        tf.math.erfc(tf.maximum(size, tau) / _SQRT_2), tf.math.erfc(tau / _SQRT_2)
    )
    folded = tf.minimum(_SQRT_2 * tf.math.erfinv(quantile * tf.math.erf(tau / _SQRT_2)), tau)
    return tf.sign(z) * tf.where(size > tau, folded, size)


class LearnedTruncation(keras.Model):
    """The factor tau as a trainable scalar, limited to `TAU_RANGE`."""

    def __init__(self, start: float):
        """Makes the variable.

        Args:
            start: Its initial value, clipped to `TAU_RANGE`.
        """
        super().__init__(name="tau")
        low, high = TAU_RANGE
        self.tau = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(min(max(start, low), high)),
            name="tau",
            aggregation="only_first_replica",
            autocast=False,
        )
        self.built = True

    def clip_to_range(self) -> None:
        """Clips tau to `TAU_RANGE`; call it after each optimizer step."""
        self.tau.assign(tf.clip_by_value(self.tau.value, *TAU_RANGE))


class TruncationSearch(keras.Model):
    """A grid search for tau: one trial for each value of `TAU_GRID`, at the beginning of the run.

    Each trial takes `TRIAL_FRACTION` of the run and begins with the initial weights. It is trained
    without the labels of one in `HOLD_OUT_EVERY` labeled images. The accuracy on these images in
    the last quarter of the trial is its score. After the last trial the run starts again from the
    initial weights, with the best tau and all labels.
    """

    def __init__(self, task: task.Task, networks: list[keras.Model]):
        """Makes the scores, selects the held-out images and copies the initial weights.

        Args:
            task: Gives the seed of the selection, the size of the labeled pool and the length of
                the run.
            networks: The networks that the trials train, with their initial weights.
        """
        super().__init__(name="grid")
        self.trial_steps = max(1, math.ceil(TRIAL_FRACTION * task.steps))
        order = np.random.default_rng(task.seed).permutation(task.labeled)
        selected = order[: -(-task.labeled // HOLD_OUT_EVERY)]
        self.held_out = np.isin(np.arange(task.labeled), selected)
        self.scored = self._make_scores("scored")
        self.correct = self._make_scores("correct")
        # The initial weights are not saved: the seed determines them, so a resumed run makes the
        # same ones. They are kept in a function because Keras would otherwise count the variables
        # of the networks among those of this model.
        initial = [(v, tf.identity(v.value)) for n in networks for v in n.variables]
        self._initial = lambda: initial
        self.built = True

    def starts_again(self, step: tf.Tensor) -> tf.Tensor:
        """Whether a trial, or the run after them, begins at a step: bool scalar."""
        return (step % self.trial_steps == 0) & (step <= len(TAU_GRID) * self.trial_steps)

    def reset_at_trial_start(
        self, step: tf.Tensor, optimizers: list[keras.optimizers.Optimizer]
    ) -> None:
        """Resets weights and optimizers if a trial, or the run after them, begins.

        Args:
            step: The training step.
            optimizers: Optimizers of the networks.
        """
        now = self.starts_again(step)
        pairs = list(self._initial())
        for optimizer in optimizers:
            moments = [v for v in optimizer.variables if v is not optimizer.learning_rate]
            pairs += [(v, tf.zeros_like(v.value)) for v in moments]
        for variable, start in pairs:
            variable.assign(tf.where(now, start, variable.value))

    def tau(self, step: tf.Tensor) -> tf.Tensor:
        """The factor at a step: that of the current trial, or the best one after the trials."""
        best = tf.argmax(tf.math.divide_no_nan(self.correct.value, self.scored.value))
        index = tf.where(self._is_searching(step), step // self.trial_steps, best)
        return tf.gather(TAU_GRID, index)

    def is_held_out(self, step: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Which labeled images are held out at a step; none after the trials.

        Args:
            step: The training step.
            index: int64 [batch], positions of the images in the labeled pool.

        Returns:
            bool [batch].
        """
        return tf.gather(tf.constant(self.held_out), index) & self._is_searching(step)

    def record(self, step: tf.Tensor, held_out: tf.Tensor, correct: tf.Tensor) -> None:
        """Counts correct predictions on held-out images in the last quarter of a trial.

        Args:
            step: The training step.
            held_out: bool [batch], from `is_held_out`.
            correct: bool [batch], whether each prediction is correct.
        """
        done = step % self.trial_steps + 1
        is_scored = TRIAL_PARTS * done > (TRIAL_PARTS - 1) * self.trial_steps
        # The one-hot vector of -1 is zero.
        row = tf.one_hot(tf.where(is_scored, step // self.trial_steps, -1), len(TAU_GRID))
        for score, counted in ((self.scored, held_out), (self.correct, held_out & correct)):
            share = distribution.mean_over_replicas(tf.reduce_mean(tf.cast(counted, tf.float32)))
            score.assign_add(row * share)

    def _make_scores(self, name: str) -> keras.Variable:
        return self.add_weight(
            shape=(len(TAU_GRID),),
            initializer="zeros",
            trainable=False,
            name=name,
            aggregation="only_first_replica",
            autocast=False,
        )

    def _is_searching(self, step: tf.Tensor) -> tf.Tensor:
        return step < len(TAU_GRID) * self.trial_steps
