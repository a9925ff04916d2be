"""A server on this machine that sends what a test says, piece by piece, whatever is asked."""

import contextlib
import json
import socket
import threading


class ScriptedServer:
    """Answers every connection with the same pieces; `requests` has what came."""

    def __init__(self, *pieces, pause=0.0, endless=False, reset=False):
        """Takes pieces (bytes), the pause in seconds after each, and how it ends."""
        self.pieces, self.pause, self.endless, self.reset = pieces, pause, endless, reset
        self.requests, self.stopped = [], threading.Event()

    def __enter__(self):
        """Listens."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        """Stops sending."""
        self.stopped.set()
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, contextlib.suppress(OSError):
                    self.requests.append(_read_request(connection))
                    self._send(connection)
                    if self.reset:  # closing with bytes to be sent resets
                        linger = b"\1\0\0\0\0\0\0\0"
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _send(self, connection):
        while not self.stopped.is_set():
            for piece in self.pieces:
                connection.sendall(piece)
                if self.stopped.wait(self.pause):
                    return
            if not self.endless:
                return


def _read_request(connection):
    content = b""
    while b"\r\n\r\n" not in content:
        content += connection.recv(65536)
    head, _, body = content.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(body, status="200 OK", kind="application/json", *headers):
    """An HTTP answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content
