"""Answers of a server to the client: a local one sends what it is told, after a whole answer once."""

import contextlib
import http.server
import json
import random
import threading
import time

import numpy as np
from fuzz.registry import Ask, Reader, Target, program_answer
from fuzz.world import World
from PIL import Image
from support import damage, image_bytes

from export import client

_PREDICTED = {"predictions": [{"label": 1, "name": "1", "probabilities": [0.25, 0.5, 0.25]}] * 2}
_CLASSIFIED = {"results": [[["0", 0.25], ["1", 0.5], ["2", 0.25]]]}


class _Server(http.server.ThreadingHTTPServer):
    """Sends the bytes of files as bodies: one for predictions, one for classes.

    Attributes:
        folder: With `predict.json`, `classify.json` and `head.json`: status and headers.
    """

    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """The client has had enough; that is no error."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        """Sends the answer; a body that says so never ends."""
        self.rfile.read(int(self.headers["Content-Length"]))
        verb = "classify" if self.path.endswith(":classify") else "predict"
        body = _read(self.server.folder / f"{verb}.json")
        head = json.loads(_read(self.server.folder / "head.json"))
        self.send_response(head["status"], head["reason"])
        for name, value in head["headers"].items():
            self.send_header(name, value)
        if "Content-Length" not in head["headers"] and not head["endless"]:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        end = time.monotonic() + 20
        while head["endless"] and time.monotonic() < end:
            self.wfile.write(head["endless"].encode())
            time.sleep(0.001 if len(head["endless"]) > 1000 else 0.05)

    def log_message(self, *_):
        """Nothing."""


def _read(path) -> bytes:
    if path.is_file() and not path.is_symlink() and path.stat().st_size < 2**26:
        return path.read_bytes()
    return b""


def _folder(world: World):
    folder = world.folder("server")
    (folder / "predict.json").write_text(json.dumps(_PREDICTED))
    (folder / "classify.json").write_text(json.dumps(_CLASSIFIED))
    head = {"status": 200, "reason": "OK", "headers": {"Content-Type": "application/json"},
            "endless": ""}  # fmt: skip
    (folder / "head.json").write_text(json.dumps(head))
    return folder


def _asks(world: World) -> dict[str, Ask]:
    folder = world.folder("sent")
    paths = [folder / "a.png", folder / "b.png"]
    for path in paths:
        path.write_bytes(image_bytes.encode(Image.new("L", (8, 8), 9)))
    server = _Server(("127.0.0.1", 0), _Handler)
    server.folder = world.root / "server"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"--url=http://127.0.0.1:{server.server_port}"
    words = ["client", url, "--model=toy", "--timeout=1.5", "--top=3", *map(str, paths)]
    return {"client": lambda: program_answer(lambda: client.main(list(words)))}


def _opened(name: str):
    def open_target(world: World) -> Target:
        folder = _folder(world)
        return Target(folder / name, _asks(world), ("127.0.0.1",), fields=False)

    return open_target


def _head_changed(chance: random.Random, content: bytes) -> damage.Damage:
    """Another status, other headers, or a body without an end."""
    head = json.loads(content)
    way = chance.choice(("status", "status", "header", "header", "endless"))
    if way == "status":
        head["status"] = chance.choice((201, 204, 301, 302, 400, 401, 403, 404, 418, 429, 500, 503))
        head["reason"] = chance.choice(("", "x" * 5000, "\x1b[31mred", "é"))
    elif way == "header":
        name, value = chance.choice((
            ("Content-Length", "10"), ("Content-Length", "99999"), ("Content-Length", "-1"),
            ("Content-Length", "x"), ("Content-Encoding", "gzip"), ("Content-Type", "text/html"),
            ("Transfer-Encoding", "chunked"), ("Location", "/"), ("Content-Type", "\x1b[31m"),
            ("Content-Type", "application/json; charset=utf-16"), ("X", "y" * 70_000),
        ))  # fmt: skip
        head["headers"][name] = value
    else:
        head["endless"] = chance.choice((" ", "x" * 100_000))
    return damage.Damage(f"{way}: {json.dumps(head)[:150]}", json.dumps(head).encode())


def _grpc(world: World) -> Target:
    """Messages of TensorFlow Serving, in place of what the channel receives."""
    folder = world.folder("grpc")
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    from export import server_clients

    response = predict_pb2.PredictResponse()
    values = {
        "label": np.array([1, 1], np.int64), "name": [b"1", b"1"],
        "probabilities": [[0.25, 0.5, 0.25]] * 2,
    }  # fmt: skip
    for name, value in values.items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    path = folder / "predict.pb"
    path.write_bytes(response.SerializeToString())
    files = [image_bytes.encode(Image.new("L", (8, 8), 9))] * 2

    def ask() -> str:
        received = predict_pb2.PredictResponse()
        try:
            received.ParseFromString(_read(path))
        except Exception:
            return "no message"  # gRPC itself refuses it
        with contextlib.closing(server_clients.GrpcClient("127.0.0.1:1", "toy", 1.5)) as asked:
            asked._call = lambda method, request: received
            rows = asked.predict(files)
        assert len(rows) == 2
        for row in rows:
            line = client.format_prediction(path, row, None, 1)
            assert "\n" not in line and "\x1b" not in line, line
        return "answered"

    return Target(path, {"client": ask}, ("127.0.0.1",), fields=False)


READERS = (
    Reader("REST, predictions", 14, damage.mixed(damage.json_changed(), damage.json_changed(),
           damage.bytes_changed, damage.replaced), _opened("predict.json")),
    Reader("REST, classes", 6, damage.mixed(damage.json_changed(), damage.json_changed(),
           damage.bytes_changed, damage.replaced), _opened("classify.json")),
    Reader("REST, status and headers", 3, _head_changed, _opened("head.json")),
    Reader("gRPC, predictions", 6, damage.mixed(damage.bytes_changed, damage.replaced), _grpc),
)  # fmt: skip
