"""Predictions by REST and gRPC are those of the SavedModel; what goes wrong is a sentence."""

import base64
import json
import socket
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest
import tensorflow as tf

from export import client, server_clients
from tf_ssgan.common import errors


@pytest.fixture(params=["rest", "grpc"])
def served(request):
    """A client of each kind, of a running server."""
    if request.param == "rest":
        return server_clients.RestClient(request.getfixturevalue("rest_url"), "digits")
    return server_clients.GrpcClient(request.getfixturevalue("grpc_target"), "digits")


def test_predictions_are_those_of_the_saved_model(served, image_files, expected):
    results = list(client.classify_files(served, image_files, batch=3))
    assert [path for path, _ in results] == image_files
    predictions = [prediction for _, prediction in results]
    assert [p.label for p in predictions] == expected["label"].tolist()
    assert [p.name.encode() for p in predictions] == expected["name"].tolist()
    np.testing.assert_allclose(
        [p.probabilities for p in predictions], expected["probabilities"], atol=1e-6
    )


def test_the_server_tells_the_names_of_the_classes(served, image_files):
    assert served.classes(image_files[0].read_bytes()) == [str(k) for k in range(10)]


def test_a_request_that_the_server_refuses_is_an_error(served):
    with pytest.raises(server_clients.RefusedRequest, match="refused by the server: .*[Ii]mage"):
        served.predict([b"no image"])


def test_an_unknown_model_is_an_error(served):
    served.model = "letters"
    with pytest.raises(errors.UserError, match="has no model 'letters' .*--model"):
        served.predict([b""])


def test_an_unreachable_server_is_an_error_at_once(closed_port):
    with pytest.raises(
        errors.UserError, match=f"No server answers at http://127.0.0.1:{closed_port} .*--url"
    ):
        server_clients.RestClient(f"http://127.0.0.1:{closed_port}", "digits").predict([b""])
    pytest.importorskip("tensorflow_serving", reason="gRPC needs the extra `serving`")
    with pytest.raises(
        errors.UserError, match=f"No server answers at 127.0.0.1:{closed_port} .*--grpc"
    ):
        server_clients.GrpcClient(f"127.0.0.1:{closed_port}", "digits").predict([b""])


def test_a_server_that_does_not_answer_runs_into_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(errors.UserError, match="No server answers .*timed out"):
            server_clients.RestClient(f"http://127.0.0.1:{port}", "digits", timeout=0.2).predict(
                [b""]
            )
        pytest.importorskip("tensorflow_serving", reason="gRPC needs the extra `serving`")
        with pytest.raises(errors.UserError, match="No server answers .*Deadline"):
            server_clients.GrpcClient(f"127.0.0.1:{port}", "digits", timeout=0.2).predict([b""])


def test_an_invalid_address_is_refused():
    with pytest.raises(errors.UserError, match="is not an address"):
        server_clients.RestClient("127.0.0.1:8501", "digits")


def test_another_kind_of_server_is_an_error(rest_url, monkeypatch):
    served = server_clients.RestClient(rest_url, "digits")
    monkeypatch.setattr(served, "_post", lambda *_: {"hello": "world"})
    with pytest.raises(errors.UserError, match="not as a classifier under TensorFlow Serving"):
        served.predict([b""])


def test_without_the_serving_extra_grpc_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(errors.UserError, match=r"needs the extra packages .*tf_ssgan\[serving\]"):
        server_clients.GrpcClient("127.0.0.1:1", "digits")


# --- requests of the README, without a client -----------------------------------------------------


def post(url, payload):
    request = urllib.request.Request(url, json.dumps(payload).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def test_pixels_by_rest(rest_url, signatures, digits):
    answer = post(f"{rest_url}/v1/models/digits:predict", {"instances": digits[:2].tolist()})
    outputs = signatures["serving_default"](image=tf.constant(digits[:2]))
    rows = answer["predictions"]
    assert [row["label"] for row in rows] == outputs["label"].numpy().tolist()
    np.testing.assert_allclose(
        [r["probabilities"] for r in rows], outputs["probabilities"], atol=1e-6
    )


def test_files_by_rest(rest_url, signatures, digits, encode):
    rows = [{"image_bytes": b64(encode(image))} for image in digits]
    payload = {"signature_name": "predict_bytes", "instances": rows}
    rows = post(f"{rest_url}/v1/models/digits:predict", payload)["predictions"]
    names = signatures["serving_default"](image=tf.constant(digits))["name"].numpy()
    assert [row["name"].encode() for row in rows] == names.tolist()


def test_generated_images_by_rest(rest_url, signatures):
    payload = {"signature_name": "generate", "instances": [[0.5] * 8]}
    image = post(f"{rest_url}/v1/models/digits:predict", payload)["predictions"][0]["image"]
    expected = signatures["generate"](latents=tf.fill([1, 8], 0.5))["image"][0]
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(
    "instances",
    [
        [{"image_bytes": {"b64": "bm8gcGljdHVyZQ=="}}],
        [{"image_bytes": {"b64": "not base64"}}],
        [{"image_bytes": 3}],
        "nothing",
    ],
)
def test_bad_requests_are_refused_and_the_server_goes_on(rest_url, digits, instances):
    payload = {"signature_name": "predict_bytes", "instances": instances}
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(f"{rest_url}/v1/models/digits:predict", payload)
    assert refused.value.code == 400
    assert post(f"{rest_url}/v1/models/digits:predict", {"instances": digits[:1].tolist()})


def test_a_wrong_size_and_a_wrong_signature_are_refused(rest_url, digits):
    for payload in (
        {"instances": digits[:1, :8].tolist()},
        {"signature_name": "nothing", "instances": digits[:1].tolist()},
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(f"{rest_url}/v1/models/digits:predict", payload)
        assert refused.value.code == 400
