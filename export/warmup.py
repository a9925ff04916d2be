"""Requests that a server runs through a new version before it takes real ones.

The first request of each signature is slow (memory, kernels, graph optimization). TF Serving
replays `assets.extra/tf_serving_warmup_requests` while loading, so that no person waits for it.
"""

import importlib.util
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

import export
from export import servable

FILE = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"  # fixed by TF Serving


def available() -> bool:
    """Whether tensorflow-serving-api, which has the protocol buffers, is installed."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def write(made: servable.Networks, folder: pathlib.Path, model: str) -> None:
    """Writes one request for each signature into a SavedModel.

    Args:
        made: Its networks.
        folder: The SavedModel.
        model: The name it will be served under.
    """
    from tensorflow_serving.apis import prediction_log_pb2 as logs

    from export import grpc_messages

    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    arguments, picture = _arguments(made)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for name, values in arguments.items():
            asked = logs.PredictLog(request=grpc_messages.predict(model, name, values))
            writer.write(logs.PredictionLog(predict_log=asked).SerializeToString())
        asked = logs.ClassifyLog(request=grpc_messages.classify(model, [picture]))
        writer.write(logs.PredictionLog(classify_log=asked).SerializeToString())


def _arguments(made: servable.Networks) -> tuple[dict[str, dict[str, Any]], bytes]:
    """Signature -> inputs of one black image, or of zeros; and the image as a file."""
    image = np.zeros((1, *made.info.shape), np.uint8)
    picture = tf.io.encode_png(image[0]).numpy()
    found = {export.DEFAULT: {"image": image}, export.BYTES: {"image_bytes": [picture]}}
    if made.generator is not None:
        found[export.GENERATE] = {
            spec.name: np.zeros((1, *spec.shape[1:]), spec.dtype.as_numpy_dtype)
            for spec in servable.generator_inputs(made.generator)
        }
    return found, picture
