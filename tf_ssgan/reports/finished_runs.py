"""Finished runs as they lie in their folders, and those that cannot be counted, with the reason."""

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

# The four numbers of a run, and the raw weights' own best: key of result.json -> what it is.
ERROR_COLUMNS = {
    "test_error": "last step",
    "test_error_median20": "median of the last 20 evaluations",
    "test_error_at_best_validation": "at best validation",
    "test_error_raw": "raw weights, last step",
    "test_error_raw_at_best_validation": "raw weights, at their best validation",
}
_NEEDED = {"method": str, "dataset": str, "seed": int, "split_seed": int, "labels": int,
           "steps": int, "test_error": float}  # fmt: skip
# What may be missing or null, and is read where it is there.
_USUAL = {"split_sha256": str, "versions": dict, "judged": dict, "searched": dict,
          "searched_at_best_validation": dict} | dict.fromkeys(
    ("epochs", "pool", "seconds", "cores", "validation_error", *ERROR_COLUMNS), (int, float)
)  # fmt: skip
# What a run learns from and is asked about; the rest of its flags says how it learns.
_PROTOCOL = ("dataset", "label_split", "validation", "noise", "noise_rate", "clean_fraction",
             "image_size", "channels", "fit")  # fmt: skip
_ELSEWHERE = ("method", "labels", "seed", "split_seed", "data_dir", "workdir", "devices",
              "precision", "epochs", "max_steps")  # fmt: skip
