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
from support import scripted_server

from export import client, server_answers, server_clients
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
    with pytest.raises(server_answers.RefusedRequest, match="refused by the server: .*[Ii]mage"):
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


GOOD = {"label": 1, "name": "b", "probabilities": [0.25, 0.75]}


def answers(body, *options):
    """A server that sends this, and a client of it."""
    server = scripted_server.ScriptedServer(scripted_server.answer(body, *options))
    return server, lambda: server_clients.RestClient(server.url, "digits", timeout=5)


def test_a_whole_answer_is_taken():
    server, make = answers({"predictions": [GOOD]})
    with server:
        (prediction,) = make().predict([b""])
    assert prediction == server_answers.ServerPrediction(1, "b", (0.25, 0.75))


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        ({"hello": "world"}, (), "there is no 'predictions' in its answer"),
        ([], (), "there is no 'predictions' in its answer"),
        (None, (), "there is no 'predictions' in its answer"),
        ({"predictions": GOOD}, (), "there is no 'predictions' in its answer"),
        ({"predictions": [7]}, (), "there is no 'label' in its answer"),
        ({"predictions": [{**GOOD, "probabilities": [float("nan")]}]}, (), "NaN, which is no number"),
        (b"[" * 100_000, (), "it is nested too deeply|sends no JSON"),
        (b'{"predictions": [' + b"9" * 5000 + b"]}", (), "it holds a number of too many digits"),
        (b'"\xff"', (), "its text is not UTF-8"),
        (b"", (), "it sends no JSON"),
        (b"<html>", ("200 OK", "text/html; charset=utf-8"), "it sends text/html instead of JSON"),
        (b"<html>", ("200 OK", ""), "it sends no JSON"),
        (b"", ("302 Found", "text/html", "Location: http://elsewhere/"), "it redirects to http://elsewhere/"),
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_another_kind_of_server_is_an_error(body, options, reason):
    server, make = answers(body, *options)
    with (
        server,
        pytest.raises(
            errors.UserError,
            match=f"not as a classifier under TensorFlow Serving does: .*({reason})",
        ),
    ):
        make().predict([b""])


@pytest.mark.parametrize(
    "results", [None, [], [[]], [[["a"]]], [[[1, 0.5]]], [["a", "b"], ["c"]], [{"a": 1}]]
)
def test_names_of_classes_are_checked(results):
    server, make = answers({"results": results})
    with server, pytest.raises(errors.UserError, match="not as a classifier"):
        make().classes(b"")


def test_an_answer_without_an_end_is_an_error(monkeypatch):
    monkeypatch.setattr(server_answers, "LARGEST", 10_000)
    server, make = answers(b" " * 20_000)
    with (
        server,
        pytest.raises(errors.UserError, match="more than 10,000 bytes; take a smaller --batch"),
    ):
        make().predict([b""])


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        ("400 Bad", {"error": "\x1b[2J bad\nmore"}, r"refused by the server: \\x1b\[2J bad$"),
        ("500 Oh\x07", b"", r"fails with 500: Oh\\x07$"),
        ("404 Not Found", {"error": ["\x9b"]}, r"no model 'digits' \(\['\\x9b'\]\)"),
        ("503 Busy", b"[" * 100_000, "fails with 503: "),
        ("413 Large", b"\xff" * 50, "fails with 413: "),
    ],
)  # fmt: skip
def test_messages_of_a_server_are_shown_without_control_characters(status, body, words):
    server, make = answers(body, status)
    with server, pytest.raises(errors.UserError, match=words) as refused:
        make().predict([b""])
    assert str(refused.value).isprintable()


# --- gRPC -----------------------------------------------------------------------------------------


def grpc_answer(**changed):
    """A PredictResponse, some outputs changed; None removes one."""
    predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
    outputs = {"label": np.array([1]), "name": np.array([b"b"], object),
               "probabilities": np.array([[0.25, 0.75]], np.float32)} | changed  # fmt: skip
    response = predict_pb2.PredictResponse()
    for name, value in outputs.items():
        if value is not None:
            proto = value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value)
            response.outputs[name].CopyFrom(proto)
    return response


def asked_by_grpc(monkeypatch, response):
    served = server_clients.GrpcClient("127.0.0.1:1", "digits")
    monkeypatch.setattr(served, "_call", lambda *_: response)
    return served.predict([b""])


def test_a_whole_answer_by_grpc_is_taken(monkeypatch):
    (prediction,) = asked_by_grpc(monkeypatch, grpc_answer())
    assert prediction == server_answers.ServerPrediction(1, "b", (0.25, 0.75))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"label": None}, "there is no 'label'"),
        ({"label": np.array([1.0])}, "'label' has another type"),
        ({"label": np.array([[1]])}, "'label' has another type or shape"),
        ({"label": np.array([1, 0])}, "zip|predictions"),
        ({"label": np.array([2])}, "the label is no number of a class"),
        ({"name": np.array([b"\xff"], object)}, "a name is not UTF-8"),
        ({"probabilities": np.array([0.25, 0.75], np.float32)}, "another type or shape"),
        ({"probabilities": np.array([[np.nan, 1]], np.float32)}, "no number from 0 to 1"),
        ({"probabilities": np.array([[0.5, 1]], np.float32)}, "do not sum to 1"),
        ({"probabilities": np.zeros((1, 0), np.float32)}, "no list"),
    ],
)  # fmt: skip
def test_outputs_by_grpc_are_checked(monkeypatch, changed, reason):
    with pytest.raises(errors.UserError, match=f"127.0.0.1:1 answers, .*({reason}).*--grpc"):
        asked_by_grpc(monkeypatch, grpc_answer(**changed))


def test_a_small_message_that_stands_for_a_huge_array_is_refused(monkeypatch):
    huge = tf.make_tensor_proto(np.array([[0.5]], np.float32))
    huge.tensor_shape.dim[1].size = 10**12
    with pytest.raises(errors.UserError, match="'probabilities' is too large"):
        asked_by_grpc(monkeypatch, grpc_answer(probabilities=huge))


def test_an_answer_by_grpc_that_is_too_long_is_an_error(grpc_target, monkeypatch, image_files):
    monkeypatch.setattr(server_answers, "LARGEST", 20)
    served = server_clients.GrpcClient(grpc_target, "digits")
    with pytest.raises(errors.UserError, match="its answer has more than 20 bytes"):
        served.predict([image_files[0].read_bytes()])


@pytest.mark.parametrize("target", ["", "host", "host:0", "host:99999", "host:x", "me@host:1",
                                    "http://host:1", "host:1/a", "[::1", "host\x1b:1"])  # fmt: skip
def test_what_is_no_address_of_grpc_is_refused(target):
    pytest.importorskip("tensorflow_serving", reason="gRPC needs the extra `serving`")
    with pytest.raises(errors.UserError, match="is not an address") as refused:
        server_clients.GrpcClient(target, "digits")
    assert str(refused.value).isprintable()


def test_grpc_uses_no_proxy(grpc_target, image_files, monkeypatch, closed_port):
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    served = server_clients.GrpcClient(grpc_target, "digits", timeout=5)
    assert len(served.predict([image_files[0].read_bytes()])) == 1


def test_without_the_serving_extra_grpc_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(
        errors.UserError, match=r"needs the extra packages .*pip install '.\[serving\]'"
    ):
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
