"""The servers that stand in for TensorFlow Serving take the requests of the README."""

import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest
import tensorflow as tf


def post(url, payload):
    request = urllib.request.Request(url, json.dumps(payload).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def test_pixels_by_rest(rest_url, signatures, digits):
    found = post(f"{rest_url}/v1/models/digits:predict", {"instances": digits[:2].tolist()})
    right = signatures["serving_default"](image=tf.constant(digits[:2]))
    rows = found["predictions"]
    assert [row["label"] for row in rows] == right["label"].numpy().tolist()
    np.testing.assert_allclose(
        [r["probabilities"] for r in rows], right["probabilities"], atol=1e-6
    )


def test_files_by_rest(rest_url, signatures, digits, encode):
    rows = [{"image_bytes": b64(encode(image))} for image in digits]
    payload = {"signature_name": "predict_bytes", "instances": rows}
    found = post(f"{rest_url}/v1/models/digits:predict", payload)["predictions"]
    right = signatures["serving_default"](image=tf.constant(digits))["name"].numpy()
    assert [row["name"].encode() for row in found] == right.tolist()


def test_generated_images_by_rest(rest_url, signatures):
    payload = {"signature_name": "generate", "instances": [[0.5] * 8]}
    found = post(f"{rest_url}/v1/models/digits:predict", payload)["predictions"][0]["image"]
    right = signatures["generate"](latents=tf.fill([1, 8], 0.5))["image"][0]
    np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize(
    "instances",
    [
        [{"image_bytes": {"b64": "bm8gcGljdHVyZQ=="}}],
        [{"image_bytes": {"b64": "not base64"}}],
        [{"image_bytes": 3}],
        "nothing",
    ],
)
def test_bad_payloads_are_refused_and_the_server_lives(rest_url, digits, instances):
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
