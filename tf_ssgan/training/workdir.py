"""The folder of a run: its lock, its files, and the check that it belongs to this run."""

import contextlib
import fcntl
import json
import pathlib
import time
from collections.abc import Iterator
from typing import IO, Any

from tf_ssgan.common import errors, files, version
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
)  # files that a run writes after config.json

EVALUATION = "evaluation.json"  # what `tf_ssgan.evaluate` measured

_TRIES, _PAUSE_SECONDS = 3, 0.05


@contextlib.contextmanager
def locked(workdir: pathlib.Path) -> Iterator[pathlib.Path]:
    """Keeps other processes out of a workdir; the lock ends with the process.

    Raises:
        UserError: The folder cannot be made, or another process uses it.
    """
    from tf_ssgan.nn import distribution  # imports TensorFlow; reading a folder needs none

    if not distribution.is_chief():
        yield workdir
        return
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        lock = (workdir / "lock").open("w")
    except OSError as error:
        raise errors.UserError(f"--workdir={workdir} cannot be used: {error.strerror}.") from error
    with lock as file:
        if not _take(file):
            raise errors.UserError(
                f"Another process is training in {workdir}. Wait for it, or give another --workdir."
            )
        yield workdir


def is_locked(workdir: pathlib.Path) -> bool:
    """Whether another process trains in a workdir; False for a folder that cannot be used."""
    try:
        lock = (workdir / "lock").open("r+")  # NFS locks only files that are open for writing
    except OSError:
        return False
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _take(lock: IO[str]) -> bool:
    """Takes a lock; False if another process keeps it. Retries, as a test holds it briefly."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(_PAUSE_SECONDS)
    return False


@contextlib.contextmanager
def writing(workdir: pathlib.Path) -> Iterator[None]:
    """Turns a full disk or a removed folder into a `UserError`.

    Raises:
        UserError: A file could not be written; checkpoints are untouched.
    """
    try:
        yield
    except OSError as error:
        raise errors.UserError(
            f"Cannot write to {error.filename or workdir}: {error.strerror or error}. "
            "Make room or fix the folder; the same command continues from the last checkpoint."
        ) from error


def finished_result(settings: config.Config, workdir: pathlib.Path) -> dict[str, Any] | None:
    """The result of a run that has taken all its steps, or None.

    Raises:
        UserError: The folder belongs to another run, a run of another version, or holds files of
            no run.
    """
    saved = read_flags(workdir)
    if saved is None:
        if unknown := [name for name in RUN_FILES if (workdir / name).exists()]:
            raise errors.UserError(
                f"{workdir} holds {', '.join(unknown)} but no config.json: these files belong to "
                "no run and would be overwritten. Give another --workdir."
            )
        return None
    if differences := settings.differences(saved):
        raise errors.UserError(describe_differences(workdir, differences))
    lengths = {k: (saved[k], getattr(settings, k)) for k in ("epochs", "max_steps")}
    if fewer := {k: (old, new) for k, (old, new) in lengths.items() if 0 < new < old}:
        raise errors.UserError(describe_differences(workdir, fewer))
    # The saved flags may already be those of a longer run that was stopped: the result decides.
    result = read_result(workdir)
    if result is None:
        return None
    reached = settings.max_steps == result["steps"] or settings.epochs == result["epochs"]
    return result if reached else None


def read_flags(workdir: pathlib.Path) -> dict[str, Any] | None:
    """The flags of the run in a workdir, or None.

    Raises:
        UserError: They are damaged, or of a run of another version.
    """
    content = _content(workdir / "config.json")
    if not isinstance(content, dict):
        return content
    check_version(workdir, content)
    return {name: value for name, value in content.items() if name != "version"}


def check_version(workdir: pathlib.Path, content: dict[str, Any]) -> None:
    """Refuses a run of another version, whose flags and files have other names.

    Args:
        workdir: Folder of the run.
        content: Of its `config.json`, or of the manifest of a checkpoint.

    Raises:
        UserError: Naming both versions.
    """
    theirs, ours = str(content.get("version", "0.1.0")), version.__version__
    if theirs.split(".")[:2] != ours.split(".")[:2]:
        raise errors.UserError(
            f"{workdir} holds a run of tf_ssgan {theirs}, which {ours} cannot read: train it again "
            f"in another folder, or use tf_ssgan {theirs}."
        )


def read_result(workdir: pathlib.Path) -> dict[str, Any] | None:
    """The content of `result.json` in a workdir, or None."""
    return _content(workdir / "result.json")


def read_evaluation(workdir: pathlib.Path) -> dict[str, Any] | None:
    """The content of `evaluation.json` in a workdir, or None."""
    return _content(workdir / EVALUATION)


def describe_differences(workdir: pathlib.Path, differences: dict[str, tuple[Any, Any]]) -> str:
    """The sentence that a folder holds another run; differences are name -> (there, here)."""
    text = ", ".join(f"{k} is {old} there and {new} here" for k, (old, new) in differences.items())
    return f"{workdir} holds another run: {text}. Give the same flags, or another --workdir."


def prepare(
    workdir: pathlib.Path, settings: config.Config, protocol: dict[str, Any], first: int
) -> None:
    """Writes flags and protocol of a run, and cuts its metrics back to the restored step.

    Args:
        workdir: Folder of the run.
        settings: Its configuration.
        protocol: Content of `protocol.json`.
        first: The step from which it continues.
    """
    flags = [
        f"--{k}={str(v).lower() if isinstance(v, bool) else v}"
        for k, v in settings.as_flags().items()
        if v != ""
    ]
    # config.json comes first: it marks the folder as that of a run.
    content = {"version": version.__version__} | settings.as_flags()
    files.replace(workdir / "config.json", json.dumps(content, indent=1))
    files.replace(workdir / "run.flags", "\n".join(flags) + "\n")
    files.replace(workdir / "protocol.json", json.dumps(protocol))
    metrics_log.rewind(workdir / "metrics.jsonl", first)


def _content(path: pathlib.Path) -> dict[str, Any] | None:
    """The content of a JSON file, or None if there is no such file."""
    try:
        return json.loads(path.read_text()) if path.exists() else None
    except ValueError as error:
        raise errors.UserError(f"{path} is damaged ({error}). Choose another folder.") from error
