"""The workers of a cluster meet before TensorFlow connects them, which would wait without a word.

Each worker answers at its own address and asks all others at theirs. It is done when it has asked
all of them and all have asked it. So a host that is down, a port in use and hosts whose `TF_CONFIG`
differ are named, within a time limit.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator

from tf_ssgan.common import cluster, errors

LIMIT = 1800.0  # seconds to wait for the others, which a queue may start later
_PATIENCE = 5.0  # seconds until the wait is said
_ANSWER = 3.0  # seconds for a worker to answer
_AT_ONCE = 32  # workers that are asked
_PAUSE = 0.1  # seconds between attempts
_LONGEST = 1000  # bytes of a message


def meet(here: cluster.Cluster, limit: float) -> None:
    """Waits until all workers of the cluster have met.

    Args:
        here: The cluster.
        limit: Seconds to wait.

    Raises:
        UserError: The port of this worker is in use, a worker does not answer in time, or another
            worker has another `TF_CONFIG`.
    """
    waiting = _Meeting(here)
    with waiting.listening():
        began = time.monotonic()
        said = False
        while waiting.missing():
            waiting.ask_all()
            waited = time.monotonic() - began
            if waited > limit:
                raise errors.UserError(waiting.who_is_missing(limit))
            if not said and waited > _PATIENCE and waiting.missing():
                names = ", ".join(map(here.name, waiting.missing()))
                print(f"Waiting for {names}, for at most {limit:.0f} s.", flush=True)
                said = True
            time.sleep(_PAUSE if waiting.missing() else 0)


class _Meeting:
    """Who has answered, and who has asked."""

    def __init__(self, here: cluster.Cluster):
        self.here = here
        self.sum = hashlib.sha256(json.dumps(here.workers).encode()).hexdigest()
        self.asked: set[int] = set()  # those that have answered this one
        self.seen: set[int] = set()  # those that this one has answered
        self.reasons: dict[int, str] = {}

    def missing(self) -> list[int]:
        """The workers that have not been met."""
        return [k for k in self.here.others() if k not in self.asked or k not in self.seen]

    def who_is_missing(self, limit: float) -> str:
        """The sentence on the workers that did not come in time."""
        missing = self.missing()
        names = ", ".join(map(self.here.name, missing))
        reason = self.reasons.get(missing[0], "it answers, but it cannot reach this worker")
        return (
            f"This is {self.here.name(self.here.index)}; it waited {limit:.0f} s for {names} "
            f"({reason}). Start the same command on every host of TF_CONFIG, and let their "
            "firewalls pass these ports."
        )

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Answers the others in a thread."""
        with self._socket() as listener:
            ended = threading.Event()
            thread = threading.Thread(target=self._answer_all, args=(listener, ended), daemon=True)
            thread.start()
            try:
                yield
            finally:
                ended.set()
                thread.join(_ANSWER)

    def _socket(self) -> socket.socket:
        _, port = self.here.address(self.here.index)
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        try:
            listener = socket.create_server(("", port), family=family, dualstack_ipv6=both)
        except OSError as error:
            raise errors.UserError(
                f"Port {port}, which TF_CONFIG gives to {self.here.name(self.here.index)}, cannot "
                f"be used here: {os.strerror(error.errno or 0)}. End the program that uses it, or "
                "give another port, in TF_CONFIG on every host."
            ) from error
        listener.settimeout(_PAUSE)
        return listener

    def _answer_all(self, listener: socket.socket, ended: threading.Event) -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError, ValueError):
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(_ANSWER)
                    other = _read(connection)
                    connection.sendall(self._message())
                    if other["cluster"] == self.sum and other["index"] in self.here.others():
                        self.seen.add(other["index"])

    def ask_all(self) -> None:
        """Asks those that have not answered yet, many at once."""
        waiting = [index for index in self.here.others() if index not in self.asked]
        if waiting:
            with concurrent.futures.ThreadPoolExecutor(min(_AT_ONCE, len(waiting))) as pool:
                list(pool.map(self._ask, waiting))

    def _ask(self, index: int) -> None:
        try:
            address = self.here.address(index)
            with socket.create_connection(address, _ANSWER) as connection:
                connection.sendall(self._message())
                answer = _read(connection)
        except OSError as error:
            self.reasons[index] = error.strerror or str(error)
        except ValueError:
            self.reasons[index] = "another program answers there"
        else:
            self._check(index, answer)
            self.asked.add(index)
            self.reasons.pop(index, None)

    def _check(self, index: int, answer: dict) -> None:
        """Refuses a worker that has another `TF_CONFIG`."""
        if (answer["index"], answer["cluster"]) == (index, self.sum):
            return
        what = "lists other workers"
        if answer["index"] != index:
            what = f"says that its index is {answer['index']!r:.9}"
        raise errors.UserError(
            f"The TF_CONFIG of {self.here.name(index)} {what}. The list of workers must be the "
            "same on every host, and the index that of the host's own address."
        )

    def _message(self) -> bytes:
        content = {"tf_ssgan": "worker", "index": self.here.index, "cluster": self.sum}
        return json.dumps(content).encode() + b"\n"


def _read(connection: socket.socket) -> dict:
    """A message of another worker; ValueError if it is none."""
    content = b""
    while not content.endswith(b"\n") and len(content) < _LONGEST:
        more = connection.recv(_LONGEST)
        if not more:
            break
        content += more
    try:
        message = json.loads(content)
    except RecursionError:
        message = None
    if not isinstance(message, dict) or message.keys() != {"tf_ssgan", "index", "cluster"}:
        raise ValueError("not a worker")
    return message
