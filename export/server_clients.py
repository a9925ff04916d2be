"""Clients of a running TensorFlow Serving: REST and gRPC.

Both have `predict(files)` and `classes(file)`, and give up after a time limit. They raise
`RefusedRequest` if the server refuses the content of a request, and `UserError` for everything else
that a user can fix. No answer is trusted, see `server_answers`.
"""

import base64
import contextlib
import http.client
import json
import os
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import export
from export import http_exchange, server_answers
from tf_ssgan.common import errors, json_text, requirements

_OUTPUTS = ("label", "name", "probabilities")


class RestClient:
    """A client of the REST interface."""

    def __init__(self, url: str, model: str, timeout: float = 30.0):
        """Checks the address; sends nothing yet.

        Args:
            url: Such as "http://127.0.0.1:8501".
            model: Name of the served model.
            timeout: Seconds for a request and its whole answer.

        Raises:
            UserError: The address is invalid.
        """
        self.address = http_exchange.parse_url(url)
        self.model = model
        self.timeout = timeout

    def predict(self, files: Sequence[bytes]) -> list[server_answers.ServerPrediction]:
        """Classifies image files.

        Raises:
            RefusedRequest: One of them is not an image, or there is no such signature.
            UserError: The server cannot be reached, has no such model, or is no such server.
        """
        rows = [{"image_bytes": _b64(file)} for file in files]
        answer = self._post("predict", {"signature_name": export.BYTES, "instances": rows})
        with self._expected_form():
            rows = _field(answer, "predictions", list)
            values = ([_field(row, key) for key in _OUTPUTS] for row in rows)
            return server_answers.check_predictions(values, len(files))

    def classes(self, file: bytes) -> list[str]:
        """The names of all classes, by label; to get them, an image must be classified."""
        examples = [{export.FEATURE: _b64(file)}]
        answer = self._post("classify", {"signature_name": export.CLASSIFY, "examples": examples})
        with self._expected_form():
            (pairs,) = _field(answer, "results", list)
            return server_answers.check_names([name for name, _ in pairs])

    def _post(self, verb: str, payload: dict[str, Any]) -> dict[str, Any]:
        path = f"/v1/models/{urllib.parse.quote(os.fsencode(self.model))}:{verb}"
        body = json.dumps(payload).encode()
        try:
            answer = http_exchange.post(
                self.address, path, body, self.timeout, server_answers.LARGEST
            )
        except http_exchange.TooLong:
            raise self._unexpected(_too_long()) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise server_answers.unreachable(str(self.address), reason, "--url") from None
        except (http.client.HTTPException, ValueError):
            raise self._unexpected("it does not speak HTTP, or stopped in the middle") from None
        if answer.status != 200:
            raise self._error(answer)
        with self._expected_form():
            return _json(answer)

    def _error(self, answer: http_exchange.Answer) -> errors.UserError:
        """The error for a status other than 200."""
        text, code = answer.body.decode("utf-8", "replace"), answer.status
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            text = str(json.loads(text)["error"])
        line = server_answers.first_line(text) or server_answers.first_line(answer.reason)
        if 300 <= code < 400:
            location = server_answers.first_line(answer.location)
            return self._unexpected(f"it redirects to {location or 'another address'}")
        if code == 404:
            return server_answers.unknown_model(str(self.address), self.model, line)
        if code == 400:
            return server_answers.RefusedRequest(f"refused by the server: {line}")
        return errors.UserError(f"The server at {self.address} fails with {code}: {line}")

    def _unexpected(self, reason: str) -> server_answers.UnexpectedAnswer:
        return server_answers.UnexpectedAnswer(str(self.address), reason, "--url")

    @contextlib.contextmanager
    def _expected_form(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, TypeError, RecursionError) as error:
            raise self._unexpected(server_answers.first_line(errors.first_line(error))) from None


