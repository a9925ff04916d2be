"""The folder of a run: whose it is, who is in it, what lies there."""

import contextlib
import fcntl
import json
import pathlib
import time
from collections.abc import Iterator
from typing import IO, Any

from tf_ssgan.common import errors, files
from tf_ssgan.training import config, metrics_log

RUN_FILES = (
    "run.flags",
    "protocol.json",
    "metrics.jsonl",
    "history.csv",
    "checkpoints",
    "result.json",
    "samples.png",
    "perturbed.png",
    "confusion.png",
    "reliability.png",
    "top3.png",
    "report.txt",
    "backbone.weights.h5",
)  # what a run writes, after config.json

_TRIES, _PAUSE_SECONDS = 3, 0.05


@contextlib.contextmanager
def locked(workdir: pathlib.Path) -> Iterator[pathlib.Path]:
    """Keeps other processes out of a workdir; the lock dies with the process.

    Raises:
        UserError: The folder cannot be made, or another process is in it.
    """
    from tf_ssgan.nn import distribution  # brings TensorFlow, which reading a folder does without

    if not distribution.is_chief():
        yield workdir
        return
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        lock = (workdir / "lock").open("w")
    except OSError as error:
        raise errors.UserError(f"--workdir={workdir} cannot be used: {error.strerror}.") from error
    with lock as file:
        if not _taken(file):
            raise errors.UserError(
                f"Another process is training in {workdir}. Wait for it, or give another --workdir."
            )
        yield workdir


def _taken(lock: IO[str]) -> bool:
    """Takes a lock, unless another process keeps it: one that only asks has it for a moment."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(_PAUSE_SECONDS)
    return False


@contextlib.contextmanager
def writing(workdir: pathlib.Path) -> Iterator[None]:
    """Turns a full disk, or a folder taken away, into a sentence.

    Raises:
        UserError: Saying what could not be written; checkpoints are untouched.
    """
    try:
        yield
    except OSError as error:
        raise errors.UserError(
            f"Cannot write to {error.filename or workdir}: {error.strerror or error}. "
            "Make room or fix the folder; the same command goes on from the last checkpoint."
        ) from error


def finished(settings: config.Config, workdir: pathlib.Path) -> dict[str, Any] | None:
    """The result of a run that has taken all its steps; refuses another run's folder."""
    theirs = read_flags(workdir)
    if theirs is None:
        if strange := [name for name in RUN_FILES if (workdir / name).exists()]:
            raise errors.UserError(
                f"{workdir} holds {', '.join(strange)} and no config.json: these files are no "
                "run's, and would be overwritten. Give another --workdir."
            )
        return None
    if differences := settings.differences(theirs):
        raise errors.UserError(describe_differences(workdir, differences))
    lengths = {k: (theirs[k], getattr(settings, k)) for k in ("epochs", "max_steps")}
    if fewer := {k: (old, new) for k, (old, new) in lengths.items() if 0 < new < old}:
        raise errors.UserError(describe_differences(workdir, fewer))
    # The flags there may already be those of a longer run that was stopped: the result decides.
    outcome = read_result(workdir)
    if outcome is None:
        return None
    reached = settings.max_steps == outcome["steps"] or settings.epochs == outcome["epochs"]
    return outcome if reached else None


def read_flags(workdir: pathlib.Path) -> dict[str, Any] | None:
    """The flags with which a workdir was begun, or None."""
    return _content(workdir / "config.json")


def read_result(workdir: pathlib.Path) -> dict[str, Any] | None:
    """What the `result.json` of a workdir holds, or None."""
    return _content(workdir / "result.json")


def describe_differences(workdir: pathlib.Path, differences: dict[str, tuple[Any, Any]]) -> str:
    """Says that a folder is another run's, and in what: name -> (there, here)."""
    told = ", ".join(f"{k} is {old} there and {new} here" for k, (old, new) in differences.items())
    return f"{workdir} holds another run: {told}. Give the same flags, or another --workdir."


def begin(
    workdir: pathlib.Path, settings: config.Config, protocol: dict[str, Any], first: int
) -> None:
    """Writes flags and protocol of a run, and cuts its curves back to the restored step.

    Args:
        workdir: Folder of the run.
        settings: Its configuration.
        protocol: What it learns from, for `protocol.json`.
        first: The step from which it goes on.
    """
    flags = [
        f"--{k}={str(v).lower() if isinstance(v, bool) else v}"
        for k, v in settings.as_flags().items()
        if v != ""
    ]
    # First what tells that this folder is a run's.
    files.replace(workdir / "config.json", json.dumps(settings.as_flags(), indent=1))
    files.replace(workdir / "run.flags", "\n".join(flags) + "\n")
    files.replace(workdir / "protocol.json", json.dumps(protocol))
    metrics_log.rewind(workdir / "metrics.jsonl", first)


def _content(path: pathlib.Path) -> dict[str, Any] | None:
    """What a file of JSON holds; None where there is none."""
    try:
        return json.loads(path.read_text()) if path.exists() else None
    except ValueError as error:
        raise errors.UserError(f"{path} is damaged ({error}). Choose another folder.") from error
