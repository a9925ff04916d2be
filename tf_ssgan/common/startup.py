"""Keeps TensorFlow's start-up messages off the screen."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from absl import logging

from tf_ssgan.common import errors, keras_settings, requirements


@contextlib.contextmanager
def start_up() -> Iterator[None]:
    """Imports TensorFlow; its messages are shown only if the import, or the block, fails.

    TensorFlow's C++ code logs to the file descriptor, not to `sys.stderr`, and some messages come
    before a log level can be set. Users who set TF_CPP_MIN_LOG_LEVEL want to see them. Where they
    can be kept nowhere, they are shown.

    Raises:
        UserError: Keras is already imported, and its backend is not TensorFlow; or a library that
            TensorFlow imports needs a folder to write to, and there is none.
    """
    keras_settings.enforce()  # again: a caller from Python may have changed them since
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with _hidden_messages():
        _import_tensorflow()
        logging.set_verbosity(logging.WARNING)
        yield


def _import_tensorflow() -> None:
    requirements.check_cpu()
    try:
        import tensorflow as tf
    except OSError as error:
        reason, advice = errors.first_line(error), "Install it again"
        if ".so" not in reason:  # no library is missing: Matplotlib, which Keras imports, writes
            advice = "Set TMPDIR to a folder in which you can write"
        raise errors.UserError(f"TensorFlow cannot start: {reason}. {advice}.") from error
    tf.config.list_physical_devices()  # looks for GPUs, and logs it


@contextlib.contextmanager
def _hidden_messages() -> Iterator[None]:
    """Keeps what is written to standard error; writes it there if the block fails.

    A `UserError` says what is wrong by itself.
    """
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
        except errors.UserError:
            raise
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