class GrpcClient:
    """A client of the gRPC interface; needs the packages of the extra `serving`."""

    def __init__(self, target: str, model: str, timeout: float = 30.0):
        """Opens a channel; nothing is sent yet.

        Args:
            target: Such as "127.0.0.1:8500".
            model: Name of the served model.
            timeout: Seconds for a request and its whole answer.

        Raises:
            UserError: The packages are not installed, or the address is invalid.
        """
        try:
            import grpc
            from tensorflow_serving.apis import prediction_service_pb2_grpc

            from export import grpc_messages
        except ImportError as error:
            raise errors.UserError(
                f"--grpc needs the extra packages of serving ({error.name} is missing): "
                f"{requirements.EXTRAS.format('serving')}, or use --url."
            ) from error
        _check_target(target)
        self.target = target
        self.model = model
        self.timeout = timeout
        self._messages = grpc_messages
        self._failure = grpc.RpcError
        limits = ("grpc.max_receive_message_length", server_answers.LARGEST)
        options = [limits, ("grpc.enable_http_proxy", 0)]  # see `http_exchange`
        self._channel = grpc.insecure_channel(target, options=options)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def predict(self, files: Sequence[bytes]) -> list[server_answers.ServerPrediction]:
        """Classifies image files; raises the same errors as `RestClient.predict`."""
        request = self._messages.predict_request(
            self.model, export.BYTES, {"image_bytes": list(files)}
        )
        response = self._call(self._stub.Predict, request)
        with self._expected_form():
            columns = self._messages.read_outputs(response, server_answers.LARGEST)
            rows = zip(*(columns[key] for key in _OUTPUTS), strict=True)
            return server_answers.check_predictions(rows, len(files))

    def classes(self, file: bytes) -> list[str]:
        """The names of all classes, by label; to get them, an image must be classified."""
        request = self._messages.classify_request(self.model, [file])
        response = self._call(self._stub.Classify, request)
        with self._expected_form():
            (row,) = response.result.classifications
            return server_answers.check_names([c.label for c in row.classes])

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self.timeout)
        except self._failure as error:
            code, line = error.code().name, server_answers.first_line(error.details() or "")
        if code == "NOT_FOUND":
            raise server_answers.unknown_model(self.target, self.model, line)
        if code == "INVALID_ARGUMENT":
            raise server_answers.RefusedRequest(f"refused by the server: {line}")
        if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            raise server_answers.unreachable(self.target, line, "--grpc")
        if code == "RESOURCE_EXHAUSTED" and "larger than max" in line:
            raise self._unexpected(_too_long())
        raise errors.UserError(f"The server at {self.target} fails with {code}: {line}")

    def _unexpected(self, reason: str) -> server_answers.UnexpectedAnswer:
        return server_answers.UnexpectedAnswer(self.target, reason, "--grpc")

    @contextlib.contextmanager
    def _expected_form(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, TypeError) as error:
            raise self._unexpected(server_answers.first_line(errors.first_line(error))) from None


def _check_target(target: str) -> None:
    try:
        parts = urllib.parse.urlsplit(f"//{target}")
        http_exchange.check_host(parts.hostname, parts.port)
        if parts.netloc != target or "@" in target:
            raise ValueError
    except ValueError:
        raise errors.UserError(
            f"--grpc={ascii(target)[1:-1]} is not an address. One looks like 127.0.0.1:8500."
        ) from None


def _b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def _too_long() -> str:
    return f"its answer has more than {server_answers.LARGEST:,} bytes; take a smaller --batch"


def _json(answer: http_exchange.Answer) -> Any:
    """The JSON in an answer.

    Raises:
        ValueError: There is none.
    """
    kind = answer.kind.partition(";")[0].strip().lower()
    if kind not in ("", "application/json", "text/json", "text/plain"):
        raise ValueError(f"it sends {kind} instead of JSON")
    try:
        return json_text.loads(answer.body.decode("utf-8"), _refuse_constant)
    except UnicodeDecodeError:
        raise ValueError("its text is not UTF-8") from None
    except json.JSONDecodeError:
        raise ValueError("it sends no JSON") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it sends {name}, which is no number")


def _field(content: Any, key: str, kind: type = object) -> Any:
    """A value of a JSON object.

    Raises:
        ValueError: It is missing, or of another type.
    """
    if (
        not isinstance(content, dict)
        or not isinstance(content.get(key), kind)
        or key not in content
    ):
        raise ValueError(f"there is no {key!r} in its answer")
    return content[key]
