"""Requests that a server runs through a new version before it takes real ones.

The first request of each signature is slow (memory, kernels, graph optimization). TF Serving replays
`assets.extra/tf_serving_warmup_requests` while loading, so that no person waits for it.
"""

import importlib.util
import pathlib

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

    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    image = np.zeros((1, *made.card.shape), np.uint8)
    picture = tf.io.encode_png(image[0]).numpy()
    arguments = {
        export.DEFAULT: {"image": image},
        export.BYTES: {"image_bytes": [picture]},
    }
    if made.generator is not None:
        specs = servable.generator_inputs(made.generator)
        arguments[export.GENERATE] = {
            spec.name: np.zeros((1, *spec.shape[1:]), spec.dtype.as_numpy_dtype) for spec in specs
        }
    with tf.io.TFRecordWriter(str(file)) as writer:
        for name, values in arguments.items():
            request = predict_request(model, name, values)
            log = logs.PredictionLog(predict_log=logs.PredictLog(request=request))
            writer.write(log.SerializeToString())
        request = classify_request(model, [picture])
        log = logs.PredictionLog(classify_log=logs.ClassifyLog(request=request))
        writer.write(log.SerializeToString())


def predict_request(model: str, signature: str, inputs: dict[str, object]):
    """A `PredictRequest`; needs tensorflow-serving-api.

    Args:
        model: Name of the served model.
        signature: Name of the signature.
        inputs: Input -> anything that TensorFlow makes a tensor of.
    """
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def classify_request(model: str, pictures: list[bytes]):
    """A `ClassificationRequest`; needs tensorflow-serving-api."""
    from tensorflow_serving.apis import classification_pb2

    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = export.CLASSIFY
    for picture in pictures:
        example = request.input.example_list.examples.add()
        example.features.feature[export.FEATURE].bytes_list.value.append(picture)
    return request
