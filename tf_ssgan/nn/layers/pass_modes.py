"""Modes of a forward pass: frozen batch statistics, data-dependent initialization."""

import contextlib
import threading
from collections.abc import Iterator

import tensorflow as tf

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
def recalibration(momentum: tf.Tensor) -> Iterator[None]:
    """A context in which batch normalization records with this momentum instead of its own.

    With 0, 1/2, 2/3 and so on, the moving statistics become the means over the batches.

    Args:
        momentum: float32 scalar in [0, 1).
    """
    with _flag("momentum", momentum):
        yield


def recording_momentum(own: float) -> tf.Tensor | float:
    """The momentum with which a layer records: its own, or that of `recalibration`."""
    given = getattr(_LOCAL, "momentum", False)
    return own if given is False else given


@contextlib.contextmanager
def _flag(name: str, value: bool | tf.Tensor = True) -> Iterator[None]:
    before = getattr(_LOCAL, name, False)
    setattr(_LOCAL, name, value)
    try:
        yield
    finally:
        setattr(_LOCAL, name, before)
