"""How a forward pass differs from an ordinary one: frozen statistics, initialization."""

import contextlib
import threading
from collections.abc import Iterator

_LOCAL = threading.local()


@contextlib.contextmanager
def frozen_statistics() -> Iterator[None]:
    """Within it, batch normalization normalizes with the batch but records nothing.

    For passes over images that are not the classifier's business: generated, perturbed, a
    teacher's. Thread-local, because replica functions are traced in interleaved threads.
    """
    with _flag("frozen"):
        yield


def statistics_are_frozen() -> bool:
    """Whether this thread is within `frozen_statistics`."""
    return getattr(_LOCAL, "frozen", False)


@contextlib.contextmanager
def initialization() -> Iterator[None]:
    """Within it, weight-normalized layers set their gains and biases from what they are fed."""
    with _flag("initializing"):
        yield


def is_initializing() -> bool:
    """Whether this thread is within `initialization`."""
    return getattr(_LOCAL, "initializing", False)


@contextlib.contextmanager
def _flag(name: str) -> Iterator[None]:
    before = getattr(_LOCAL, name, False)
    setattr(_LOCAL, name, True)
    try:
        yield
    finally:
        setattr(_LOCAL, name, before)
