"""Predictions of a network for arrays of images, batch by batch."""

import dataclasses
import functools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_ssgan.nn import pixels

BATCH_SIZE = 250  # images a forward pass; bounds memory, changes no result

# Network -> forward pass -> its traced function, until the network is freed.
_TRACED: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class TracedPass:
    """A traced forward pass of a network, which it keeps from being freed."""

    network: keras.Model
    function: Callable[..., Any]

    def __call__(self, *tensors: tf.Tensor) -> Any:
        """The pass on some tensors."""
        return self.function(*tensors)


def traced(network: keras.Model, forward: Callable[..., Any]) -> TracedPass:
    """The forward pass of a network as a traced function, which is made once.

    Args:
        network: The network.
        forward: Network and tensors -> outputs; a function of a module, not one made in a function.
    """
    functions = _TRACED.setdefault(network, {})
    if forward not in functions:
        # A function that closes over the network would keep it in the dictionary forever.
        call = functools.partial(_call, weakref.ref(network), forward)
        functions[forward] = tf.function(call, reduce_retracing=True)
    return TracedPass(network, functions[forward])


def predictor(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """A function from uint8 images [n, h, w, c] to the network's output "logits", [n, classes]."""
    logits = traced(network, _logits)
    return lambda images: logits(tf.constant(images)).numpy()


def outputs(network: keras.Model) -> Callable[[np.ndarray], dict[str, tf.Tensor]]:
    """A function from uint8 images [n, h, w, c] to all outputs of the network by name, [n, ...]."""
    every = traced(network, _outputs)
    return lambda images: every(tf.constant(images))


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


def _call(network: weakref.ref, forward: Callable[..., Any], *tensors: tf.Tensor) -> Any:
    """A forward pass of the network referred to."""
    return forward(network(), *tensors)


def _logits(network: keras.Model, images: tf.Tensor) -> tf.Tensor:
    return _outputs(network, images)["logits"]


def _outputs(network: keras.Model, images: tf.Tensor) -> dict[str, tf.Tensor]:
    return network(pixels.to_float32(images), training=False)
