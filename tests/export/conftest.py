"""A tiny run, its export, and two servers that answer from that export over the loopback.

The servers answer the requests used here as TensorFlow Serving does, and refuse them with the same
messages: REST as JSON in rows, gRPC with tensorflow-serving-api's own service.
"""

import base64
import concurrent.futures
import http.server
import io
import json
import os
import shutil
import socket
import threading

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import export_main, input_files, predict
from flags import program
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
    """An image as the bytes of a file."""
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
    return export_main.export_run(workdir, tmp_path_factory.mktemp("served") / MODEL)


@pytest.fixture(scope="session")
def loaded(exported):
    """The export, loaded by a plain `tf.saved_model.load`."""
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
def image_files(tmp_path, digits):
    """Paths of the seven as PNG files."""
    paths = []
    for i, image in enumerate(digits):
        paths.append(tmp_path / f"digit{i}.png")
        paths[-1].write_bytes(as_file(image))
    return paths


@pytest.fixture
def expected(signatures, digits):
    """The SavedModel's own outputs for the seven digits."""
    outputs = signatures["serving_default"](image=tf.constant(digits))
    return {name: value.numpy() for name, value in outputs.items()}


# --- The program predict --------------------------------------------------------------------------


@pytest.fixture
def run_predict(exported, loaded, capfd, monkeypatch):
    """Runs the program in this process: (status, standard output, standard error).

    The export is loaded once for all tests; copies of it, and processes, load their own.
    """
    load, folder = tf.saved_model.load, str(exported.folder)
    monkeypatch.setattr(
        tf.saved_model, "load", lambda path: loaded if path == folder else load(path)
    )

    def run(*words, model=exported.folder):
        capfd.readouterr()
        try:
            with program.exit_on_user_error():
                predict.main(["predict", f"--model={model}", *map(str, words)])
            status = 0
        except SystemExit as stopped:
            status = stopped.code
        return status, *capfd.readouterr()

    return run


@pytest.fixture
def bad_files(tmp_path, digits):
    """Path -> why it gets no answer, in order of their names."""
    folder = tmp_path / "bad"
    folder.mkdir()
    whole = as_file(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    contents = {
        ".hidden.png": (whole, input_files.HIDDEN),
        "cut.png": (whole[: len(whole) // 2], "is damaged: its pixels cannot be decoded"),
        "dot.png": (as_file(digits[0][:1, :1]), "has 1 x 1 pixels; each side needs at least 4"),
        "empty.png": (b"", "is empty: remove it, or download it if it is kept elsewhere"),
        "large.png": (_huge(), "has 12,000 x 12,000 pixels, more than 89,478,485: make it smaller"),
        "notes.txt": (b"no image", "is not an image but text: remove it"),
        "text.png": (b"no image", "is not an image but text: remove it"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {str(folder / name): reason for name, (_, reason) in contents.items()}


def _huge():
    """12,000 x 12,000 black pixels."""
    buffer = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(buffer, "PNG")
    return buffer.getvalue()


NAMES = ['a,b".png', "new\nline.png", "re\rturn.png", "Bär 猫.png", "<script>alert(1)&amp;.png",
         "%s{}.png", " spaces .png"]  # fmt: skip


@pytest.fixture
def odd_names(image_files, tmp_path):
    """Paths with names that formats have to quote; the last is not UTF-8."""
    folder = tmp_path / "odd"
    folder.mkdir()
    paths = [str(folder / name) for name in NAMES] + [os.fsdecode(bytes(folder) + b"/\xff\xe4.png")]
    for path in paths:
        shutil.copy(image_files[0], path)
    return paths


# --- The servers ----------------------------------------------------------------------------------


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
            self._answer(400, {"error": error_line(error)})

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
            {k: _as_json(v[i]) for k, v in outputs.items()} for i in range(len(values))
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


def error_line(error):
    """The error message of a server: without the operations of the graph that Python adds."""
    return str(error).split("\n\t [[")[0].splitlines()[-1]


def _as_json(value):
    return value.decode() if isinstance(value, bytes) else value.tolist()


@pytest.fixture
def closed_port():
    """A port at which no server answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


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
            check_model(request, context)
            given = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
            response = predict_pb2.PredictResponse()
            for name, value in call_signature(context, request, **given).items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            return response

        def Classify(self, request, context):
            check_model(request, context)
            examples = [e.SerializeToString() for e in request.input.example_list.examples]
            answer = call_signature(context, request, inputs=tf.constant(examples))
            response = classification_pb2.ClassificationResponse()
            for classes, scores in zip(
                answer["classes"].numpy(), answer["scores"].numpy(), strict=True
            ):
                row = response.result.classifications.add()
                for label, score in zip(classes, scores, strict=True):
                    row.classes.add(label=label.decode(), score=score)
            return response

    def check_model(request, context):
        name = request.model_spec.name
        if name != MODEL:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({name})"
            )

    def call_signature(context, request, **given):
        try:
            return signatures[request.model_spec.signature_name or "serving_default"](**given)
        except tf.errors.InvalidArgumentError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, error_line(error))

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    service.add_PredictionServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)
