"""The same networks and the same step from stock Keras layers, with Keras' defaults.

What a Keras user gets from the GAN guides: Conv2D, Dense, Dropout, GaussianNoise, LeakyReLU,
BatchNormalization and Conv2DTranspose in float32, one pass for each batch (labeled, first branch,
second branch, generated), a plain `tf.function` with gradient tapes, `keras.optimizers.Adam`.
Keras has no weight normalization, so there is none; nor is there a weight average or an input
pipeline: the batch is in memory, ready made. Ours reports a few scalars more, and its passes over
images that are not real leave the moving statistics alone, which takes no time off. The step does
less than ours, never more.

A module for each family of steps has its networks, its batch and its training step.
"""

from typing import Any

import common
import keras
import steps
import tensorflow as tf

from stock import conditional, matching, recalibrated, residual

FAMILIES = {
    steps.Recalibrated: recalibrated,
    steps.Matching: matching,
    steps.Conditional: conditional,
    steps.Residual: residual,
}


def measure(name: str, size: steps.Size, repeats: int) -> dict[str, Any]:
    """Times the step of a method.

    Args:
        name: The method.
        size: Sizes of networks and batch.
        repeats: Steps that count.

    Returns:
        Seconds of each step, the number format, and the kernels and biases of each network.
    """
    step = steps.STEPS[name]
    family = FAMILIES[type(step)]
    networks = family.networks(step, size)
    train = family.train_function(step, size, **networks)
    batch = family.batch(step, size)

    def wait() -> list[float]:
        return [float(loss) for loss in train(*batch)]

    return {
        "seconds": common.timed(wait, repeats),
        "format": keras.config.dtype_policy().name,
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        "parameters": {
            k: sum(int(tf.size(w.value)) for w in network.trainable_variables)
            for k, network in networks.items()
        },
    }
