"""Training the judging classifier within some minutes."""

import sys
import time

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.core.task import Stream
from tf_ssgan.data import dataset_info, pipeline, pools, protocol
from tf_ssgan.evaluation import reference_cnn
from tf_ssgan.nn import precision

BATCH = 100
EPOCHS = 40  # more is not needed, whatever the minutes
RATE = 2e-3  # Adam's largest step size
WARM = 0.1  # share of the training over which the step size rises
SETTLING = 40  # batches from which moving statistics are taken at the end
SEED = 0


def train(arrays: dataset_info.Arrays, protocol: protocol.Protocol, minutes: float) -> keras.Model:
    """Trains the network of `small_cnn` on the labeled images of a protocol.

    Images are moved by up to 2 pixels. The step size rises, then falls to 0 at the end: that is the
    last epoch or the last minute, whichever comes first.

    Args:
        arrays: The images.
        protocol: Which of them are labeled.
        minutes: It takes about so many at most.
    """
    keras.utils.set_random_seed(SEED)
    with precision.policy("float32"):
        network = reference_cnn.classifier(arrays.info.shape, len(arrays.info.classes))
    steps = max(1, len(protocol.labeled_ids) // BATCH)
    answering = keras.Model(network.input, network.output["logits"])
    answering.compile(
        optimizer=keras.optimizers.Adam(RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batches = _batches(arrays.train_images, protocol)
    answering.fit(
        batches,
        epochs=EPOCHS,
        steps_per_epoch=steps,
        callbacks=[Pace(EPOCHS * steps, 60 * minutes)],
        verbose=1 if sys.stdout.isatty() else 2,
        shuffle=False,
    )
    _settle(network, batches)
    return network


def _settle(network: keras.Model, batches: tf.data.Dataset) -> None:
    """Lets the moving statistics catch up with weights that no longer change.

    After few steps they still are those of earlier weights, or of none.
    """
    look = tf.function(lambda images: network(images, training=True))
    for images, _ in batches.take(SETTLING):
        look(images)


def _batches(images: np.ndarray, protocol: protocol.Protocol) -> tf.data.Dataset:
    """Endless (images, labels)."""
    pool = pools.Pool(images, protocol.labeled_ids, protocol.labels)
    wanted = {"labeled": Stream("labeled", BATCH, {"image": "translated"})}
    found = pipeline.dataset({"labeled": pool}, wanted, SEED, 0)
    return found.map(lambda batch: (batch["labeled"]["image"], batch["labeled"]["label"]))


class Pace(keras.callbacks.Callback):
    """Sets the step size by the share of the training that is over, and stops it in time."""

    def __init__(self, steps: int, seconds: float):
        """Takes the limits, of which the first one that is reached ends the training."""
        super().__init__()
        self.steps = steps
        self.seconds = seconds
        self.done = 0
        self.began: float | None = None

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Sets the step size."""
        self.model.optimizer.learning_rate = RATE * pace(self.share())

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Stops once the time is over. It begins after the first step, which traces."""
        self.began = self.began or time.perf_counter()
        self.done += 1
        self.model.stop_training = self.share() >= 1.0

    def share(self) -> float:
        """The share that is over, of the steps or of the time."""
        passed = time.perf_counter() - self.began if self.began else 0.0
        return max(self.done / self.steps, passed / self.seconds)


def pace(share: float) -> float:
    """The step size as a share of the largest: up to it, then down to 0, in straight lines.

    Args:
        share: Of the training that is over; 0 and up.
    """
    return max(0.0, min(share / WARM, (1 - share) / (1 - WARM)))
