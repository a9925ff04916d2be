"""The copies that a run makes of a network: its average, and the float32 one that it exports."""

import numpy as np
import tensorflow as tf

from tf_ssgan.core import averages
from tf_ssgan.nn import layers, precision, step_random


def assert_agree(build, inputs):
    """Both copies of what `build` builds give its outputs, at weights that no initializer gives.

    In training mode too, where a lost rate or slope would show.
    """
    network = build()
    numbers = np.random.default_rng(0)
    network.set_weights([w + numbers.uniform(0, 0.1, w.shape) for w in network.get_weights()])
    clone = averages.frozen_clone(network)
    averages.reset([averages.Average(clone, network, 0.5)])
    with precision.policy("mixed_bfloat16"):
        rounded = build()
    rounded.set_weights(network.get_weights())
    copies = clone, precision.rebuild_in_float32(rounded)
    for training in (False, True):
        expected = _outputs(network, inputs, training)
        for copy in copies:
            given = _outputs(copy, inputs, training)
            tf.nest.map_structure(np.testing.assert_array_equal, given, expected)


def _outputs(network, inputs, training):
    with step_random.at(1, 0), layers.frozen_statistics():
        return network(inputs, training=training)
