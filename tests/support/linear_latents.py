"""Models of one normal number x, whose latents and class have a posterior that is known exactly.

The bounds of a method with such networks reach the log-likelihood, and stay below it otherwise.
"""

import numpy as np
import scipy.special
import scipy.stats
import tensorflow as tf

from support import toy_methods
from tf_ssgan.nn import losses, step_random

SHIFTS = np.array([-1.0, 0.5, 2.0], np.float32)  # b_y, of each class
SAMPLES, COPIES = 1000, 4  # of an image


class Linear:
    """Networks of one value: x given y is N(b_y, `variance_of_x`), and a does not depend on y.

    `noise` and so on are variances.
    """

    def __init__(self, shift=0.0, stretch=0.0, evidence=1.0):
        """The exact posterior is moved by these: means, log variances, a factor of logits of y."""
        self.shift, self.stretch, self.evidence = shift, stretch, evidence

    def moved(self, mean, variance):
        """Outputs of a posterior."""
        return normal(mean + self.shift, variance * np.exp(self.stretch))

    def q_a(self, x, training):
        return self.moved(0.0 * x, self.variance_of_a)

    def q_y(self, known, training):
        log_p = -0.5 * tf.square(known["x"] - SHIFTS) / self.variance_of_x
        return {"logits": self.evidence * log_p + 0.0 * known["auxiliary"]}

    def log_p(self, x):
        """log p(x, y) of each class, [rows, classes]."""
        return scipy.stats.norm.logpdf(x, SHIFTS, self.variance_of_x**0.5) - np.log(3)


class OfImages(Linear):
    """p(a | x, z, y) and p(x | z, y).

    z ~ N(0, 1), x = 1.5 z + b_y + e with e ~ N(0, .6), and a = .8 (z - E[z | x, y]) + d with d ~
    N(0, .3), which is informed of z and independent of x and y.
    """

    variance_of_x = 1.5**2 + 0.6
    remaining = 0.6 / variance_of_x  # variance of z given x and y
    variance_of_a = 0.8**2 * remaining + 0.3

    def expected_z(self, known):
        return 1.5 / self.variance_of_x * (known["x"] - shifts(known))

    def q_z(self, known, training):
        gain = 0.8 * self.remaining / self.variance_of_a
        mean = self.expected_z(known) + gain * known["auxiliary"]
        return self.moved(mean, self.remaining * 0.3 / self.variance_of_a)

    def p_a(self, known, training):
        return normal(0.8 * (known["latents"] - self.expected_z(known)), 0.3)

    def p_x(self, known, training):
        return normal(1.5 * known["latents"] + shifts(known), 0.6)


class OfLatents(Linear):
    """p(a | z, y) and p(x | a, z, y).

    z ~ N(0, 1), a = .8 z + d with d ~ N(0, .5), x = .6 a + h z + b_y + e with e ~ N(0, .4), where h
    is such that a and x are independent given y.
    """

    variance_of_a = 0.8**2 + 0.5
    h = -0.6 * variance_of_a / 0.8
    covariance = 0.6 * 0.8 + h  # of z and x
    variance_of_x = 0.6**2 * variance_of_a + 2 * 0.6 * h * 0.8 + h**2 + 0.4

    def q_z(self, known, training):
        gains = 0.8 / self.variance_of_a, self.covariance / self.variance_of_x
        mean = gains[0] * known["auxiliary"] + gains[1] * (known["x"] - shifts(known))
        return self.moved(mean, 1.0 - gains[0] * 0.8 - gains[1] * self.covariance)

    def p_a(self, known, training):
        return normal(0.8 * known["latents"], 0.5)

    def p_x(self, known, training):
        return normal(0.6 * known["auxiliary"] + self.h * known["latents"] + shifts(known), 0.4)


def normal(mean, variance):
    """Outputs of a network."""
    return {"mean": mean, "log_variance": tf.fill(tf.shape(mean), np.float32(np.log(variance)))}


def shifts(known):
    """b_y, [rows, n, 1]."""
    return tf.gather(tf.constant(SHIFTS), known["label"])[..., tf.newaxis]


def bounds_of(method, model, x, monkeypatch):
    """Samples of L(x, y) of each class, [rows, samples, classes], and of U(x), [rows, samples]."""
    for network in ("q_a", "q_y", "q_z", "p_a", "p_x"):
        monkeypatch.setattr(method, network, getattr(model, network))
    with step_random.at(0, 0):
        copies = np.repeat(x, COPIES, axis=0)
        a, log_q, logits = method.sampled(copies, training=False)
        bounds = method.all_bounds(copies, a, log_q, training=False)
    whole = losses.open_class_bound(bounds, logits)
    return np.reshape(bounds, [len(x), -1, len(SHIFTS)]), np.reshape(whole, [len(x), -1])


def assert_bounds_meet(name, kind, monkeypatch):
    """The exact posterior reaches log p(x, y) and log p(x), and moved ones stay below.

    Up to four standard errors of the samples.

    Args:
        name: The method.
        kind: The model, a subclass of `Linear`.
        monkeypatch: Pytest's.
    """
    method = toy_methods.Eager(name, samples=SAMPLES, likelihood="gaussian").method
    x = np.array([[0.7], [-1.5], [3.0]], np.float32)
    of_classes = kind().log_p(x)
    exact = of_classes, scipy.special.logsumexp(of_classes, axis=-1)
    for given, right in zip(bounds_of(method, kind(), x, monkeypatch), exact, strict=True):
        assert np.all(np.abs(given.mean(1) - right) < 4 * standard_error(given) + 1e-5)
        assert np.max(standard_error(given)) < 0.05
    for moved in (dict(shift=0.5), dict(stretch=0.7), dict(stretch=-0.7), dict(evidence=-1.0)):
        given = bounds_of(method, kind(**moved), x, monkeypatch)
        for values, right in zip(given, exact, strict=True):
            assert np.all(values.mean(1) < right + 4 * standard_error(values) + 1e-5), moved
        assert np.all(given[1].mean(1) < exact[1] - 4 * standard_error(given[1])), moved


def standard_error(values):
    """Of the mean over samples, the second axis."""
    return values.std(1) / np.sqrt(values.shape[1])
