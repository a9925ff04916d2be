"""Keras' Inception-v3 as a reference network, with weights from a file of the user's.

It is not the network of published Fréchet distances: that is another port of Inception-v3, with
other weights and pooling, and distances by the two differ by more than good generators do.
"""

import pathlib
import warnings

import keras
import tensorflow as tf

from tf_ssgan.common import errors, files, weight_files
from tf_ssgan.evaluation import reference_network
from tf_ssgan.evaluation.reference_classifier import DIGITS
from tf_ssgan.nn import precision

SIZE = 299
_LARGEST = 2**29  # bytes of its weights; with the state of an optimizer they take 300 MB


def inception_network(file: str, shape: tuple[int, int, int]) -> reference_network.ReferenceNetwork:
    """Loads the network.

    Args:
        file: Weights of `keras.applications.InceptionV3`, with or without its top; without it
            there are no classes, and so no Inception Score.
        shape: Height, width and channels of the images that are scored.

    Raises:
        UserError: The file holds other weights.
    """
    path = pathlib.Path(file)
    with precision.policy("float32"):
        inception = _read_network(path)
        images = keras.Input(shape, name="images")
        outputs = inception(_Enlarge(name="enlarged")(images))
        network = keras.Model(images, outputs, name="inception_reference")
    fingerprint = {
        "network": "keras InceptionV3",
        "file": path.name,
        "top": "logits" in outputs,
        "weights_sha256": files.sha256(path)[:DIGITS],
        "temperature": 1.0,
    }
    return reference_network.ReferenceNetwork(network, fingerprint)


def _read_network(path: pathlib.Path) -> keras.Model:
    """The network with the weights of a file: with its top if the file has that."""
    refusals = []
    try:
        weight_files.check(path, _LARGEST)
    except weight_files.WeightFileError as error:
        raise errors.UserError(
            f"--inception={path}: {error}. Give weights of keras.applications.InceptionV3."
        ) from error
    for top in (True, False):
        options = {"classifier_activation": None} if top else {"pooling": "avg"}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # "... retain their fresh weights"
                network = keras.applications.InceptionV3(top, str(path), **options)
        except Exception as error:  # a file of another layout gives a KeyError, a TypeError, ...
            refusals.append(errors.first_line(error))
            continue
        outputs = {"features": network.layers[-1].output}
        if top:
            pooled = network.get_layer("avg_pool").output
            outputs = {"features": pooled, "logits": network.output}
        return keras.Model(network.input, outputs)
    raise errors.UserError(
        f"--inception={path} does not hold the weights of keras.applications.InceptionV3 "
        f"({refusals[0]}). Save them with its save_weights."
    )


class _Enlarge(keras.layers.Layer):
    """Resizes images to 299 x 299, and makes gray ones RGB."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        images = tf.image.resize(inputs, (SIZE, SIZE), "bilinear", antialias=True)
        return images if images.shape[-1] == 3 else tf.image.grayscale_to_rgb(images)
