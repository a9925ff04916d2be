"""Modes of a forward pass: frozen batch statistics, data-dependent initialization."""

import contextlib
import threading
from collections.abc import Iterator

_LOCAL = threading.local()


@contextlib.contextmanager
def frozen_statistics() -> Iterator[None]:
    """A context in which batch normalization normalizes by the batch but records nothing.

    For passes over images that must not change the moving statistics, such as generated or
    perturbed ones, or those of a teacher. It holds for this thread alone, because replicas are
    traced in interleaved threads.
    """
    with _flag("frozen"):
        yield


def statistics_are_frozen() -> bool:
    """Whether this thread is in the context `frozen_statistics`."""
    return getattr(_LOCAL, "frozen", False)


@contextlib.contextmanager
def initialization() -> Iterator[None]:
    """A context in which weight-normalized layers set gains and biases from their inputs."""
    with _flag("initializing"):
        yield


def is_initializing() -> bool:
    """Whether this thread is in the context `initialization`."""
    return getattr(_LOCAL, "initializing", False)


@contextlib.contextmanager
def _flag(name: str) -> Iterator[None]:
    before = getattr(_LOCAL, name, False)
    setattr(_LOCAL, name, True)
    try:
        yield
    finally:
        setattr(_LOCAL, name, before)
