"""Predictions of a network for arrays of images, batch by batch."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.nn import pixels

BATCH_SIZE = 250  # images a forward pass; bounds memory, changes no result


def predictor(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """A function from uint8 images [n, h, w, c] to the network's output "logits", [n, classes]."""

    @tf.function(reduce_retracing=True)
    def logits(images):
        return network(pixels.to_float32(images), training=False)["logits"]

    return lambda images: logits(tf.constant(images)).numpy()


def cached_predictor(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """The `predictor` of a network, made once and stored as an attribute of the network."""
    if not hasattr(network, "traced_predictor"):
        network.traced_predictor = predictor(network)
    return network.traced_predictor


def predict_batches(
    predict: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    ids: np.ndarray,
    pause: Callable[[], None] = lambda: None,
) -> Iterator[np.ndarray]:
    """Predicts some of the images batch by batch; the last batch may be smaller.

    Args:
        predict: uint8 images [n, h, w, c] -> scores [n, classes].
        images: uint8 [all, h, w, c].
        ids: int [n], the images to predict.
        pause: Called between batches; may raise to interrupt.

    Yields:
        [batch, classes].
    """
    for start in range(0, len(ids), BATCH_SIZE):
        yield predict(images[ids[start : start + BATCH_SIZE]])
        pause()
