"""Checkpoints: a run's variables, published whole or not at all, and checked before they are used.

A checkpoint is a folder `step-<n>` with TensorFlow's own checkpoint of the variables and
`manifest.json`: the run's identity, the step, and the SHA-256 of every file. It is written under
another name, flushed to disk, and renamed, so a killed process leaves either a whole checkpoint or
a leftover that the next start sweeps away. Two are kept; one that does not verify is passed over.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
from typing import Any

import tensorflow as tf

from tf_ssgan.common import errors

KEPT = 2
_MANIFEST = "manifest.json"
_PARTIAL = ".partial"
State = dict[str, list[tf.Variable]]


def save(folder: pathlib.Path, state: State, step: int, about: dict[str, Any]) -> None:
    """Publishes a checkpoint and removes all but the newest two.

    Args:
        folder: Where checkpoints lie.
        state: Owner -> variables, in a fixed order.
        step: The step after which this is.
        about: What else the manifest says.

    Raises:
        UserError: The disk is full or not writable; earlier checkpoints are untouched.
    """
    final = folder / f"step-{step:010d}"
    partial = folder / (final.name + _PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        tf.train.Checkpoint(**_trackable(state)).write(str(partial / "state"))
        files = {path.name: _digest(path) for path in sorted(partial.iterdir())}
        manifest = {"step": step, **about, "files": files}
        manifest["sha256"] = _own_digest(manifest)
        (partial / _MANIFEST).write_text(json.dumps(manifest, indent=1))
        _flush(partial)
        if final.exists():  # one that did not verify: the run came here again from an older one
            _remove(final)
        partial.rename(final)
        _flush_folder(folder)
    except (OSError, tf.errors.OpError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise errors.UserError(
            f"Cannot save to {folder}: {_first_line(error)} "
            "Make room or fix the folder; the same command goes on from the last checkpoint."
        ) from error
    for old in sorted(folder.glob("step-" + "[0-9]" * 10))[:-KEPT]:
        with contextlib.suppress(OSError):
            _remove(old)


def restore(folder: pathlib.Path, state: State, accept: Any) -> dict[str, Any] | None:
    """Loads the newest checkpoint that verifies.

    Args:
        folder: Where checkpoints lie.
        state: The variables to fill.
        accept: Called with the manifest of a whole checkpoint before anything is loaded; raises if
            it is another run's.

    Returns:
        Its manifest, or None where there is no checkpoint.

    Raises:
        UserError: There are checkpoints, and none of them is whole.
    """
    candidates = sorted(folder.glob("step-" + "[0-9]" * 10), reverse=True)
    rejected = []
    for candidate in candidates:
        try:
            manifest = verified(candidate)
        except (OSError, ValueError) as error:
            rejected.append(f"{candidate.name}: {_first_line(error)}")
            continue
        accept(manifest)
        _load(candidate, state)
        for line in rejected:
            print(f"Passed over a damaged checkpoint, {line}")
        return manifest
    if rejected:
        raise errors.UserError(
            f"No checkpoint in {folder} is whole ({'; '.join(rejected)}). "
            "Remove the folder to start over, or choose another --workdir."
        )
    return None


def verified(checkpoint: pathlib.Path) -> dict[str, Any]:
    """The manifest of a checkpoint whose files all are what they were.

    Raises:
        ValueError: A file is missing or was changed.
        OSError: A file cannot be read.
    """
    manifest = json.loads((checkpoint / _MANIFEST).read_text())
    if not isinstance(manifest, dict) or "files" not in manifest:
        raise ValueError(f"{_MANIFEST} is no manifest")
    if manifest.get("sha256", "") not in ("", _own_digest(manifest)):
        raise ValueError(f"{_MANIFEST} was changed")
    for name, digest in manifest["files"].items():
        if not (checkpoint / name).is_file():
            raise ValueError(f"{name} is missing")
        if _digest(checkpoint / name) != digest:
            raise ValueError(f"{name} was changed or cut short")
    return manifest


def newest(folder: pathlib.Path) -> dict[str, Any] | None:
    """The manifest of the newest whole checkpoint, or None; nothing is loaded."""
    for candidate in sorted(folder.glob("step-" + "[0-9]" * 10), reverse=True):
        with contextlib.suppress(OSError, ValueError):
            return verified(candidate)
    return None


def sweep(folder: pathlib.Path) -> None:
    """Removes what killed processes have left half written."""
    for leftover in folder.glob("step-*" + _PARTIAL):
        shutil.rmtree(leftover, ignore_errors=True)


def _load(checkpoint: pathlib.Path, state: State) -> None:
    try:
        status = tf.train.Checkpoint(**_trackable(state)).read(str(checkpoint / "state"))
        status.assert_consumed()
        status.assert_existing_objects_matched()
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        raise errors.UserError(
            f"{checkpoint} was made for other networks ({_first_line(error)}). "
            "Choose another --workdir."
        ) from error


def _trackable(state: State) -> dict[str, list[tf.Variable]]:
    return {owner.replace("/", "_"): variables for owner, variables in state.items()}


def _digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(checkpoint: pathlib.Path) -> None:
    """Removes a checkpoint; a process killed meanwhile leaves a leftover, not a damaged one."""
    leftover = checkpoint.with_name(checkpoint.name + ".old" + _PARTIAL)
    shutil.rmtree(leftover, ignore_errors=True)
    checkpoint.rename(leftover)
    shutil.rmtree(leftover, ignore_errors=True)


def _own_digest(manifest: dict[str, Any]) -> str:
    """SHA-256 of all that a manifest says but this."""
    content = {k: v for k, v in manifest.items() if k != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _flush(folder: pathlib.Path) -> None:
    """Makes a folder's files survive a power cut, before it gets its name."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _flush_folder(folder)


def _flush_folder(folder: pathlib.Path) -> None:
    with contextlib.suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."
