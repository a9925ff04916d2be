"""The data of a run: their record in its folder, and what is said if they are others now."""

import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from tf_ssgan.common import errors, files
from tf_ssgan.data import fingerprint
from tf_ssgan.training import run_file_contents, run_files

_REMEDY = "Remove that file; the command that trained the run writes it again."


def read(path: pathlib.Path) -> fingerprint.DataRecord | None:
    """Reads the record of a run's data.

    Args:
        path: The file.

    Returns:
        The record; None if there is no such file.

    Raises:
        UserError: It is damaged.
    """
    content = run_files.read_checked(path, run_file_contents.SavedData, _REMEDY)
    if content is None:
        return None
    try:
        return fingerprint.DataRecord.from_json(content)
    except ValueError as error:
        raise run_files.damaged(path, errors.first_line(error), _REMEDY) from error


def check_info(info: Mapping[str, Any], record: fingerprint.DataRecord) -> None:
    """Raises ValueError if the dataset info in a manifest is not that of a record of its data."""
    shape = info["height"], info["width"], info["channels"]
    if shape != record.shape:
        sizes = [f"{h} x {w} x {c}" for h, w, c in (shape, record.shape)]
        raise ValueError(
            f"dataset_info: height x width x channels are {sizes[0]}, and {sizes[1]} in data.json"
        )
    if tuple(info["classes"]) != record.classes:
        raise ValueError("dataset_info.classes are not those in data.json")


def keep(path: pathlib.Path, record: fingerprint.DataRecord) -> None:
    """Writes the record of a run's data, unless the file holds it already.

    Raises:
        OSError: It cannot be written.
    """
    try:
        before = read(path)
    except errors.UserError:
        before = None
    if before is None or before.sha256 != record.sha256:
        files.replace(path, json.dumps(record.as_json()))


def describe_changes(path: pathlib.Path, expected: str, now: fingerprint.DataRecord) -> str:
    """Says what changed since a run began.

    Args:
        path: The record of its data.
        expected: The fingerprint of its data.
        now: The data that are there now, which have another one.

    Returns:
        A part of a sentence; it also says why if nobody can tell what changed.
    """
    try:
        before = read(path)
    except errors.UserError:
        before, reason = None, "is damaged"
    else:
        reason = "is of other data" if before else "is missing"
    if before is None or before.sha256 != expected:
        return f"images or labels changed (what changed is not known, because {path} {reason})"
    return fingerprint.describe_changes(before, now)


def free_folder(folder: pathlib.Path) -> pathlib.Path:
    """A folder beside that of a run, of a similar name, that does not exist yet."""
    if folder.name in ("", ".."):  # such as "."
        folder = pathlib.Path(os.path.abspath(folder))
    number, name = 2, folder.name or "run"
    while (folder.parent / f"{name}-{number}").exists():
        number += 1
    return folder.parent / f"{name}-{number}"
