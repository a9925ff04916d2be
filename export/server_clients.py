"""Clients of a running TensorFlow Serving: REST and gRPC.

Both have `predict(files)` and `classes(file)`, and give up after a time limit. They raise
`RefusedRequest` if the server refuses the content of a request, and `UserError` for everything else
that a user can fix.
"""

import base64
import contextlib
import dataclasses
import json
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import export
from tf_ssgan.common import errors


class RefusedRequest(errors.UserError):
    """The server is running, but refuses the content of this request."""


@dataclasses.dataclass(frozen=True)
class ServerPrediction:
    """What a served classifier predicts for one image.

    Attributes:
        label: Number of the most likely class.
        name: Its name.
        probabilities: One for each class.
    """

    label: int
    name: str
    probabilities: tuple[float, ...]


class RestClient:
    """A client of the REST interface."""

    def __init__(self, url: str, model: str, timeout: float = 30.0):
        """Checks the address; sends nothing yet.

        Args:
            url: Such as "http://127.0.0.1:8501".
            model: Name of the served model.
            timeout: Seconds to wait for an answer.

        Raises:
            UserError: The address is invalid, or the package requests is not installed.
        """
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise errors.UserError(
                f"--url={url} is not an address. One looks like http://host:8501."
            )
        try:
            import requests  # here, as it takes a tenth of a second
        except ImportError as error:
            raise errors.UserError(
                "--url needs the extra packages of serving (requests is missing): "
                "pip install 'tf_ssgan[serving]'."
            ) from error
        self._library = requests
        self.url = url.rstrip("/")
        self.model = model
        self.timeout = timeout

    def predict(self, files: Sequence[bytes]) -> list[ServerPrediction]:
        """Classifies image files.

        Raises:
            RefusedRequest: One of them is not an image, or there is no such signature.
            UserError: The server cannot be reached, or has no such model.
        """
        rows = [{"image_bytes": _b64(file)} for file in files]
        answer = self._post("predict", {"signature_name": export.BYTES, "instances": rows})
        with self._expected_form():
            return [
                ServerPrediction(int(row["label"]), row["name"], tuple(row["probabilities"]))
                for row in answer["predictions"]
            ]

    def classes(self, file: bytes) -> list[str]:
        """The names of all classes, by label; to get them, an image must be classified."""
        examples = [{export.FEATURE: _b64(file)}]
        answer = self._post("classify", {"signature_name": export.CLASSIFY, "examples": examples})
        with self._expected_form():
            return [name for name, _ in answer["results"][0]]

    def _post(self, verb: str, payload: dict[str, Any]) -> dict[str, Any]:
        address = f"{self.url}/v1/models/{urllib.parse.quote(self.model)}:{verb}"
        try:
            response = self._library.post(address, json=payload, timeout=self.timeout)
        except self._library.RequestException as error:
            raise _unreachable(self.url, error, "--url") from None
        if not response.ok:
            raise self._error(response.status_code, response.reason, response.text)
        with self._expected_form():
            return response.json()

    def _error(self, code: int, reason: str, text: str) -> errors.UserError:
        """The error for a status other than 200."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            text = json.loads(text)["error"]
        line = _shorten(text) or reason
        if code == 404:
            return _unknown_model(self.url, self.model, line)
        if code == 400:
            return RefusedRequest(f"refused by the server: {line}")
        return errors.UserError(f"The server at {self.url} fails with {code}: {line}")

    @contextlib.contextmanager
    def _expected_form(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, TypeError, IndexError):
            raise errors.UserError(
                f"{self.url} answers, but not as a classifier under TensorFlow Serving does. "
                "Check --url and --model."
            ) from None


class GrpcClient:
    """A client of the gRPC interface; needs the packages of the extra `serving`."""

    def __init__(self, target: str, model: str, timeout: float = 30.0):
        """Opens a channel; nothing is sent yet.

        Args:
            target: Such as "127.0.0.1:8500".
            model: Name of the served model.
            timeout: Seconds to wait for an answer.

        Raises:
            UserError: The packages are not installed.
        """
        try:
            import grpc
            from tensorflow_serving.apis import prediction_service_pb2_grpc

            from export import grpc_messages
        except ImportError as error:
            raise errors.UserError(
                f"--grpc needs the extra packages of serving ({error.name} is missing): "
                "pip install 'tf_ssgan[serving]', or use --url."
            ) from error
        self.target = target
        self.model = model
        self.timeout = timeout
        self._messages = grpc_messages
        self._failure = grpc.RpcError
        self._channel = grpc.insecure_channel(
            target, options=[("grpc.max_receive_message_length", -1)]
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def predict(self, files: Sequence[bytes]) -> list[ServerPrediction]:
        """Classifies image files; raises the same errors as `RestClient.predict`."""
        import tensorflow as tf  # the protocol buffers have imported it anyway

        request = self._messages.predict_request(
            self.model, export.BYTES, {"image_bytes": list(files)}
        )
        outputs = self._call(self._stub.Predict, request).outputs
        arrays = [tf.make_ndarray(outputs[key]) for key in ("label", "name", "probabilities")]
        return [
            ServerPrediction(int(label), name.decode(), tuple(map(float, probabilities)))
            for label, name, probabilities in zip(*arrays, strict=True)
        ]

    def classes(self, file: bytes) -> list[str]:
        """The names of all classes, by label; to get them, an image must be classified."""
        request = self._messages.classify_request(self.model, [file])
        response = self._call(self._stub.Classify, request)
        return [c.label for c in response.result.classifications[0].classes]

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self.timeout)
        except self._failure as error:
            code, line = error.code().name, _shorten(error.details() or "")
        if code == "NOT_FOUND":
            raise _unknown_model(self.target, self.model, line)
        if code == "INVALID_ARGUMENT":
            raise RefusedRequest(f"refused by the server: {line}")
        if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            raise _unreachable(self.target, line, "--grpc")
        raise errors.UserError(f"The server at {self.target} fails with {code}: {line}")


def _b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def _unknown_model(where: str, model: str, line: str) -> errors.UserError:
    return errors.UserError(
        f"The server at {where} has no model {model!r} ({line}). Give the name it was started "
        "with as --model, and wait until a version is loaded."
    )


def _unreachable(where: str, reason: Any, flag: str) -> errors.UserError:
    return errors.UserError(
        f"No server answers at {where} ({_shorten(str(reason))}). Start one as "
        f"export/README.md says, or give another {flag}."
    )


def _shorten(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:200]