NOISE = ("noise", "noise_rate", "clean_fraction")
_EVALUATED = ("step", "epoch", "test_error")
_UNNOTICED = frozenset({"lock", "checkpoints", "tensorboard"})


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """A run that has come to its end.

    Attributes:
        folder: Where it lies.
        flags: What `config.json` holds.
        result: What `result.json` holds.
    """

    folder: pathlib.Path
    flags: Mapping[str, Any]
    result: Mapping[str, Any]

    @property
    def method(self) -> str:
        """Name of its method."""
        return self.result["method"]

    @property
    def seeds(self) -> tuple[int, int]:
        """Split seed, and seed of everything else."""
        return self.result["split_seed"], self.result["seed"]

    @functools.cached_property
    def history(self) -> list[dict[str, Any]]:
        """Its evaluations on test images, see `journal.history`; none of a damaged file."""
        try:
            lines = metrics_log.history(self.folder / "metrics.jsonl")
        except (OSError, ValueError):
            return []
        return [line for line in lines if isinstance(line, dict) and _whole(line)]

    @functools.cached_property
    def images(self) -> int | None:
        """Training images that the data set has, held-out ones among them; None: unknown."""
        if "pool" in self.result:
            return self.result["pool"]
        try:  # results of earlier versions do not say it
            return json.loads((self.folder / "protocol.json").read_text())["pool"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @functools.cached_property
    def protocol(self) -> dict[str, Any]:
        """What runs must share for one number to be their mean, and methods to be compared."""
        defaults = {f.name: f.default for f in config.run_fields()}
        own = {name: self.flags.get(name, defaults[name]) for name in _PROTOCOL}
        if own["noise"] == "none" or own["noise_rate"] == 0:
            own |= {"noise": "none", "noise_rate": 0.0}  # whatever kind it is that there is none of
        # How many they came to, where the result says it: the flag may say "the usual share".
        own["validation"] = self.result.get("validation_images", own["validation"])
        counted = {"images": self.images, "test_images": self.result.get("test_images")}
        return own | {"labels": self.result["labels"]} | counted

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """How it learned: its length, number format and every knob."""
        skipped = _PROTOCOL + _ELSEWHERE
        own = {name: value for name, value in self.flags.items() if name not in skipped}
        return {"steps": self.result["steps"], "precision": self.result.get("precision")} | own


@dataclasses.dataclass(frozen=True)
class FinishedRuns:
    """What folders hold.

    Attributes:
        records: Runs that have come to their end.
        left_out: (folder, reason) of those that have not, or are damaged, or are there twice.
    """

    records: tuple[FinishedRun, ...]
    left_out: tuple[tuple[pathlib.Path, str], ...]


def read_runs(paths: Sequence[pathlib.Path]) -> FinishedRuns:
    """Reads every run in some folders, and in the folders in them.

    Args:
        paths: Folders of runs, or folders that hold such.

    Raises:
        UserError: One of them is no folder, or none holds anything of a run.
    """
    records: dict[tuple, FinishedRun] = {}
    left_out = []
    unreadable: list[tuple[pathlib.Path, str]] = []
    # A folder that is named twice, or linked, is one.
    named: dict[pathlib.Path, pathlib.Path] = {}
    for workdir in (found for path in paths for found in _workdirs(path, unreadable)):
        named.setdefault(workdir.resolve(), workdir)
    workdirs = named.values()
    if not workdirs and not unreadable:
        raise errors.UserError(
            f"{', '.join(map(str, paths))}: no run lies there (no folder with a config.json). Give "
            "the folders of runs, or one that holds them."
        )
    for workdir in workdirs:
        try:
            record = _record(workdir)
        except ValueError as error:
            left_out.append((workdir, str(error)))
            continue
        first = records.setdefault(_identity(record), record)
        if first is not record:
            left_out.append((workdir, f"the same run as {first.folder}: same flags, same seeds"))
    return FinishedRuns(tuple(records.values()), (*left_out, *unreadable))


def _workdirs(
    path: pathlib.Path, unreadable: list[tuple[pathlib.Path, str]]
) -> Iterator[pathlib.Path]:
    """The folders of runs in a folder, itself among them, by name; linked ones too."""

    def note(error: OSError) -> None:
        unreadable.append((pathlib.Path(error.filename), f"cannot be read: {error.strerror}"))

    if not path.is_dir():
        raise errors.UserError(f"{path} is no folder. Give the folders of runs.")
    seen = set()
    for root, folders, files in os.walk(path, onerror=note, followlinks=True):
        real = os.path.realpath(root)
        # A link may lead back to where it lies.
        folders[:] = [] if real in seen else sorted(set(folders) - _UNNOTICED)
        seen.add(real)
        if {"config.json", "result.json", "metrics.jsonl"} & set(files):
            yield pathlib.Path(root)
            folders.clear()  # no run lies in another's folder


def _record(workdir: pathlib.Path) -> FinishedRun:
    """Reads a run.

    Raises:
        ValueError: It cannot be counted; the message says why.
    """
    try:
        flags, result = workdirs.read_flags(workdir), workdirs.read_result(workdir)
    except (errors.UserError, OSError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    if flags is None:
        raise ValueError("holds no config.json: whose result is this?")
    if not isinstance(flags, dict) or not isinstance(result, dict | None):
        raise ValueError("config.json or result.json is damaged: not what a run writes")
    if result is None:
        raise ValueError(f"has not come to its end: {_reached(workdir, flags)}")
    _check(flags, result)
    return FinishedRun(workdir, flags, result)


def _check(flags: dict[str, Any], result: dict[str, Any]) -> None:
    """Raises ValueError unless a result is whole and that of these flags."""
    for name, kind in _NEEDED.items():
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
    asked = {name: end for name, end in lengths.items() if isinstance(end, int) and end > 0}
    reached = {name: result.get(name) for name in asked}
    if asked and all(v is not None and v < asked[name] for name, v in reached.items()):
        told = " or ".join(f"{end:,} {name}" for name, end in asked.items())
        raise ValueError(f"is being continued: {result['steps']:,} steps of {told}")


def _check_kinds(flags: dict[str, Any], result: dict[str, Any]) -> None:
    """Raises ValueError where a value that is read later is of no kind that a run writes."""
    for name, kind in _USUAL.items():
        value = result.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
            raise ValueError(f"result.json is damaged: {name} is {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"result.json is damaged: {name} is {value}")
    for field in config.run_fields():
        kind = (int, float) if isinstance(field.default, float) else type(field.default)
        if not isinstance(flags.get(field.name, field.default), kind):
            raise ValueError(f"config.json is damaged: {field.name} is {flags[field.name]!r}")


def _whole(line: dict[str, Any]) -> bool:
    """Whether a line of the curves has its numbers."""
    values = [line.get(name) for name in _EVALUATED]
    return all(isinstance(v, (int, float)) and math.isfinite(v) for v in values)


def _reached(workdir: pathlib.Path, flags: dict[str, Any]) -> str:
    """How far an unfinished run has come."""
    try:
        lines = metrics_log.history(workdir / "metrics.jsonl")
        step, epoch = int(lines[-1]["step"]), float(lines[-1]["epoch"])
    except (OSError, LookupError, TypeError, ValueError):
        return "no evaluation yet"
    if steps := flags.get("max_steps"):
        return f"{step:,} of {steps:,} steps"
    return f"{epoch:g} of {flags.get('epochs', '?')} epochs"


def _identity(record: FinishedRun) -> tuple:
    """What makes two folders one run; those that drew other images are another matter."""
    texts = [json.dumps(part, sort_keys=True) for part in (record.protocol, record.settings)]
    return record.method, record.seeds, record.result.get("split_sha256"), *texts
