"""Finished runs, read from their folders, and why other folders are left out."""

import dataclasses
import functools
import json
import math
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.training import config, metrics_log
from tf_ssgan.training import workdir as workdirs

# The errors of a run: key of result.json -> what it is.
ERROR_COLUMNS = {
    "test_error": "last step",
    "test_error_median20": "median of the last 20 evaluations",
    "test_error_at_best_validation": "at best validation",
    "test_error_raw": "raw weights, last step",
    "test_error_raw_at_best_validation": "raw weights, at their best validation",
}
_REQUIRED = {"method": str, "dataset": str, "seed": int, "split_seed": int, "labels": int,
             "steps": int, "test_error": float}  # fmt: skip
# Values that may be missing or null.
_OPTIONAL = {"split_sha256": str, "versions": dict, "searched": dict,
             "searched_at_best_validation": dict} | dict.fromkeys(
    ("epochs", "pool", "seconds", "cores", "validation_error", *ERROR_COLUMNS), (int, float)
)  # fmt: skip
# What a run learns from and is evaluated on; its other flags say how it learns.
_PROTOCOL = ("dataset", "label_split", "validation", "noise", "noise_rate", "clean_fraction",
             "image_size", "channels", "fit")  # fmt: skip
_NEITHER = ("method", "labels", "seed", "split_seed", "data_dir", "workdir", "devices",
            "precision", "epochs", "max_steps")  # fmt: skip
