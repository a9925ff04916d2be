"""Requests to TensorFlow Serving as protocol buffers; needs tensorflow-serving-api."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, predict_pb2

import export


def predict_request(
    model: str, signature: str, inputs: dict[str, Any]
) -> predict_pb2.PredictRequest:
    """A request to any signature.

    Args:
        model: Name of the served model.
        signature: Name of the signature.
        inputs: Name of an input -> anything that TensorFlow can convert to a tensor.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def classify_request(
    model: str, files: Sequence[bytes]
) -> classification_pb2.ClassificationRequest:
    """A request to `classify`.

    Args:
        model: Name of the served model.
        files: Image files.
    """
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = export.CLASSIFY
    for file in files:
        example = request.input.example_list.examples.add()
        example.features.feature[export.FEATURE].bytes_list.value.append(file)
    return request
