"""What networks say of images, batch by batch."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tqdm
from scipy import special

from tf_ssgan.nn import inference

LONG_SECONDS = 3.0  # seconds after which a bar is shown


@dataclasses.dataclass(frozen=True)
class ReferenceNetwork:
    """A network whose answers are made into scores, and what identifies it.

    Attributes:
        network: float32 [n, h, w, c] in [-1, 1] -> {"features": [n, d], "logits": [n, K]}; one
            that names no classes has no "logits".
        stamp: What every score of it carries. Scores with different stamps are never compared.
        temperature: What its logits are divided by, see `calibration`.
    """

    network: keras.Model
    stamp: dict[str, Any]
    temperature: float = 1.0

    def look(self, images: np.ndarray, what: str = "") -> "NetworkOutputs":
        """Asks the network about images, uint8 [n, h, w, c]; `what` they are, for the bar."""
        said = outputs(self.network, images, what)
        logits = said.get("logits")
        if logits is not None:
            logits = special.softmax(logits.astype(np.float64) / self.temperature, axis=-1)
        return NetworkOutputs(said["features"], logits)


@dataclasses.dataclass(frozen=True)
class NetworkOutputs:
    """What a judge says of n images.

    Attributes:
        features: float32 [n, d].
        probabilities: float64 [n, K], or None where it names no classes.
    """

    features: np.ndarray
    probabilities: np.ndarray | None


def outputs(network: keras.Model, images: np.ndarray, what: str = "") -> dict[str, np.ndarray]:
    """Asks a network about images, in inference mode.

    Args:
        network: float32 [n, h, w, c] in [-1, 1] -> {name: [n, ...]}.
        images: uint8 [n, h, w, c], n at least 1.
        what: What they are, for the bar that is shown if it takes long.

    Returns:
        Name -> float32 [n, ...].
    """
    answer, parts = _traced(network), []
    for start in starts(len(images), what):
        said = answer(tf.constant(images[start : start + inference.BATCH_SIZE]))
        parts.append({name: value.numpy() for name, value in said.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def starts(images: int, what: str = "") -> tqdm.tqdm:
    """The first image of each batch, with a bar in terminals if it takes long."""
    batches = range(0, images, inference.BATCH_SIZE)
    return tqdm.tqdm(batches, what, unit="batch", leave=False, delay=LONG_SECONDS, disable=None)


def _traced(network: keras.Model):
    """The network's traced forward pass, made once."""
    if not hasattr(network, "traced_outputs"):

        @tf.function(reduce_retracing=True)
        def answer(batch: tf.Tensor) -> dict[str, tf.Tensor]:
            said = network((tf.cast(batch, tf.float32) - 127.5) / 127.5, training=False)
            return {name: tf.cast(value, tf.float32) for name, value in said.items()}

        network.traced_outputs = answer
    return network.traced_outputs
