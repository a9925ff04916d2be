"""Checks that the tests of the AC-GAN methods share."""

import numpy as np
import pytest
import tensorflow as tf

from support import toy_methods
from tf_ssgan import methods
from tf_ssgan.core.task import Task

TEN_CLASSES = Task(10, 8, 8, 1, 40, 100, 10, 10)


def with_zero_heads(name, **hyperparameters):
    """A method of ten classes whose heads have zero weights, and a labeled batch.

    Its class probabilities are uniform and its source logits are 0 for every image.
    """
    hp = toy_methods.hparams(name, **hyperparameters)
    method = methods.find(name).Method(hp, TEN_CLASSES)
    for layer in method.discriminator.layers:
        if layer.name == "logits" or (getattr(layer, "filters", 0) == 1):
            for variable in layer.trainable_variables:
                variable.assign(tf.zeros_like(variable))
    x = toy_methods.centered(toy_methods.images(8)[0])
    rows = {"image": x, "label": tf.range(8, dtype=tf.int64), "index": tf.range(8, dtype=tf.int64)}
    return method, {"labeled": rows}


def assert_equal_runs(plain, truncated, steps=3):
    """Checks that two runs give the same scalars and networks, up to the rounding of sums."""
    for one, other in zip(plain.run(steps), truncated.run(steps), strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=1e-7)
    ours, theirs = truncated.values(), plain.values()
    for owner in theirs:
        for one, two in zip(ours[owner], theirs[owner], strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6, err_msg=owner)
