"""Trains the reference classifier within a time limit."""

import sys
import time

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core.task import Stream
from tf_ssgan.data import dataset_info, pipeline, pools, protocol
from tf_ssgan.evaluation import reference_cnn
from tf_ssgan.nn import precision

BATCH_SIZE = 100
EPOCHS = 40  # more is not needed, whatever the minutes
LEARNING_RATE = 2e-3  # Adam's largest
WARMUP = 0.1  # share of the training over which the learning rate rises
STATISTICS_BATCHES = 40  # batches from which moving statistics are taken at the end
SEED = 0


def train(arrays: dataset_info.Arrays, protocol: protocol.Protocol, minutes: float) -> keras.Model:
    """Trains the network of `reference_cnn` on the labeled images of a protocol.

    Images are translated by up to 2 pixels. The learning rate rises, then falls to 0 at the end:
    the end is the last epoch or the last minute, whichever comes first.

    Args:
        arrays: The images.
        protocol: Which of them are labeled.
        minutes: Training takes about this long at most.
    """
    keras.utils.set_random_seed(SEED)
    with precision.policy("float32"):
        network = reference_cnn.classifier(arrays.info.shape, len(arrays.info.classes))
    steps = max(1, len(protocol.labeled_ids) // BATCH_SIZE)
    trained = keras.Model(network.input, network.output["logits"])
    trained.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batches = _batches(arrays.train_images, protocol)
    trained.fit(
        batches,
        epochs=EPOCHS,
        steps_per_epoch=steps,
        callbacks=[TimedSchedule(EPOCHS * steps, 60 * minutes)],
        verbose=1 if sys.stdout.isatty() else 2,
        shuffle=False,
    )
    _update_moving_statistics(network, batches)
    return network


def _update_moving_statistics(network: keras.Model, batches: tf.data.Dataset) -> None:
    """Lets the moving statistics catch up with the final weights.

    After few steps they still are those of earlier weights, or the initial ones.
    """
    forward = tf.function(lambda images: network(images, training=True))
    for images, _ in batches.take(STATISTICS_BATCHES):
        forward(images)


def _batches(images: np.ndarray, protocol: protocol.Protocol) -> tf.data.Dataset:
    """Endless (images, labels)."""
    pool = pools.Pool(images, protocol.labeled_ids, protocol.labels)
    streams = {"labeled": Stream("labeled", BATCH_SIZE, {"image": "translated"})}
    batches = pipeline.dataset({"labeled": pool}, streams, SEED, 0)
    return batches.map(lambda batch: (batch["labeled"]["image"], batch["labeled"]["label"]))


class TimedSchedule(keras.callbacks.Callback):
    """Sets the learning rate by the share of the training that is over, and stops it in time."""

    def __init__(self, steps: int, seconds: float):
        """Takes the limits; the first one that is reached ends the training."""
        super().__init__()
        self.steps = steps
        self.seconds = seconds
        self.done = 0
        self.began: float | None = None

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Sets the learning rate."""
        self.model.optimizer.learning_rate = LEARNING_RATE * rate_factor(self.share())

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Stops when the time is over. The time begins after the first step, which traces."""
        self.began = self.began or time.perf_counter()
        self.done += 1
        self.model.stop_training = self.share() >= 1.0

    def share(self) -> float:
        """The share of the training that is over, by the steps or by the time."""
        passed = time.perf_counter() - self.began if self.began else 0.0
        return max(self.done / self.steps, passed / self.seconds)


def rate_factor(share: float) -> float:
    """The learning rate as a share of the largest: it rises, then falls to 0, both linearly.

    Args:
        share: The share of the training that is over; 0 and up.
    """
    return max(0.0, min(share / WARMUP, (1 - share) / (1 - WARMUP)))
