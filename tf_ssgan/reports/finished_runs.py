"""Finished runs, read from their folders, and why other folders are left out."""

import dataclasses
import functools
import json
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.training.run_paths import RUN_MARKS
from tf_ssgan.training.workdir import Workdir

# The errors of a run: key of result.json -> what it is.
ERROR_COLUMNS = {
    "test_error": "last step",
    "test_error_median20": "median of the last 20 evaluations",
    "test_error_at_best_validation": "at best validation",
    "test_error_raw": "raw weights, last step",
    "test_error_raw_at_best_validation": "raw weights, at their best validation",
}
# What a run learns from and is evaluated on; its other flags say how it learns.
_PROTOCOL = ("dataset", "label_split", "validation", "group_by", "folds", "noise",
             "noise_rate", "clean_fraction", "image_size", "channels", "fit")  # fmt: skip
_NEITHER = ("method", "labels", "seed", "split_seed", "fold", "data_dir", "workdir", "devices",
            "precision", "epochs", "max_steps")  # fmt: skip
NOISE = ("noise", "noise_rate", "clean_fraction", "checked")
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

    @property
    def fold_count(self) -> int:
        """The folds of its cross-validation; 0 if it is no fold."""
        return self.result.get("folds") or 0

    @property
    def fold(self) -> int | None:
        """Which of the folds it tests; None if it is no fold, or several."""
        return self.result.get("fold") if self.fold_count else None

    @property
    def parts(self) -> tuple["FinishedRun", ...]:
        """The runs in folders: itself, or those of its folds."""
        return (self,)

    @property
    def missing_folds(self) -> tuple[int, ...]:
        """The folds without which it is not whole; `fold_groups` knows them."""
        return ()

    @property
    def tuned_by_held_out(self) -> bool:
        """Whether held-out labels tuned it: then its validation error is not of unseen images.

        Older results do not say it; the only option of then that did so is known.
        """
        saved = self.result.get("tuned_by_held_out")
        return self.flags.get("tau_search") == "validation" if saved is None else saved

    @property
    def history(self) -> list[dict[str, Any]]:
        """The undamaged lines of its metrics; empty if the file cannot be read."""
        return self._metrics[0]

    @property
    def evaluation(self) -> dict[str, Any]:
        """What `tf_ssgan.evaluate` measured of its final weights; empty if nothing, or damaged."""
        evaluation, _ = self._evaluation
        return evaluation if evaluation.get("step") == self.result["steps"] else {}

    @property
    def damage(self) -> list[str]:
        """Sentences on damaged files without which the run can still be reported on."""
        return [sentence for _, sentence in (self._metrics, self._evaluation) if sentence]

    @functools.cached_property
    def _metrics(self) -> tuple[list[dict[str, Any]], str]:
        """The undamaged lines of its metrics, and a sentence on the damage, or ""."""
        path, steps = Workdir(self.folder).metrics_file, self.result["steps"]
        try:
            found = Workdir(self.folder).read_metrics()
        except errors.UserError as error:
            return [], str(error)
        damage = found.describe_damage(path)
        later = [line["step"] for line in found.lines if line["step"] > steps]
        if later:
            damage = damage or f"Skipped step {later[0]:,} of {path}: the run has {steps:,} steps."
            found = dataclasses.replace(found, lines=found.lines[: -len(later)])
        last = found.lines[-1]["step"] if found.lines else 0
        if not damage and path.exists() and last < steps:
            damage = f"{path} ends at step {last:,} of {steps:,}: its curves are cut short."
        return found.lines, damage

    @functools.cached_property
    def _evaluation(self) -> tuple[dict[str, Any], str]:
        """Its evaluation, of whatever weights, and a sentence on the damage, or ""."""
        try:
            return Workdir(self.folder).read_evaluation() or {}, ""
        except errors.UserError as error:
            return {}, str(error)

    @property
    def images(self) -> int:
        """Number of training images of the data set, held-out ones included."""
        return self.result["pool"]

    @functools.cached_property
    def protocol(self) -> dict[str, Any]:
        """What runs must share before they are averaged, and methods before they are compared."""
        protocol = {name: self.flags[name] for name in _PROTOCOL}
        if protocol["noise"] == "none" or protocol["noise_rate"] == 0:
            protocol |= {"noise": "none", "noise_rate": 0.0}  # at rate 0 the kind does not matter
        counts = {
            "validation": self.result["validation_images"],  # the flag may be -1, the usual share
            "labels": self.result["labels"],
            "images": self.images,
            "test_images": self.result["test_images"],
            "data": self.result["data_sha256"],
        }
        # How many are checked may differ between splits of the same data.
        counts["checked"] = bool(self.result.get("checked_labels"))
        return protocol | counts

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """How it learned: its length, number format and every hyperparameter."""
        skipped = _PROTOCOL + _NEITHER
        flags = {name: value for name, value in self.flags.items() if name not in skipped}
        return {"steps": self.result["steps"], "precision": self.result["precision"]} | flags


