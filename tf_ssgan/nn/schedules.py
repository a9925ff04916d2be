"""Ramps and decays: pure functions of time as a fraction, never of an optimizer's counter.

`t` is 0 at the start of a schedule and 1 at its end; the result is a factor in [0, 1]. Methods
decide how long a schedule is and what it multiplies.
"""

import math

import tensorflow as tf


def sigmoid_ramp(t: tf.Tensor | float) -> tf.Tensor:
    """Rises as exp(-5 (1 - t)^2), then stays 1 (Laine and Aila 2017, section 3.1)."""
    return tf.exp(-5.0 * tf.square(1.0 - tf.clip_by_value(_float(t), 0.0, 1.0)))


def sigmoid_ramp_down(t: tf.Tensor | float) -> tf.Tensor:
    """1 until t = 0, then falls as exp(-12.5 t^2), to 4e-6 at t = 1.

    Laine and Aila (2017), appendix A, and Tarvainen and Valpola (2017), public code: t is the
    fraction of the ramp, which is the end of the run.
    """
    return tf.exp(-12.5 * tf.square(tf.clip_by_value(_float(t), 0.0, 1.0)))


def linear_ramp(t: tf.Tensor | float) -> tf.Tensor:
    """Rises as t, then stays 1."""
    return tf.clip_by_value(_float(t), 0.0, 1.0)


def hold_then_linear_decay(t: tf.Tensor | float, start: float) -> tf.Tensor:
    """1 until `start`, then linearly down to 0 at t = 1.

    With start 2/3 this is the min(3 - 3t, 1) of Salimans et al. (2016), public code.
    """
    return tf.clip_by_value((1.0 - _float(t)) / (1.0 - start), 0.0, 1.0)


def hold_then_exponential_decay(t: tf.Tensor | float, start: float, last: float) -> tf.Tensor:
    """1 until `start`, then exponentially down to `last` at t = 1.

    Li et al. (2017), public code, multiplies by .995 each epoch from epoch 300 of 1,000 on, which
    is start .3 and last .995^700 = .03.

    Args:
        t: Time.
        start: Time at which the decay begins, less than 1.
        last: Factor at t = 1, larger than 0.
    """
    done = tf.clip_by_value((_float(t) - start) / (1.0 - start), 0.0, 1.0)
    return tf.exp(math.log(last) * done)


def cosine_decay(t: tf.Tensor | float) -> tf.Tensor:
    """Falls as cos(7 pi t / 16), from 1 to 0.195 (Sohn et al. 2020, section 2.3)."""
    return tf.cos(7.0 / 16.0 * math.pi * tf.clip_by_value(_float(t), 0.0, 1.0))


def cosine_annealing(t: tf.Tensor | float, floor: float) -> tf.Tensor:
    """Oscillates as a cosine between 1 at even t and `floor` at odd t.

    The closed form of torch's `CosineAnnealingLR` beyond its `T_max` (Loshchilov and Hutter 2017,
    without their restarts).
    """
    return floor + (1.0 - floor) * 0.5 * (1.0 + tf.cos(math.pi * _float(t)))


def cosine_cycles(t: tf.Tensor | float, length: float, first: float, cycle: float) -> tf.Tensor:
    """Falls as half a cosine that would end at `length`, and begins its last part anew each cycle.

    0.5 (1 + cos(pi s / length)), s = t until `first`, then first - cycle + (t - first) mod cycle
    (Athiwaratkun et al. 2019, section 4, public code).

    Args:
        t: Time, in the unit of the other arguments.
        length: Time at which the cosine would reach 0.
        first: Time at which the cycles begin, at most `length`. With length = first = cycle it is
            the cosine with restarts of Loshchilov and Hutter (2017), from 1 to 0 in each cycle.
        cycle: Length of a cycle, at most `first`; 0 for none.
    """
    t = _float(t)
    if cycle:
        t = tf.where(t < first, t, first - cycle + tf.math.floormod(t - first, cycle))
    return 0.5 * (1.0 + tf.cos(math.pi * tf.clip_by_value(t / length, 0.0, 1.0)))


def ema_decay(step: tf.Tensor | int, decay: float) -> tf.Tensor:
    """Decay of an EMA of weights that warms up: min(decay, (1 + step) / (10 + step)).

    Without the warm-up, the EMA of a short run still contains the random initial weights: on SVHN
    the raw weights had 32.6 % errors, and an EMA with a constant decay of .999 had 49.8 %.
    """
    step = _float(step)
    return tf.minimum(decay, (1.0 + step) / (10.0 + step))


def true_mean_decay(step: tf.Tensor | int, decay: float) -> tf.Tensor:
    """Decay of an EMA that begins as the mean of all steps: min(decay, 1 - 1 / (step + 2)).

    Tarvainen and Valpola (2017), public code for PyTorch, which counts steps from 1.
    """
    return tf.minimum(decay, 1.0 - 1.0 / (_float(step) + 2.0))


def _float(t: tf.Tensor | float) -> tf.Tensor:
    return tf.cast(t, tf.float32)
