"""The hosts that share a run, as `TF_CONFIG` describes them. Free of TensorFlow."""

import dataclasses
import os
import re
from typing import Any

from tf_ssgan.common import errors, json_text

_FORM = (
    'It must look like {"cluster": {"worker": ["host:port", ...]}, '
    '"task": {"type": "worker", "index": 0}}; unset it to train on this machine alone.'
)
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]@]+):(?P<port>[0-9]{1,5})")
_LONGEST = 60  # characters of a value in a message


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of a run.

    Attributes:
        workers: Their addresses, HOST:PORT, in the order of their numbers.
        index: The number of this one.
    """

    workers: tuple[str, ...]
    index: int

    def name(self, index: int) -> str:
        """A worker in a message: its number and its address."""
        return f"worker {index} ({self.workers[index]})"

    def address(self, index: int) -> tuple[str, int]:
        """Host and port of a worker."""
        host, _, port = self.workers[index].rpartition(":")
        return host.strip("[]"), int(port)

    def others(self) -> list[int]:
        """The numbers of all workers but this one."""
        return [index for index in range(len(self.workers)) if index != self.index]


def read() -> Cluster | None:
    """Reads `TF_CONFIG`.

    Returns:
        The cluster, or None if the variable is not set.

    Raises:
        UserError: `TF_CONFIG` is not JSON, an address or the task is wrong.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text.strip():
        return None
    try:
        content = json_text.loads(text)
    except ValueError as error:
        raise _wrong(f"is not JSON ({errors.first_line(error)})") from error
    workers = _workers(_part(content, "cluster"))
    return Cluster(workers, _index(_part(content, "task"), workers))


def _part(content: Any, name: str) -> dict[str, Any]:
    """A part of the description, which is a dictionary itself."""
    part = content.get(name) if isinstance(content, dict) else None
    if not isinstance(part, dict):
        raise _wrong(f"has no {name!r} with names and values")
    return part


def _workers(jobs: dict[str, Any]) -> tuple[str, ...]:
    """The addresses of the workers."""
    if other := sorted(jobs.keys() - {"worker"}):
        raise _wrong(
            f"names tasks of the kind {_shown(other[0])}, but all hosts are workers here, and the "
            "first of them is the chief"
        )
    addresses = jobs.get("worker")
    if not isinstance(addresses, list) or not addresses:
        raise _wrong(f"has no list of workers, but {_shown(addresses)}")
    for address in addresses:
        matched = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
        if not matched or not 0 < int(matched["port"]) < 2**16:
            raise _wrong(f"names {_shown(address)} as a worker, which is not HOST:PORT")
    twice = [a for k, a in enumerate(addresses) if a in addresses[:k]]
    if twice:
        raise _wrong(f"names the worker {twice[0]} twice")
    return tuple(addresses)


def _index(task: dict[str, Any], workers: tuple[str, ...]) -> int:
    """The number of this worker."""
    kind, index = task.get("type"), task.get("index")
    if kind != "worker":
        raise _wrong(f"gives this host the task {_shown(kind)}, but all hosts are workers here")
    if isinstance(index, str) and re.fullmatch("[0-9]{1,9}", index):
        index = int(index)
    if type(index) is not int or not 0 <= index < len(workers):
        raise _wrong(
            f"gives this host the index {_shown(index)}, but the {len(workers)} worker(s) have the "
            f"indexes 0 to {len(workers) - 1}"
        )
    return index


def _wrong(what: str) -> errors.UserError:
    return errors.UserError(f"TF_CONFIG {what}. {_FORM}")


def _shown(value: Any) -> str:
    """A value in a message: in a line, and not long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
