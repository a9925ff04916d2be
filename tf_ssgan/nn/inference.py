"""Predictions of a network for arrays of images, a batch at a time."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

BATCH_SIZE = 250  # images a forward pass; bounds memory, changes no result


def predictor(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """A function uint8 images [n, h, w, c] -> logits [n, classes] of a network's "logits"."""

    @tf.function(reduce_retracing=True)
    def logits(images):
        return network((tf.cast(images, tf.float32) - 127.5) / 127.5, training=False)["logits"]

    return lambda images: logits(tf.constant(images)).numpy()


def cached_predictor(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """The same function, traced once and kept with the network."""
    if not hasattr(network, "traced_predictor"):
        network.traced_predictor = predictor(network)
    return network.traced_predictor


def predict_batches(
    predict: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    ids: np.ndarray,
    pause: Callable[[], None] = lambda: None,
) -> Iterator[np.ndarray]:
    """What is predicted for some images, a batch at a time, the ragged last one included.

    Args:
        predict: uint8 images [n, h, w, c] -> scores [n, classes].
        images: uint8 [all, h, w, c].
        ids: int [n], which of them.
        pause: Called between batches; may raise to interrupt.

    Yields:
        [batch, classes].
    """
    for start in range(0, len(ids), BATCH_SIZE):
        yield predict(images[ids[start : start + BATCH_SIZE]])
        pause()
