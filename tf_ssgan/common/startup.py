"""Keeps TensorFlow's start-up messages off the screen."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from absl import logging

from tf_ssgan.common import keras_settings


@contextlib.contextmanager
def start_up() -> Iterator[None]:
    """Imports TensorFlow; its messages are shown only if the import, or the block, fails.

    TensorFlow's C++ code logs to the file descriptor, not to `sys.stderr`, and some messages come
    before a log level can be set. Users who set TF_CPP_MIN_LOG_LEVEL want to see them. Where they
    can be kept nowhere, they are shown.

    Raises:
        UserError: Keras is already imported, and its backend is not TensorFlow.
    """
    keras_settings.enforce()  # again: a caller from Python may have changed them since
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with _hidden_messages():
        import tensorflow as tf

        tf.config.list_physical_devices()  # looks for GPUs, and logs it
        logging.set_verbosity(logging.WARNING)
        yield


@contextlib.contextmanager
def _hidden_messages() -> Iterator[None]:
    """Keeps what is written to standard error; writes it there if the block fails."""
    with contextlib.ExitStack() as stack:
        try:
            stderr = os.dup(2)
            stack.callback(os.close, stderr)
            messages = stack.enter_context(_temporary_file())
        except OSError:  # standard error is closed, or there is no folder for temporary files
            yield
            return
        _flush()
        os.dup2(messages.fileno(), 2)
        try:
            yield
        except BaseException:
            messages.seek(0)
            os.write(stderr, messages.read())
            raise
        finally:
            _flush()
            os.dup2(stderr, 2)


def _temporary_file() -> BinaryIO:
    """A file without a name: in memory if this system has such, as Linux does."""
    if hasattr(os, "memfd_create"):
        with contextlib.suppress(OSError):
            return open(os.memfd_create("start-up messages"), "w+b")
    return tempfile.TemporaryFile()


def _flush() -> None:
    """Writes out `sys.stderr`, which may be closed, None, or full."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sys.stderr.flush()
