"""Manifests of checkpoints: what a checkpoint belongs to, and whether it is complete.

TensorFlow is not imported here, so that programs can look for a checkpoint at once.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from tf_ssgan.common import errors, files, version
from tf_ssgan.data import protocol
from tf_ssgan.training import run_file_contents, run_files

MANIFEST = "manifest.json"
_DIGITS = 10  # of the step in the name of a checkpoint
# Flags that a protocol repeats.
_IN_BOTH = ("dataset", "label_split", "split_seed", "noise", "noise_rate", "clean_fraction")


@dataclasses.dataclass(frozen=True)
class SavedCheckpoint:
    """A complete checkpoint.

    Attributes:
        folder: Its folder.
        manifest: Its manifest, see `run_file_contents.Manifest`.
        damaged: What is wrong with newer checkpoints, which are skipped.
    """

    folder: pathlib.Path
    manifest: dict[str, Any]
    damaged: tuple[str, ...] = ()


def checkpoint_name(step: int) -> str:
    """The name of the folder of a checkpoint."""
    return f"step-{step:0{_DIGITS}d}"


def checkpoint_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    """The checkpoints in a folder, complete or not, the oldest first."""
    return sorted(folder.glob("step-" + "[0-9]" * _DIGITS))


def write(checkpoint: pathlib.Path, step: int, metadata: dict[str, Any]) -> None:
    """Writes the manifest of a checkpoint, whose other files are all there.

    Args:
        checkpoint: Its folder.
        step: Steps taken so far.
        metadata: Further content, see `run_file_contents.Manifest`.
    """
    digests = {path.name: files.sha256(path) for path in sorted(checkpoint.iterdir())}
    sizes = {name: (checkpoint / name).stat().st_size for name in digests}
    manifest = {"step": step, **metadata, "files": digests, "sizes": sizes}
    manifest["sha256"] = _digest(manifest)
    (checkpoint / MANIFEST).write_text(json.dumps(manifest, indent=1))


def verified(checkpoint: pathlib.Path) -> dict[str, Any]:
    """Verifies the manifest of a checkpoint field by field, and every file of the checkpoint.

    Args:
        checkpoint: Its folder.

    Returns:
        The manifest.

    Raises:
        ValueError: A file is missing, damaged or was changed; the message names it.
    """
    try:
        manifest = run_files.read(checkpoint / MANIFEST, "")
    except errors.UserError as error:
        raise ValueError(str(error)) from error
    if manifest is None:
        raise ValueError(f"{MANIFEST} is missing")
    try:
        _check(manifest, checkpoint.name)
    except ValueError as error:
        raise ValueError(f"{MANIFEST}: {error}") from error
    listed = set(manifest["files"])
    unlisted = {path.name for path in checkpoint.glob("state.*")} - listed
    if unlisted:
        raise ValueError(f"{MANIFEST} does not list {min(unlisted)}")
    sizes = manifest.get("sizes") or {}  # older manifests have none
    for name in manifest["files"]:
        path = checkpoint / name
        if not path.is_file():
            raise ValueError(f"{name} is missing")
        if path.stat().st_size != sizes.get(name, path.stat().st_size):
            raise ValueError(f"{name} was changed or cut short")
    for name, digest in manifest["files"].items():
        if files.sha256(checkpoint / name) != digest:
            raise ValueError(f"{name} was changed or cut short")
    return manifest


def find(
    folder: pathlib.Path,
    check: Callable[[dict[str, Any]], None] = lambda manifest: None,
    unusable: Sequence[str] = (),
) -> SavedCheckpoint | None:
    """Finds the newest complete checkpoint in a folder.

    Args:
        folder: Folder of the checkpoints.
        check: A further check of a manifest; raises ValueError if it makes no sense.
        unusable: For each of the newest ones, its name and why it could not be loaded, as in
            `SavedCheckpoint.damaged`; they are skipped.

    Returns:
        None if there is no checkpoint.

    Raises:
        UserError: There are checkpoints, but none of them is complete.
    """
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise errors.UserError(f"{folder} is not a folder. Remove it, or give another --workdir.")
    damaged = list(unusable)
    newest_first = checkpoint_folders(folder)[::-1]
    for checkpoint in newest_first[len(damaged) :]:
        try:
            manifest = verified(checkpoint)
            check(manifest)
            return SavedCheckpoint(checkpoint, manifest, tuple(damaged))
        except (OSError, ValueError) as error:
            damaged.append(f"{checkpoint.name}: {errors.first_line(error)}")
    if damaged:
        raise errors.UserError(
            f"No checkpoint in {folder} is complete ({'; '.join(damaged)}). "
            "Remove the folder to start over, or choose another --workdir."
        )
    return None


def _check(manifest: Any, name: str) -> None:
    """Raises ValueError unless a manifest is whole and belongs to the folder of this name."""
    theirs = manifest.get("version") if isinstance(manifest, dict) else None
    if version.is_other(theirs):
        raise ValueError(f"it was written by tf_ssgan {theirs}")
    run_files.check(run_file_contents.Manifest, manifest)
    if manifest["sha256"] != _digest(manifest):
        raise ValueError("it was changed")
    if checkpoint_name(manifest["step"]) != name:
        raise ValueError(f"step is {manifest['step']}, the folder is {name}")
    own = protocol.Protocol.from_json(manifest["protocol"])
    if manifest["split_sha256"] != own.sha256:
        raise ValueError("split_sha256 is not that of its protocol")
    if manifest["protocol"].get("sizes") != own.as_json()["sizes"]:
        raise ValueError("protocol.sizes are not those of its lists")
    if manifest["dataset_info"]["classes"] != manifest["protocol"]["classes"]:
        raise ValueError("dataset_info.classes are not those of its protocol")
    if manifest["dataset_info"]["name"] != manifest["protocol"]["dataset"]:
        raise ValueError("dataset_info.name is not the dataset of its protocol")
    _check_identity(manifest["identity"], manifest["protocol"], manifest["step"])


def _check_identity(identity: dict[str, Any], own: dict[str, Any], step: int) -> None:
    """Raises ValueError unless protocol and step are what the flags of the run ask for."""
    most = identity.get("max_steps", 0)
    if type(most) is not int or 0 < most < step:  # 0 leaves the length to the epochs
        raise ValueError(f"identity.max_steps is {most!r}, and step is {step}")
    if own.get("checked"):  # by the data, not by the flag
        own = own | {"clean_fraction": 0.0}
    for name in _IN_BOTH:
        if name in identity and identity[name] != own[name]:
            raise ValueError(f"protocol.{name} is {own[name]}, and {identity[name]} in identity")
    asked, count = identity.get("labels", -1), len(own["labeled_ids"])
    if asked not in (-1, count):
        raise ValueError(f"identity.labels is {asked}, and its protocol has {count}")


def _digest(manifest: dict[str, Any]) -> str:
    """SHA-256 of a manifest without its own digest."""
    content = {k: v for k, v in manifest.items() if k != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
