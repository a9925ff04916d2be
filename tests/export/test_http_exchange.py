"""A request ends after its time and its bytes, whatever is sent; only the address is asked."""

import http.client
import socket
import time

import pytest
from support import scripted_server

from export import http_exchange
from tf_ssgan.common import errors

HEAD = b"HTTP/1.1 200 OK\r\n"


def post(server, seconds=5.0, most=10_000):
    return http_exchange.post(http_exchange.parse_url(server.url), "/x", b"{}", seconds, most)


def test_the_answer_and_what_was_sent():
    with scripted_server.ScriptedServer(scripted_server.answer({"a": 1})) as server:
        answer = post(server)
    assert (answer.status, answer.reason, answer.kind) == (200, "OK", "application/json")
    assert answer.body == b'{"a": 1}'
    (request,) = server.requests
    assert request.startswith(b"POST /x HTTP/1.1\r\n") and request.endswith(b"\r\n\r\n{}")
    assert b"Authorization" not in request


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD, b"X: y\r\n"],  # headers that do not end soon
        [b"H", b"T"],
        [HEAD + b"Content-Length: 9999\r\n\r\n", b"x"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
    ],
    ids=["headers", "status", "body", "continue"],
)
def test_what_comes_byte_by_byte_ends_with_the_time(pieces):
    with scripted_server.ScriptedServer(*pieces, pause=0.05, endless=True) as server:
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="timed out after 0.3 seconds"):
            post(server, seconds=0.3)
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "head",
    [b"\r\n", b"Content-Length: 99999999999999\r\n\r\n",
     b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n", b"Transfer-Encoding: chunked\r\n\r\n-1\r\n"],
    ids=["no length", "huge", "one chunk", "a chunk of no length"],
)  # fmt: skip
def test_a_body_without_an_end_is_not_stored(head):
    server = scripted_server.ScriptedServer(HEAD + head, *[b"x" * 5000] * 10)
    with server, pytest.raises((http_exchange.TooLong, ValueError)):
        post(server)


@pytest.mark.parametrize(
    "sent", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n", HEAD + b"A: b\r\n" * 200,
             HEAD + b"A" * 70_000],
)  # fmt: skip
def test_what_is_no_http_is_an_error(sent):
    with scripted_server.ScriptedServer(sent) as server:
        with pytest.raises(http.client.HTTPException):
            post(server, most=10**6)


def test_a_connection_that_is_reset_is_an_error():
    with scripted_server.ScriptedServer(reset=True) as server, pytest.raises(OSError):
        post(server)


def test_no_proxy_and_no_password_of_the_environment_is_used(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with scripted_server.ScriptedServer(scripted_server.answer({})) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with scripted_server.ScriptedServer(scripted_server.answer({})) as server:
            assert post(server).status == 200
    assert proxy.requests == [] and b"Authorization" not in server.requests[0]


def test_a_redirect_is_not_followed():
    with scripted_server.ScriptedServer(scripted_server.answer({})) as other:
        moved = scripted_server.answer({}, "307 Moved", "text/html", f"Location: {other.url}/x")
        with scripted_server.ScriptedServer(moved) as server:
            answer = post(server)
    assert (answer.status, answer.location) == (307, f"{other.url}/x") and other.requests == []


def test_user_and_password_are_sent_and_not_shown():
    with scripted_server.ScriptedServer(scripted_server.answer({})) as server:
        address = http_exchange.parse_url(server.url.replace("//", "//me:p%40ss@"))
        http_exchange.post(address, "/x", b"{}", 5, 10_000)
    assert b"Authorization: Basic bWU6cEBzcw==\r\n" in server.requests[0]
    assert str(address) == server.url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host:8501/", "http://host:8501"),
        ("https://host", "https://host:443"),
        ("http://[::1]:8501/a/b", "http://[::1]:8501/a/b"),
        ("http://Bücher.example", "http://bücher.example:80"),
    ],
)
def test_addresses(url, shown):
    assert str(http_exchange.parse_url(url)) == shown


@pytest.mark.parametrize(
    "url",
    ["", "host:8501", "127.0.0.1:8501", "http://", "http://:8501", "http://host:0",
     "http://host:99999", "http://host:x", "ftp://host", "file:///etc/passwd", "http://[::1",
     "http://a b", "http://host/\n", "http://host\x1b[2J", "http://a..b", "http://host?x=1",
     "http://host#x", "http://me:a%0d%0ab@host", "http://\udcff"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(errors.UserError, match="is not an address. One looks like") as refused:
        http_exchange.parse_url(url)
    assert str(refused.value).isprintable()


def test_an_ipv6_address_is_reached():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("needs IPv6")
    with listener:
        address = http_exchange.parse_url(f"http://[::1]:{listener.getsockname()[1]}")
        with pytest.raises(TimeoutError):  # connected, and nothing is sent
            http_exchange.post(address, "/x", b"{}", 0.2, 100)
