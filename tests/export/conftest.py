"""A tiny run, its export, and two servers that answer from that export over the loopback.

The servers do what TensorFlow Serving does with the requests used here, and say what it says when
it refuses: REST as JSON in rows, gRPC with tensorflow-serving-api's own service.
"""

import base64
import concurrent.futures
import http.server
import io
import json
import threading

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import export_main
from tf_ssgan.training import build, config, loop

MODEL = "digits"
TINY = {"max_steps": 2, "width": 4, "batch_size": 8, "latent_size": 8, "precision": "float32"}


def run_tiny(folder, method="frgan", **given):
    """A run of two steps, as a folder."""
    if method != "frgan":
        given = {"width": None, "latent_size": None} | given
    settings = {k: v for k, v in (TINY | given).items() if v is not None}
    loop.run(config.configure(method, "digits", workdir=str(folder), **settings))
    return folder


def as_file(image, form="PNG", **options):
    """A picture as the bytes of a file."""
    image = np.asarray(image)
    image = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def encode():
    """`as_file`, for tests."""
    return as_file


@pytest.fixture(scope="session")
def make_run():
    """`run_tiny`, for tests."""
    return run_tiny


@pytest.fixture(scope="session")
def workdir(tmp_path_factory):
    """Folder of a tiny run of frgan on digits."""
    return run_tiny(tmp_path_factory.mktemp("run") / "tiny")


@pytest.fixture(scope="session")
def live(workdir):
    """That run, opened again."""
    return build.reopen(workdir)


@pytest.fixture(scope="session")
def exported(workdir, tmp_path_factory):
    """Its export."""
    return export_main.export(workdir, tmp_path_factory.mktemp("served") / MODEL)


@pytest.fixture(scope="session")
def loaded(exported):
    """What a plain `tf.saved_model.load` makes of it."""
    return tf.saved_model.load(str(exported.folder))


@pytest.fixture(scope="session")
def signatures(loaded):
    """Its signatures."""
    return loaded.signatures


@pytest.fixture(scope="session")
def digits(live):
    """Seven test images, uint8 [7, 16, 16, 1]."""
    return live.arrays.test_images[:7]


@pytest.fixture
def picture_files(tmp_path, digits):
    """Paths of the seven as PNG files."""
    paths = []
    for i, image in enumerate(digits):
        paths.append(tmp_path / f"digit{i}.png")
        paths[-1].write_bytes(as_file(image))
    return paths


class RestHandler(http.server.BaseHTTPRequestHandler):
    """POST /v1/models/digits:predict and :classify."""

    signatures = None

    def do_POST(self):
        """Answers one request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        model, _, verb = self.path.removeprefix("/v1/models/").partition(":")
        if model != MODEL or not self.path.startswith("/v1/models/"):
            self._answer(404, {"error": f"Servable not found for request: Latest({model})"})
            return
        try:
            self._answer(200, getattr(self, f"_{verb}")(json.loads(body)))
        except (ValueError, KeyError, TypeError, tf.errors.InvalidArgumentError) as error:
            self._answer(400, {"error": said(error)})

    def _predict(self, payload):
        name = payload.get("signature_name", "serving_default")
        signature = self.signatures[name]
        (key,) = signature.structured_input_signature[1]
        values = [
            row[key] if isinstance(row, dict) and key in row else row
            for row in payload["instances"]
        ]
        dtype = signature.structured_input_signature[1][key].dtype
        values = [base64.b64decode(v["b64"]) for v in values] if dtype == tf.string else values
        outputs = {k: v.numpy() for k, v in signature(**{key: tf.constant(values, dtype)}).items()}
        return {"predictions": [
            {k: _plain(v[i]) for k, v in outputs.items()} for i in range(len(values))
        ]}  # fmt: skip

    def _classify(self, payload):
        examples = [
            example({k: base64.b64decode(v["b64"]) for k, v in fields.items()})
            for fields in payload["examples"]
        ]
        answer = self.signatures[payload["signature_name"]](inputs=tf.constant(examples))
        pairs = zip(answer["classes"].numpy(), answer["scores"].numpy(), strict=True)
        return {"results": [
            [[c.decode(), float(s)] for c, s in zip(*pair, strict=True)] for pair in pairs
        ]}  # fmt: skip

    def _answer(self, code, content):
        content = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Nothing."""


def example(fields):
    """A serialized tf.Example of byte features."""
    features = {
        k: tf.train.Feature(bytes_list=tf.train.BytesList(value=[v])) for k, v in fields.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def said(error):
    """What a server says of an error: the message without Python's account of the graph."""
    return str(error).split("\n\t [[")[0].splitlines()[-1]


def _plain(value):
    return value.decode() if isinstance(value, bytes) else value.tolist()


@pytest.fixture(scope="session")
def rest_url(signatures):
    """Address of a REST server."""
    handler = type("Handler", (RestHandler,), {"signatures": signatures})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def grpc_target(signatures):
    """host:port of a gRPC server."""
    grpc = pytest.importorskip("grpc", reason="gRPC needs the extra `serving`")
    reason = "gRPC needs the extra `serving` (tensorflow-serving-api)"
    service = pytest.importorskip(
        "tensorflow_serving.apis.prediction_service_pb2_grpc", reason=reason
    )
    from tensorflow_serving.apis import classification_pb2, predict_pb2

    class Service(service.PredictionServiceServicer):
        def Predict(self, request, context):
            known(request, context)
            given = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
            response = predict_pb2.PredictResponse()
            for name, value in called(context, request, **given).items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            return response

        def Classify(self, request, context):
            known(request, context)
            examples = [e.SerializeToString() for e in request.input.example_list.examples]
            answer = called(context, request, inputs=tf.constant(examples))
            response = classification_pb2.ClassificationResponse()
            for classes, scores in zip(
                answer["classes"].numpy(), answer["scores"].numpy(), strict=True
            ):
                row = response.result.classifications.add()
                for label, score in zip(classes, scores, strict=True):
                    row.classes.add(label=label.decode(), score=score)
            return response

    def known(request, context):
        name = request.model_spec.name
        if name != MODEL:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({name})"
            )

    def called(context, request, **given):
        try:
            return signatures[request.model_spec.signature_name or "serving_default"](**given)
        except tf.errors.InvalidArgumentError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, said(error))

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    service.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)
