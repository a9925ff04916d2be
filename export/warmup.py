"""Requests that a server sends to a new version before it accepts real ones.

The first request of each signature is slow (memory, kernels, graph optimization). TF Serving
replays `assets.extra/tf_serving_warmup_requests` while loading, so that no user waits for it.
"""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

import export
from export import servable

FILE = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"  # fixed by TF Serving


def is_available() -> bool:
    """Whether tensorflow-serving-api, which has the protocol buffers, can be imported."""
    try:
        from tensorflow_serving.apis import prediction_log_pb2  # noqa: F401

        from export import grpc_messages  # noqa: F401
    except Exception:  # one made for another protobuf raises a TypeError, and so on
        return False
    return True


def write_requests(networks: servable.ExportedNetworks, folder: pathlib.Path, model: str) -> None:
    """Writes one request for each signature into a SavedModel.

    Args:
        networks: Its networks.
        folder: The SavedModel.
        model: The name it will be served under.
    """
    from tensorflow_serving.apis import prediction_log_pb2 as logs

    from export import grpc_messages

    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    inputs, png = _inputs(networks)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for name, values in inputs.items():
            log = logs.PredictLog(request=grpc_messages.predict_request(model, name, values))
            writer.write(logs.PredictionLog(predict_log=log).SerializeToString())
        log = logs.ClassifyLog(request=grpc_messages.classify_request(model, [png]))
        writer.write(logs.PredictionLog(classify_log=log).SerializeToString())


def _inputs(networks: servable.ExportedNetworks) -> tuple[dict[str, dict[str, Any]], bytes]:
    """Signature -> inputs, one black image or zeros; and the image as an image file."""
    image = np.zeros((1, *networks.info.shape), np.uint8)
    png = tf.io.encode_png(image[0]).numpy()
    inputs = {export.DEFAULT: {"image": image}, export.BYTES: {"image_bytes": [png]}}
    if networks.generator is not None:
        inputs[export.GENERATE] = {
            spec.name: np.zeros((1, *spec.shape[1:]), spec.dtype.as_numpy_dtype)
            for spec in servable.generator_inputs(networks.generator)
        }
    return inputs, png
