"""Keeps TensorFlow's start-up chatter off the screen."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from absl import logging


@contextlib.contextmanager
def start_up() -> Iterator[None]:
    """Within it TensorFlow may be imported; what it says is shown only if that fails.

    Its C++ logs go to the file descriptor, not to `sys.stderr`, and some come before any level
    can be set. A person who sets TF_CPP_MIN_LOG_LEVEL has asked to see them.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()  # looks for GPUs, and says so
            logging.set_verbosity(logging.WARNING)
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
