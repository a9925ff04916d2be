"""One HTTP request and its answer, both limited: in seconds and in bytes.

Only the address itself is asked. Proxies and passwords in the environment (HTTP_PROXY, ~/.netrc)
are not used, redirects are not followed, and nothing is unpacked: images are sent to no machine but
the one that was named.
"""

import base64
import contextlib
import dataclasses
import http.client
import io
import queue
import socket
import ssl
import threading
import urllib.parse

from tf_ssgan.common import errors

_SCHEMES = {"http": 80, "https": 443}
_LARGEST_PORT = 65535


@dataclasses.dataclass(frozen=True)
class Address:
    """The address of a server.

    Attributes:
        encrypted: Whether it is https.
        host: Its name or number; of IPv6 without brackets.
        port: From 1 to 65535.
        path: What comes before the path of a request; empty or beginning with "/".
        account: "user:password", or empty.
    """

    encrypted: bool
    host: str
    port: int
    path: str = ""
    account: str = ""

    def __str__(self) -> str:
        """The address without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.encrypted else 'http'}://{host}:{self.port}{self.path}"


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer; `location` is where it redirects to, `kind` its content type, both perhaps ""."""

    status: int
    reason: str
    kind: str
    location: str
    body: bytes


class TooLong(Exception):
    """The answer has more bytes than were allowed."""


def parse_url(url: str) -> Address:
    """Reads the address of a server.

    Raises:
        UserError: It is none.
    """
    example = "One looks like http://host:8501."
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = check_host(parts.hostname, parts.port or _SCHEMES.get(parts.scheme, 0))
        account = urllib.parse.unquote(parts.netloc.rpartition("@")[0])
        if parts.scheme not in _SCHEMES or parts.port == 0 or parts.query or parts.fragment:
            raise ValueError
        if not f"{url}{account}".isprintable() or " " in url:
            raise ValueError
    except ValueError:  # UnicodeError is one
        shown = "" if "@" in url else f"={url}"  # a password is not repeated
        raise errors.UserError(f"--url{ascii(shown)[1:-1]} is not an address. {example}") from None
    path = urllib.parse.quote(parts.path.rstrip("/"), safe="/%")
    return Address(parts.scheme == "https", host, port, path, account)


def check_host(host: str | None, port: int | None) -> tuple[str, int]:
    """Returns host and port, if they can be those of a server.

    Raises:
        ValueError: They cannot.
    """
    if not host or not port or not 0 < port <= _LARGEST_PORT or not host.isprintable():
        raise ValueError(f"no host and port: {host}:{port}")
    host.encode("idna")
    return host, port


def post(address: Address, path: str, body: bytes, seconds: float, most: int) -> Answer:
    """Sends JSON and waits for the answer.

    Args:
        address: Of the server.
        path: Beginning with "/", after that of the address.
        body: The JSON text.
        seconds: How long all of it may take, however little comes at a time.
        most: Bytes of the answer, with its headers.

    Raises:
        OSError: The server cannot be reached, is too slow, or breaks off.
        http.client.HTTPException: What answers is no HTTP server.
        TooLong: The answer has more bytes.
    """
    connection = _connection(address, seconds, most)
    outcomes = queue.SimpleQueue()

    def work() -> None:
        try:
            outcomes.put(_exchange(connection, address, path, body, most))
        except Exception as error:
            outcomes.put(error)
        finally:
            connection.close()

    # A thread, as looking up the name of a host has no time limit; a daemon does not delay the end.
    threading.Thread(target=work, daemon=True).start()
    try:
        outcome = outcomes.get(timeout=seconds)
    except queue.Empty:
        _break_off(connection)
        raise TimeoutError(f"timed out after {seconds:g} seconds") from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


class _Bounded(io.RawIOBase):
    """The bytes that come from a server, up to a limit."""

    def __init__(self, raw: io.RawIOBase, most: int):
        self._raw, self._left = raw, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise TooLong
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _connection(address: Address, seconds: float, most: int) -> http.client.HTTPConnection:
    class Response(http.client.HTTPResponse):
        """Reads no more than `most` bytes, whatever lengths the answer claims."""

        def __init__(self, sock: socket.socket, *args, **options):
            super().__init__(sock, *args, **options)
            self.fp = io.BufferedReader(_Bounded(self.fp.detach(), most))

    if address.encrypted:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            address.host, address.port, timeout=seconds, context=context
        )
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=seconds)
    connection.response_class = Response
    return connection


def _exchange(
    connection: http.client.HTTPConnection, address: Address, path: str, body: bytes, most: int
) -> Answer:
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if address.account:
        token = base64.b64encode(address.account.encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    connection.request("POST", address.path + path, body, headers)
    response = connection.getresponse()
    kind, location = (response.headers.get(name, "") for name in ("Content-Type", "Location"))
    content = response.read(most)
    return Answer(response.status, response.reason, kind, location, content)


def _break_off(connection: http.client.HTTPConnection) -> None:
    """Ends the waiting of the other thread."""
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
