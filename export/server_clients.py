"""Two ways to ask a running TensorFlow Serving: REST and gRPC.

Both have `predict(pictures)` and `classes(picture)`, give up after a time limit, and raise
`Refused` where the server answers that the payload is bad, `UserError` for everything else that a
person can mend.
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


class Refused(errors.UserError):
    """The server is there, and refuses this payload."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a classifier says of one picture.

    Attributes:
        label: Number of the likeliest class.
        name: Its name.
        probabilities: One for each class.
    """

    label: int
    name: str
    probabilities: tuple[float, ...]


class Rest:
    """The REST interface."""

    def __init__(self, url: str, model: str, timeout: float = 30.0):
        """Sends nothing yet.

        Args:
            url: As "http://127.0.0.1:8501".
            model: Name of the served model.
            timeout: Seconds to wait for an answer.

        Raises:
            UserError: The address is none, or the package requests is not installed.
        """
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise errors.UserError(f"--url={url} is no address. One looks like http://host:8501.")
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

    def predict(self, pictures: Sequence[bytes]) -> list[Answer]:
        """Classifies picture files.

        Raises:
            Refused: One of them is no picture, or there is no such signature.
            UserError: The server cannot be reached, or has no such model.
        """
        rows = [{"image_bytes": _b64(picture)} for picture in pictures]
        answer = self._post("predict", {"signature_name": export.BYTES, "instances": rows})
        with self._understood():
            return [
                Answer(int(row["label"]), row["name"], tuple(row["probabilities"]))
                for row in answer["predictions"]
            ]

    def classes(self, picture: bytes) -> list[str]:
        """The names of all classes, by label; a picture has to be classified to learn them."""
        examples = [{export.FEATURE: _b64(picture)}]
        answer = self._post("classify", {"signature_name": export.CLASSIFY, "examples": examples})
        with self._understood():
            return [name for name, _ in answer["results"][0]]

    def _post(self, verb: str, payload: dict[str, Any]) -> dict[str, Any]:
        address = f"{self.url}/v1/models/{urllib.parse.quote(self.model)}:{verb}"
        try:
            response = self._library.post(address, json=payload, timeout=self.timeout)
        except self._library.RequestException as error:
            raise _unreachable(self.url, error, "--url") from None
        if not response.ok:
            raise self._told(response.status_code, response.reason, response.text)
        with self._understood():
            return response.json()

    def _told(self, code: int, reason: str, text: str) -> errors.UserError:
        """What an answer other than 200 means."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            text = json.loads(text)["error"]
        line = _first_line(text) or reason
        if code == 404:
            return _unknown(self.url, self.model, line)
        if code == 400:
            return Refused(f"refused by the server: {line}")
        return errors.UserError(f"The server at {self.url} fails with {code}: {line}")

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, TypeError, IndexError):
            raise errors.UserError(
                f"{self.url} answers, but not as a classifier under TensorFlow Serving does. "
                "Check --url and --model."
            ) from None


class Grpc:
    """The gRPC interface; needs the packages of the extra `serving`."""

    def __init__(self, target: str, model: str, timeout: float = 30.0):
        """Opens a channel; nothing is sent yet.

        Args:
            target: As "127.0.0.1:8500".
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

    def predict(self, pictures: Sequence[bytes]) -> list[Answer]:
        """Classifies picture files; raises as `Rest.predict`."""
        import tensorflow as tf  # comes with the protocol buffers anyway

        request = self._messages.predict(self.model, export.BYTES, {"image_bytes": list(pictures)})
        outputs = self._call(self._stub.Predict, request).outputs
        arrays = [tf.make_ndarray(outputs[key]) for key in ("label", "name", "probabilities")]
        return [
            Answer(int(label), name.decode(), tuple(map(float, probabilities)))
            for label, name, probabilities in zip(*arrays, strict=True)
        ]

    def classes(self, picture: bytes) -> list[str]:
        """The names of all classes, by label; a picture has to be classified to learn them."""
        request = self._messages.classify(self.model, [picture])
        response = self._call(self._stub.Classify, request)
        return [c.label for c in response.result.classifications[0].classes]

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self.timeout)
        except self._failure as error:
            code, line = error.code().name, _first_line(error.details() or "")
        if code == "NOT_FOUND":
            raise _unknown(self.target, self.model, line)
        if code == "INVALID_ARGUMENT":
            raise Refused(f"refused by the server: {line}")
        if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            raise _unreachable(self.target, line, "--grpc")
        raise errors.UserError(f"The server at {self.target} fails with {code}: {line}")


def _b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def _unknown(where: str, model: str, line: str) -> errors.UserError:
    return errors.UserError(
        f"The server at {where} has no model {model!r} ({line}). Give the name it was started "
        "with as --model, and wait until a version is loaded."
    )


def _unreachable(where: str, reason: Any, flag: str) -> errors.UserError:
    return errors.UserError(
        f"No server answers at {where} ({_first_line(str(reason))}). Start one as "
        f"export/README.md says, or give another {flag}."
    )


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:200]
