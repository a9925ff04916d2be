"""Requests name their model, signature and inputs as TensorFlow Serving expects."""

import numpy as np
import pytest
import tensorflow as tf

import export

grpc_messages = pytest.importorskip(
    "export.grpc_messages", reason="gRPC needs the extra `serving` (tensorflow-serving-api)"
)


def test_a_predict_request_has_tensors_by_name():
    images = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    inputs = {"image": images, "image_bytes": [b"png", b"jpeg"]}
    request = grpc_messages.predict_request("digits", export.DEFAULT, inputs)
    assert request.model_spec.name == "digits"
    assert request.model_spec.signature_name == "serving_default"
    np.testing.assert_array_equal(tf.make_ndarray(request.inputs["image"]), images)
    assert tf.make_ndarray(request.inputs["image"]).dtype == np.uint8
    assert tf.make_ndarray(request.inputs["image_bytes"]).tolist() == [b"png", b"jpeg"]


def test_a_classify_request_has_an_example_for_each_file():
    request = grpc_messages.classify_request("digits", [b"one", b"two"])
    assert request.model_spec.name == "digits"
    assert request.model_spec.signature_name == "classify"
    examples = request.input.example_list.examples
    features = [example.features.feature["image/encoded"] for example in examples]
    assert [list(feature.bytes_list.value) for feature in features] == [[b"one"], [b"two"]]
