"""Checkpoints of the variables of a run, written atomically and verified before use.

A checkpoint is a folder `step-<n>` with TensorFlow's own checkpoint of the variables and
`manifest.json`: the identity of the run, the step, and the SHA-256 of every file. It is written
under another name, flushed to disk and renamed. A killed process therefore leaves either a complete
checkpoint or a leftover, which the next start removes. The newest two are kept; one that does not
verify is skipped.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
from typing import Any

import tensorflow as tf

from tf_ssgan.common import errors, files

KEPT = 2
_MANIFEST = "manifest.json"
_PARTIAL = ".partial"
State = dict[str, list[tf.Variable]]


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
    final = folder / f"step-{step:010d}"
    partial = folder / (final.name + _PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        tf.train.Checkpoint(**_trackable(state)).write(str(partial / "state"))
        digests = {path.name: files.sha256(path) for path in sorted(partial.iterdir())}
        manifest = {"step": step, **metadata, "files": digests}
        manifest["sha256"] = _manifest_digest(manifest)
        (partial / _MANIFEST).write_text(json.dumps(manifest, indent=1))
        _flush(partial)
        if final.exists():  # damaged: the run continued from an older one
            _remove(final)
        partial.rename(final)
        _flush_folder(folder)
    except (OSError, tf.errors.OpError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise errors.UserError(
            f"Cannot save to {folder}: {errors.first_line(error)}. "
            "Make room or fix the folder; the same command continues from the last checkpoint."
        ) from error
    for old in sorted(folder.glob("step-" + "[0-9]" * 10))[:-KEPT]:
        with contextlib.suppress(OSError):
            _remove(old)


def restore(folder: pathlib.Path, state: State, accept: Any) -> dict[str, Any] | None:
    """Loads the newest checkpoint that verifies.

    Args:
        folder: Folder of the checkpoints.
        state: The variables to load into.
        accept: Called with the manifest of a complete checkpoint before anything is loaded; raises
            if the checkpoint belongs to another run.

    Returns:
        Its manifest, or None if there is no checkpoint.

    Raises:
        UserError: There are checkpoints, but none of them is complete.
    """
    candidates = sorted(folder.glob("step-" + "[0-9]" * 10), reverse=True)
    rejected = []
    for candidate in candidates:
        try:
            manifest = verified(candidate)
        except (OSError, ValueError) as error:
            rejected.append(f"{candidate.name}: {errors.first_line(error)}")
            continue
        accept(manifest)
        _load(candidate, state)
        for line in rejected:
            print(f"Skipped a damaged checkpoint, {line}.")
        return manifest
    if rejected:
        raise errors.UserError(
            f"No checkpoint in {folder} is complete ({'; '.join(rejected)}). "
            "Remove the folder to start over, or choose another --workdir."
        )
    return None


def verified(checkpoint: pathlib.Path) -> dict[str, Any]:
    """Verifies every file of a checkpoint and returns its manifest.

    Raises:
        ValueError: A file is missing or was changed.
        OSError: A file cannot be read.
    """
    manifest = json.loads((checkpoint / _MANIFEST).read_text())
    if not isinstance(manifest, dict) or "files" not in manifest:
        raise ValueError(f"{_MANIFEST} is not a manifest")
    if manifest.get("sha256", "") not in ("", _manifest_digest(manifest)):
        raise ValueError(f"{_MANIFEST} was changed")
    for name, digest in manifest["files"].items():
        if not (checkpoint / name).is_file():
            raise ValueError(f"{name} is missing")
        if files.sha256(checkpoint / name) != digest:
            raise ValueError(f"{name} was changed or cut short")
    return manifest


def newest(folder: pathlib.Path) -> dict[str, Any] | None:
    """The manifest of the newest complete checkpoint, or None; nothing is loaded."""
    for candidate in sorted(folder.glob("step-" + "[0-9]" * 10), reverse=True):
        with contextlib.suppress(OSError, ValueError):
            return verified(candidate)
    return None


def read_manifest(folder: pathlib.Path, step: int) -> dict[str, Any]:
    """The manifest of the checkpoint of a step, unverified; empty if it cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        manifest = json.loads((folder / f"step-{step:010d}" / _MANIFEST).read_text())
        return manifest if isinstance(manifest, dict) else {}
    return {}


def remove_leftovers(folder: pathlib.Path) -> None:
    """Removes incomplete checkpoints that killed processes have left."""
    for leftover in folder.glob("step-*" + _PARTIAL):
        shutil.rmtree(leftover, ignore_errors=True)


def _load(checkpoint: pathlib.Path, state: State) -> None:
    try:
        status = tf.train.Checkpoint(**_trackable(state)).read(str(checkpoint / "state"))
        status.assert_consumed()
        status.assert_existing_objects_matched()
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        raise errors.UserError(
            f"{checkpoint} was made for other networks ({errors.first_line(error)}). "
            "Choose another --workdir."
        ) from error


def _trackable(state: State) -> dict[str, list[tf.Variable]]:
    return {owner.replace("/", "_"): variables for owner, variables in state.items()}


def _remove(checkpoint: pathlib.Path) -> None:
    """Removes a checkpoint; if it is killed midway, a leftover remains, not a damaged one."""
    leftover = checkpoint.with_name(checkpoint.name + ".old" + _PARTIAL)
    shutil.rmtree(leftover, ignore_errors=True)
    checkpoint.rename(leftover)
    shutil.rmtree(leftover, ignore_errors=True)


def _manifest_digest(manifest: dict[str, Any]) -> str:
    """SHA-256 of a manifest without its own digest."""
    content = {k: v for k, v in manifest.items() if k != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _flush(folder: pathlib.Path) -> None:
    """Flushes the files of a folder to disk, so that they survive a power cut."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _flush_folder(folder)


def _flush_folder(folder: pathlib.Path) -> None:
    with contextlib.suppress(OSError):  # not every file system supports this
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