@dataclasses.dataclass(frozen=True)
class FinishedRuns:
    """The runs in some folders.

    Attributes:
        runs: The finished runs.
        left_out: (folder, reason) of runs that are not finished, are damaged or occur twice.
    """

    runs: tuple[FinishedRun, ...]
    left_out: tuple[tuple[pathlib.Path, str], ...]

    @property
    def damage(self) -> list[str]:
        """Sentences on damaged files of the runs that are reported on."""
        return [sentence for run in self.runs for sentence in run.damage]

    def without(self, reasons: Mapping[pathlib.Path, str]) -> "FinishedRuns":
        """The same without some of the finished runs.

        Args:
            reasons: Folder -> why its run is left out, if it is a finished one.
        """
        kept = tuple(run for run in self.runs if run.folder not in reasons)
        went = [(run.folder, reasons[run.folder]) for run in self.runs if run.folder in reasons]
        return FinishedRuns(kept, (*self.left_out, *went))


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
            run = _read_run(Workdir(workdir))
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

    if not os.path.isdir(path):
        raise errors.UserError(f"{path} is not a folder. Give the folders of runs.")
    visited = set()
    for root, folders, files in os.walk(path, onerror=note, followlinks=True):
        real = os.path.realpath(root)
        # A link may lead back to a folder above it.
        folders[:] = [] if real in visited else sorted(set(folders) - _SKIPPED_FOLDERS)
        visited.add(real)
        if set(RUN_MARKS) & set(files):
            yield pathlib.Path(root)
            folders.clear()  # no run is inside the folder of another


def _read_run(workdir: Workdir) -> FinishedRun:
    """Reads a run.

    Raises:
        ValueError: It cannot be used; the message says why.
    """
    try:
        flags, result = workdir.read_flags(), workdir.read_result()
    except errors.UserError as error:
        raise ValueError(str(error)) from None
    if flags is None:
        raise ValueError(f"has no {workdir.config_file.name}: its flags are unknown")
    if result is None:
        raise ValueError(f"is not finished: {_progress(workdir, flags)}")
    _refuse_continued(flags, result)
    return FinishedRun(workdir.path, flags, result)


def _refuse_continued(flags: dict[str, Any], result: dict[str, Any]) -> None:
    """Raises ValueError if a result is that of a shorter run which is being continued."""
    lengths = {"steps": flags["max_steps"], "epochs": flags["epochs"]}
    lengths = {name: end for name, end in lengths.items() if end > 0}
    if lengths and all(result[name] < end for name, end in lengths.items()):
        length = " or ".join(f"{end:,} {name}" for name, end in lengths.items())
        raise ValueError(f"is being continued: {result['steps']:,} steps of {length}")


def _progress(workdir: Workdir, flags: dict[str, Any]) -> str:
    """How far an unfinished run is."""
    line = workdir.last_line()
    if line is None:
        return "no evaluation yet"
    if steps := flags["max_steps"]:
        return f"{line['step']:,} of {steps:,} steps"
    return f"{line['epoch']:g} of {flags['epochs']} epochs"


def _identity(run: FinishedRun) -> tuple:
    """Equal for copies of one run; runs with other labeled images are other runs."""
    texts = [json.dumps(part, sort_keys=True) for part in (run.protocol, run.settings)]
    fold = run.flags["fold"]  # -1 for runs that are not of a fold
    return run.method, run.seeds, fold, run.result["split_sha256"], *texts
