"""The networks by which images are scored, and what they return, batch by batch."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tqdm
from scipy import special

from tf_ssgan.nn import inference, pixels

LONG_SECONDS = 3.0  # seconds after which a bar is shown


@dataclasses.dataclass(frozen=True)
class ReferenceNetwork:
    """A network whose outputs are made into scores, and what identifies it.

    Attributes:
        network: float32 [n, h, w, c] in [-1, 1] -> {"features": [n, d], "logits": [n, K]}; a
            network without classes has no "logits".
        fingerprint: Stands beside every score. Scores with different fingerprints are never
            compared.
        temperature: The logits are divided by it, see `metrics.calibration`.
    """

    network: keras.Model
    fingerprint: dict[str, Any]
    temperature: float = 1.0

    def predict(self, images: np.ndarray, name: str = "") -> "NetworkOutputs":
        """Features and probabilities of uint8 images [n, h, w, c]; `name` is shown by the bar."""
        arrays = outputs(self.network, images, name)
        probabilities = None
        if "logits" in arrays:
            logits = arrays["logits"].astype(np.float64)
            probabilities = special.softmax(logits / self.temperature, axis=-1)
        return NetworkOutputs(arrays["features"], probabilities)


@dataclasses.dataclass(frozen=True)
class NetworkOutputs:
    """What a reference network returns for n images.

    Attributes:
        features: float32 [n, d].
        probabilities: float64 [n, K], or None if the network has no classes.
    """

    features: np.ndarray
    probabilities: np.ndarray | None

    def first(self, count: int) -> "NetworkOutputs":
        """The outputs for the first images."""
        probabilities = self.probabilities
        return NetworkOutputs(
            self.features[:count], None if probabilities is None else probabilities[:count]
        )


def outputs(network: keras.Model, images: np.ndarray, name: str = "") -> dict[str, np.ndarray]:
    """The outputs of a network for images, in inference mode.

    Args:
        network: float32 [n, h, w, c] in [-1, 1] -> {name: [n, ...]}.
        images: uint8 [n, h, w, c], n at least 1.
        name: What the bar says, which is shown if it takes long.

    Returns:
        Name of the output -> float32 [n, ...].
    """
    forward, parts = inference.traced(network, _outputs), []
    for start in batch_starts(len(images), name):
        batch = forward(tf.constant(images[start : start + inference.BATCH_SIZE]))
        parts.append({key: value.numpy() for key, value in batch.items()})
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def batch_starts(images: int, name: str = "") -> tqdm.tqdm:
    """The first image of each batch, with a bar in terminals if it takes long."""
    batches = range(0, images, inference.BATCH_SIZE)
    return tqdm.tqdm(batches, name, unit="batch", leave=False, delay=LONG_SECONDS, disable=None)


def _outputs(network: keras.Model, images: tf.Tensor) -> dict[str, tf.Tensor]:
    """All outputs for uint8 images, in float32."""
    tensors = network(pixels.to_float32(images), training=False)
    return {key: tf.cast(value, tf.float32) for key, value in tensors.items()}
