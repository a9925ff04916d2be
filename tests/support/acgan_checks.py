"""Checks that the tests of the AC-GAN methods share."""

import numpy as np
import tensorflow as tf

from support import toy_methods
from tf_ssgan import methods
from tf_ssgan.core.task import Task
from tf_ssgan.training import build

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
    """Checks that two runs give the same scalars and the same networks, to the bit.

    Both have the same terms, which autodiff adds in different orders; TensorFlow's arithmetic
    optimizer, which runs do without, brings them into one.
    """
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": True})
    try:
        assert plain.run(steps) == truncated.run(steps)
    finally:
        build.keep_order_of_sums()
    ours, theirs = truncated.values(), plain.values()
    for owner in theirs:
        for one, two in zip(ours[owner], theirs[owner], strict=True):
            np.testing.assert_array_equal(one, two, err_msg=owner)
