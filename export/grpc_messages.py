"""Requests to TensorFlow Serving, and its answers, as protocol buffers.

Needs tensorflow-serving-api.
"""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, predict_pb2

import export

# Output of a classifying signature -> its type and its number of dimensions.
_OUTPUTS = {"label": (tf.int64, 1), "name": (tf.string, 1), "probabilities": (tf.float32, 2)}


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


def read_outputs(response: predict_pb2.PredictResponse, most: int) -> dict[str, list]:
    """The outputs of a classifying signature as lists.

    Args:
        response: The answer of a server.
        most: Bytes that the probabilities may have; a small message can stand for a large array.

    Returns:
        label: int [n], name: str [n], probabilities: float [n, K].

    Raises:
        ValueError: One is missing, or has another type or shape.
        TypeError: As ValueError.
    """
    lists = {}
    for name, (dtype, rank) in _OUTPUTS.items():
        if name not in response.outputs:
            raise ValueError(f"there is no {name!r} in its answer")
        tensor = response.outputs[name]
        sizes = [dimension.size for dimension in tensor.tensor_shape.dim]
        if tensor.dtype != dtype.as_datatype_enum or len(sizes) != rank or min(sizes) < 0:
            raise ValueError(f"{name!r} has another type or shape")
        if math.prod(sizes) * 4 > most:
            raise ValueError(f"{name!r} is too large")
        lists[name] = tf.make_ndarray(tensor).tolist()
    try:
        lists["name"] = [name.decode("utf-8") for name in lists["name"]]
    except UnicodeDecodeError:
        raise ValueError("a name is not UTF-8") from None
    return lists
