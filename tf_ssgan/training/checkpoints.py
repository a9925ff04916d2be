"""Checkpoints of the variables of a run, written atomically and verified before use.

A checkpoint is a folder `step-<n>` with TensorFlow's own checkpoint of the variables and
`manifest.json`: the identity of the run, the step, and the SHA-256 of every file. It is written
under another name, flushed to disk and renamed. A killed process therefore leaves either a complete
checkpoint or a leftover, which the next start removes. The newest two are kept; one that does not
verify is skipped.
"""

import contextlib
import pathlib
import shutil
from typing import Any

import tensorflow as tf

from tf_ssgan.common import errors, files
from tf_ssgan.training import manifests

KEPT = 2
# What says nothing about a checkpoint: memory that runs out, a network disk that does not answer.
_NOT_OF_THE_FILE = (
    MemoryError,
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
    tf.errors.PermissionDeniedError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
)
State = dict[str, list[tf.Variable]]


class UnusableCheckpoint(errors.UserError):
    """A checkpoint is complete, but cannot be loaded.

    Attributes:
        reason: Why, without the path.
    """

    def __init__(self, checkpoint: pathlib.Path, reason: str):
        super().__init__(f"{checkpoint} {reason}. Choose another --workdir.")
        self.reason = reason


def save(folder: pathlib.Path, state: State, step: int, metadata: dict[str, Any]) -> None:
    """Writes a checkpoint and removes all but the newest two.

    Args:
        folder: Folder of the checkpoints.
        state: Owner -> variables, in a fixed order.
        step: Steps taken so far.
        metadata: Further content of the manifest.

    Raises:
        UserError: The disk is full or not writable; earlier checkpoints are untouched.
    """
    final = folder / manifests.checkpoint_name(step)
    partial = folder / (final.name + files.PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        folder.mkdir(exist_ok=True)  # not its parents: a run whose folder is gone makes none
        partial.mkdir()
        tf.train.Checkpoint(**_trackable(state)).write(str(partial / "state"))
        manifests.write(partial, step, metadata)
        files.flush_folder(partial)
        if final.exists():  # damaged: the run continued from an older one
            _remove(final)
        partial.rename(final)
        files.flush(folder)
    except (OSError, tf.errors.OpError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise errors.UserError(
            f"Cannot save to {folder}: {errors.tensorflow_reason(error)}. "
            "Make room or fix the folder; the same command continues from the last checkpoint."
        ) from error
    for old in manifests.checkpoint_folders(folder)[:-KEPT]:
        with contextlib.suppress(OSError):
            _remove(old)


def load(checkpoint: pathlib.Path, state: State) -> None:
    """Loads a checkpoint that is complete, see `manifests.find`.

    Args:
        checkpoint: Its folder.
        state: The variables to load into.

    Raises:
        UnusableCheckpoint: TensorFlow cannot read it, or it was made for other networks. Some
            variables may be loaded all the same.
    """
    prefix = str(checkpoint / "state")
    try:
        _check_shapes(prefix, state)
        status = tf.train.Checkpoint(**_trackable(state)).read(prefix)
        status.assert_consumed()
        status.assert_existing_objects_matched()
    except (AssertionError, _OtherShapes) as error:
        raise UnusableCheckpoint(
            checkpoint, f"was made for other networks ({errors.first_line(error)})"
        ) from error
    except _NOT_OF_THE_FILE:
        raise
    except Exception as error:  # TensorFlow has many for files that it cannot read
        raise UnusableCheckpoint(
            checkpoint, f"is damaged: TensorFlow cannot read it ({type(error).__name__})"
        ) from error


def remove_leftovers(folder: pathlib.Path) -> None:
    """Removes incomplete checkpoints that killed processes have left."""
    for leftover in folder.glob("step-*" + files.PARTIAL):
        shutil.rmtree(leftover, ignore_errors=True)


class _OtherShapes(ValueError):
    """A variable has another shape or type in a checkpoint."""


def _check_shapes(prefix: str, state: State) -> None:
    """Compares shapes and types, before TensorFlow reserves memory for what an index claims.

    A variable of two owners is in a checkpoint once.
    """
    reader = tf.train.load_checkpoint(prefix)
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    for owner, variables in _trackable(state).items():
        for number, variable in enumerate(variables):
            name = f"{owner}/{number}/.ATTRIBUTES/VARIABLE_VALUE"
            own, dtype = list(variable.shape), tf.as_dtype(variable.dtype)
            if name in shapes and (shapes[name], types[name]) != (own, dtype):
                raise _OtherShapes(
                    f"{owner} {number}: expected {dtype.name} {own}, got {types[name].name} "
                    f"{shapes[name]}"
                )


def _trackable(state: State) -> dict[str, list[tf.Variable]]:
    return {owner.replace("/", "_"): variables for owner, variables in state.items()}


def _remove(checkpoint: pathlib.Path) -> None:
    """Removes a checkpoint; if it is killed midway, a leftover remains, not a damaged one."""
    leftover = checkpoint.with_name(checkpoint.name + ".old" + files.PARTIAL)
    shutil.rmtree(leftover, ignore_errors=True)
    checkpoint.rename(leftover)
    shutil.rmtree(leftover, ignore_errors=True)
