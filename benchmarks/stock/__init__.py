"""The same networks and the same step from stock Keras layers, with Keras' defaults.

This is the code of Keras' GAN guides: Conv2D, Dense, Dropout, GaussianNoise, LeakyReLU,
BatchNormalization and Conv2DTranspose in float32, one pass for each batch (labeled, first branch,
second branch, generated), a plain `tf.function` with gradient tapes, `keras.optimizers.Adam`.
Batches that batch normalization sees as one in ours are one pass here too. Losses, and derivatives
along directions, are functions of `tf_ssgan.nn`.

Keras has no weight normalization, so there is none here; there is no EMA but that of a teacher, and
no input pipeline either: the batch is in memory. Ours also reports a few scalars, and its passes
over generated images do not update moving statistics, which saves no time. So this step does less
than ours, never more.

Each family of steps has a module with its networks, its batch and its training step.
"""

import common
import keras
import steps
import tensorflow as tf

from stock import (
    conditional,
    inference,
    local,
    matching,
    recalibrated,
    teacher,
    triple,
    wide_resnet,
)

FAMILIES = {
    steps.RecalibrationStep: recalibrated,
    steps.MatchingStep: matching,
    steps.ConditionalStep: conditional,
    steps.WideResNetStep: wide_resnet,
    steps.TeacherStep: teacher,
    steps.InferenceStep: inference,
    steps.TripleStep: triple,
    steps.LocalStep: local,
}


def prepare(name: str, size: steps.Size) -> common.Prepared:
    """Builds the step of a method, see `common.measure`."""
    step = steps.STEPS[name]
    family = FAMILIES[type(step)]
    networks = family.networks(step, size)
    train = family.train_function(step, size, **networks)
    batch = family.batch(step, size)

    def wait() -> list[float]:
        return [float(loss) for loss in train(*batch)]

    return common.Prepared(
        variants={keras.config.dtype_policy().name: wait},
        device="GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        parameters={
            k: sum(int(tf.size(w.value)) for w in network.trainable_variables)
            for k, network in networks.items()
        },
    )
