"""Keeps TensorFlow's start-up messages off the screen."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from absl import logging

from tf_ssgan.common import keras_settings


@contextlib.contextmanager
def start_up() -> Iterator[None]:
    """Imports TensorFlow; its messages are shown only if the import, or the block, fails.

    TensorFlow's C++ code logs to the file descriptor, not to `sys.stderr`, and some messages come
    before a log level can be set. Users who set TF_CPP_MIN_LOG_LEVEL want to see them.

    Raises:
        UserError: Keras is already imported, and its backend is not TensorFlow.
    """
    keras_settings.enforce()  # again: a caller from Python may have changed them since
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()  # looks for GPUs, and logs it
            logging.set_verbosity(logging.WARNING)
            yield
        except BaseException:
            messages.seek(0)
            os.write(stderr, messages.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