NOISE = ("noise", "noise_rate", "clean_fraction")
_EVALUATED = ("step", "epoch", "test_error")
_SKIPPED_FOLDERS = frozenset({"lock", "checkpoints", "tensorboard"})


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """A finished run.

    Attributes:
        folder: Its folder.
        flags: Contents of `config.json`.
        result: Contents of `result.json`.
    """

    folder: pathlib.Path
    flags: Mapping[str, Any]
    result: Mapping[str, Any]

    @property
    def method(self) -> str:
        """The name of its method."""
        return self.result["method"]

    @property
    def seeds(self) -> tuple[int, int]:
        """Its split seed, and the seed of everything else."""
        return self.result["split_seed"], self.result["seed"]

    @functools.cached_property
    def history(self) -> list[dict[str, Any]]:
        """Its evaluations on test images (`metrics_log.history`); empty if the file is damaged."""
        try:
            lines = metrics_log.history(self.folder / "metrics.jsonl")
        except (OSError, ValueError):
            return []
        return [line for line in lines if isinstance(line, dict) and _has_numbers(line)]

    @functools.cached_property
    def evaluation(self) -> dict[str, Any]:
        """What `tf_ssgan.evaluate` measured of its final weights; empty if nothing, or damaged."""
        try:
            evaluation = workdirs.read_evaluation(self.folder)
        except (errors.UserError, OSError):
            return {}
        final = isinstance(evaluation, dict) and evaluation.get("step") == self.result["steps"]
        return evaluation if final else {}

    @functools.cached_property
    def images(self) -> int | None:
        """Number of training images of the data set, held-out ones included; None if unknown."""
        if "pool" in self.result:
            return self.result["pool"]
        try:  # results of earlier versions lack it
            return json.loads((self.folder / "protocol.json").read_text())["pool"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @functools.cached_property
    def protocol(self) -> dict[str, Any]:
        """What runs must share before they are averaged, and methods before they are compared."""
        defaults = {f.name: f.default for f in config.run_fields()}
        protocol = {name: self.flags.get(name, defaults[name]) for name in _PROTOCOL}
        if protocol["noise"] == "none" or protocol["noise_rate"] == 0:
            protocol |= {"noise": "none", "noise_rate": 0.0}  # at rate 0 the kind does not matter
        # The result has their number if it is known; the flag may be -1, the usual share.
        held_out = self.result.get("validation_images", protocol["validation"])
        counts = {"images": self.images, "test_images": self.result.get("test_images")}
        return protocol | {"validation": held_out, "labels": self.result["labels"]} | counts

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """How it learned: its length, number format and every hyperparameter."""
        skipped = _PROTOCOL + _NEITHER
        flags = {name: value for name, value in self.flags.items() if name not in skipped}
        return {"steps": self.result["steps"], "precision": self.result.get("precision")} | flags


@dataclasses.dataclass(frozen=True)
class FinishedRuns:
    """The runs in some folders.

    Attributes:
        runs: The finished runs.
        left_out: (folder, reason) of runs that are not finished, are damaged or occur twice.
    """

    runs: tuple[FinishedRun, ...]
    left_out: tuple[tuple[pathlib.Path, str], ...]


def read_runs(paths: Sequence[pathlib.Path]) -> FinishedRuns:
    """Reads every run in some folders and in their subfolders.

    Args:
        paths: Folders of runs, or folders that contain folders of runs.

    Raises:
        UserError: One of them is not a folder, or none contains a run, finished or not.
    """
    runs: dict[tuple, FinishedRun] = {}
    left_out = []
    unreadable: list[tuple[pathlib.Path, str]] = []
    # A folder that is named twice or linked counts once.
    by_real_path: dict[pathlib.Path, pathlib.Path] = {}
    for workdir in (workdir for path in paths for workdir in _workdirs(path, unreadable)):
        by_real_path.setdefault(workdir.resolve(), workdir)
    workdirs = by_real_path.values()
    if not workdirs and not unreadable:
        raise errors.UserError(
            f"{', '.join(map(str, paths))}: there is no run (no folder with a config.json). Give "
            "the folders of runs, or a folder that contains them."
        )
    for workdir in workdirs:
        try:
            run = _read_run(workdir)
        except ValueError as error:
            left_out.append((workdir, str(error)))
            continue
        first = runs.setdefault(_identity(run), run)
        if first is not run:
            left_out.append((workdir, f"the same run as {first.folder}: same flags, same seeds"))
    return FinishedRuns(tuple(runs.values()), (*left_out, *unreadable))


def _workdirs(
    path: pathlib.Path, unreadable: list[tuple[pathlib.Path, str]]
) -> Iterator[pathlib.Path]:
    """The folders of runs in a folder, itself included, sorted by name; links are followed."""

    def note(error: OSError) -> None:
        unreadable.append((pathlib.Path(error.filename), f"cannot be read: {error.strerror}"))

    if not path.is_dir():
        raise errors.UserError(f"{path} is not a folder. Give the folders of runs.")
    visited = set()
    for root, folders, files in os.walk(path, onerror=note, followlinks=True):
        real = os.path.realpath(root)
        # A link may lead back to a folder above it.
        folders[:] = [] if real in visited else sorted(set(folders) - _SKIPPED_FOLDERS)
        visited.add(real)
        if {"config.json", "result.json", "metrics.jsonl"} & set(files):
            yield pathlib.Path(root)
            folders.clear()  # no run is inside the folder of another


def _read_run(workdir: pathlib.Path) -> FinishedRun:
    """Reads a run.

    Raises:
        ValueError: It cannot be used; the message says why.
    """
    try:
        flags, result = workdirs.read_flags(workdir), workdirs.read_result(workdir)
    except (errors.UserError, OSError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    if flags is None:
        raise ValueError("has no config.json: its flags are unknown")
    if not isinstance(flags, dict) or not isinstance(result, dict | None):
        raise ValueError("config.json or result.json is damaged: not a JSON object")
    if result is None:
        raise ValueError(f"is not finished: {_progress(workdir, flags)}")
    _check(flags, result)
    return FinishedRun(workdir, flags, result)


def _check(flags: dict[str, Any], result: dict[str, Any]) -> None:
    """Raises ValueError unless a result is complete and belongs to these flags."""
    for name, kind in _REQUIRED.items():
        value = result.get(name)
        if isinstance(value, bool) or not isinstance(
            value, (int, float) if kind is float else kind
        ):
            raise ValueError(f"result.json is damaged: no {name} in it")
        if kind is float and not math.isfinite(value):
            raise ValueError(f"{name} is {value}: nothing was learned")
    _check_kinds(flags, result)
    for name in ("method", "dataset", "seed"):
        if flags.get(name, result[name]) != result[name]:
            raise ValueError(f"config.json says {name}={flags[name]}, its result {result[name]}")
    lengths = {"steps": flags.get("max_steps"), "epochs": flags.get("epochs")}
    lengths = {name: end for name, end in lengths.items() if isinstance(end, int) and end > 0}
    reached = {name: result.get(name) for name in lengths}
    if lengths and all(v is not None and v < lengths[name] for name, v in reached.items()):
        length = " or ".join(f"{end:,} {name}" for name, end in lengths.items())
        raise ValueError(f"is being continued: {result['steps']:,} steps of {length}")


def _check_kinds(flags: dict[str, Any], result: dict[str, Any]) -> None:
    """Raises ValueError if a value that is read later has a type that no run writes."""
    for name, kind in _OPTIONAL.items():
        value = result.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
            raise ValueError(f"result.json is damaged: {name} is {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"result.json is damaged: {name} is {value}")
    for field in config.run_fields():
        kind = (int, float) if isinstance(field.default, float) else type(field.default)
        if not isinstance(flags.get(field.name, field.default), kind):
            raise ValueError(f"config.json is damaged: {field.name} is {flags[field.name]!r}")


def _has_numbers(line: dict[str, Any]) -> bool:
    """Whether a line of metrics.jsonl has the numbers of an evaluation."""
    values = [line.get(name) for name in _EVALUATED]
    return all(isinstance(v, (int, float)) and math.isfinite(v) for v in values)


def _progress(workdir: pathlib.Path, flags: dict[str, Any]) -> str:
    """How far an unfinished run is."""
    try:
        lines = metrics_log.history(workdir / "metrics.jsonl")
        step, epoch = int(lines[-1]["step"]), float(lines[-1]["epoch"])
    except (OSError, LookupError, TypeError, ValueError):
        return "no evaluation yet"
    if steps := flags.get("max_steps"):
        return f"{step:,} of {steps:,} steps"
    return f"{epoch:g} of {flags.get('epochs', '?')} epochs"


def _identity(run: FinishedRun) -> tuple:
    """Equal for copies of one run; runs with other labeled images are other runs."""
    texts = [json.dumps(part, sort_keys=True) for part in (run.protocol, run.settings)]
    return run.method, run.seeds, run.result.get("split_sha256"), *texts
