"""What TensorBoard shows of a run. Without TensorBoard, or where it cannot write, nothing is shown.

TensorFlow makes the summaries with functions of the package tensorboard. `metrics.jsonl` and the
figures of a run hold the same numbers, so a run goes on without it.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tf_ssgan.common import errors, requirements
from tf_ssgan.training import event_files
from tf_ssgan.training.workdir import Workdir

_INSTEAD = "It does not show this run; its figures and metrics.jsonl are written all the same."


@functools.cache
def is_available() -> bool:
    """Whether TensorBoard can be imported; if not, says so once on standard error."""
    try:
        from tensorboard.plugins.hparams import api  # noqa: F401
        from tensorboard.summary import v2  # noqa: F401
    except Exception as error:  # a broken package may raise anything
        print(
            f"TensorBoard cannot be imported ({requirements.cause(error)}). {_INSTEAD}",
            file=sys.stderr,
        )
        return False
    return True


def training_writer(workdir: Workdir, first: int) -> tf.summary.SummaryWriter:
    """A writer of the steps after a checkpoint, see `event_files.open_writer`."""
    return _writer(workdir, lambda: event_files.open_writer(workdir.tensorboard, first))


def result_writer(workdir: Workdir, step: int) -> tf.summary.SummaryWriter:
    """A writer of the result of a run at its last step."""
    return _writer(workdir, lambda: event_files.open_result_writer(workdir.tensorboard, step))


def evaluation_writer(workdir: Workdir) -> tf.summary.SummaryWriter:
    """A writer of what is measured of a run later."""
    return _writer(workdir, lambda: event_files.create(workdir.tensorboard))


def _writer(
    workdir: Workdir, create: Callable[[], tf.summary.SummaryWriter]
) -> tf.summary.SummaryWriter:
    """A writer of the events of a run; one that writes nothing if that is not possible."""
    if not is_available():
        return tf.summary.create_noop_writer()
    try:
        return create()
    except (OSError, tf.errors.OpError) as error:
        print(
            f"TensorBoard's events cannot be written to {workdir.tensorboard} "
            f"({errors.tensorflow_reason(error)}). {_INSTEAD}",
            file=sys.stderr,
        )
        return tf.summary.create_noop_writer()


def scalar(name: str, value: float, description: str | None = None) -> None:
    """Writes a number with the writer and at the step that are the default."""
    if is_available():
        tf.summary.scalar(name, value, description=description)


def image(name: str, pixels: tf.Tensor) -> None:
    """Writes images, uint8 or float32 in [0, 1] [n, h, w, c]."""
    if is_available():
        tf.summary.image(name, pixels)


def histogram(name: str, values: Any, buckets: int) -> None:
    """Writes how values are distributed."""
    if is_available():
        tf.summary.histogram(name, values, buckets=buckets)


def hparams(values: dict[str, Any]) -> None:
    """Writes the hyperparameters of a run."""
    if is_available():
        from tensorboard.plugins.hparams import api

        api.hparams(values)
