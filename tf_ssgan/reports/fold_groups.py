"""The folds of a cross-validation as one run: each labeled image is tested once, by one of them.

A fold has other training and test images than the next one, so its data have another fingerprint.
What the folds of a set share are the labeled images of all their parts together.
"""

import collections
import dataclasses
import functools
import hashlib
import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import fingerprint
from tf_ssgan.reports.common_data import LeftOut
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS, FinishedRun
from tf_ssgan.training import pooled_results
from tf_ssgan.training.workdir import Workdir


@dataclasses.dataclass(frozen=True)
class FoldedRun(FinishedRun):
    """The finished folds of one method and seed, as one run.

    Its `result` has what is pooled over all tested images, and what all folds share. Its folder is
    that of the first fold.

    Attributes:
        folds: The runs, by fold.
        labeled: Images that all folds together test, also if some are missing; 0 if not known.
    """

    folds: tuple[FinishedRun, ...]
    labeled: int

    @property
    def parts(self) -> tuple[FinishedRun, ...]:
        """The runs of its folds."""
        return self.folds

    @property
    def fold(self) -> None:
        """None: it has several, or one of several."""
        return

    @property
    def missing_folds(self) -> tuple[int, ...]:
        """The folds that are not finished."""
        present = {run.fold for run in self.folds}
        return tuple(k for k in range(self.fold_count) if k not in present)

    @functools.cached_property
    def history(self) -> list[dict[str, Any]]:
        """Test errors over all tested images, at the steps that all folds have."""
        curves = [{line["step"]: line for line in run.history} for run in self.folds]
        shared = sorted(set.intersection(*map(set, curves)))
        return [self._line(step, [curve[step] for curve in curves]) for step in shared]

    def _line(self, step: int, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        error = _weighted(self.folds, [line["test_error"] for line in lines])
        epoch = statistics.fmean(line["epoch"] for line in lines)
        return {"step": step, "epoch": epoch, "test_error": error}

    @property
    def evaluation(self) -> dict[str, Any]:
        """Nothing: what `tf_ssgan.evaluate` measures is of one fold."""
        return {}

    @functools.cached_property
    def protocol(self) -> dict[str, Any]:
        """As of a run; its data are the labeled images of all folds."""
        own = self.folds[0].protocol
        held_out = statistics.fmean(run.result["validation_images"] for run in self.folds)
        return own | {
            "validation": round(held_out),
            "labels": self.result["labels"],
            "images": self.images,
            "test_images": self.labeled or self.result["test_images"],
            "data": self.result["data_sha256"],
        }

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """As of a run; folds of as many epochs may differ in their steps."""
        return _settings(self.folds[0])


def pool(runs: Sequence[FinishedRun]) -> tuple[list[FinishedRun], list[LeftOut]]:
    """Puts the folds of each method and seed together.

    Args:
        runs: Runs of one data set, with and without folds.

    Returns:
        The runs without folds and the sets of folds, in the order of their first run; and the runs
        that are left out, because another one of the set has the same fold.
    """
    sets: dict[Any, list[FinishedRun]] = collections.defaultdict(list)
    shared: dict[Any, tuple[str, int]] = {}
    for number, run in enumerate(runs):
        key = number
        if run.fold_count:
            images = _labeled_images(run)
            key = _key(run, images)
            shared[key] = images
        sets[key].append(run)
    pooled, left_out = [], []
    for key, own in sets.items():
        if key not in shared:
            pooled += own
            continue
        by_fold: dict[int, FinishedRun] = {}
        for run in own:
            first = by_fold.setdefault(run.fold, run)
            if first is not run:
                left_out.append((run.folder, f"has the same fold, {run.fold}, as {first.folder}"))
        pooled.append(_fold_set([by_fold[k] for k in sorted(by_fold)], *shared[key]))
    return pooled, left_out


def describe_missing(run: FinishedRun) -> str:
    """What a run has, if folds are missing: "only folds 0, 2 of 5, 24 images"; else empty."""
    if not run.missing_folds:
        return ""
    present = [str(part.fold) for part in run.parts]
    folds = f"only fold{'s'[: len(present) - 1]} {', '.join(present)} of {run.fold_count}"
    images = run.result["test_images"]
    return f"{folds}, {images:,} image{'' if images == 1 else 's'}"


def _key(run: FinishedRun, images: tuple[str, int]) -> tuple:
    """Equal for the folds of one set."""
    of_fold = ("labels", "images", "test_images", "data", "validation")
    protocol = {k: v for k, v in run.protocol.items() if k not in of_fold}
    protocol |= {name: run.flags[name] for name in ("labels", "validation")}
    texts = [json.dumps(part, sort_keys=True) for part in (protocol, _settings(run))]
    return run.method, run.seeds, images, *texts


def _settings(run: FinishedRun) -> dict[str, Any]:
    """How a fold learned; its length in epochs if that is what was given."""
    settings = dict(run.settings)
    if not run.flags["max_steps"]:
        settings["steps"] = f"{run.flags['epochs']} epochs"
    return settings


def _labeled_images(run: FinishedRun) -> tuple[str, int]:
    """A fingerprint of the images that all folds of a set test together, and their number.

    Both are empty if the record of the data is missing or damaged.
    """
    try:
        record = Workdir(run.folder).read_data_record()
    except errors.UserError:
        record = None
    if record is None:
        return "", 0
    parts = record.train, record.test
    keys, labels = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("keys", "labels")
    )
    known = labels != fingerprint.UNLABELED
    union = fingerprint.PartRecord.of(keys[known], labels[known])
    digest = hashlib.sha256(json.dumps([record.shape, record.classes]).encode())
    digest.update(union.labels.astype("<i8").tobytes())
    digest.update(union.keys.astype("<u8").tobytes())
    return digest.hexdigest(), len(union.keys)


def _fold_set(folds: list[FinishedRun], data: str, labeled: int) -> FoldedRun:
    """Folds of one set as one run."""
    first, results = folds[0], [run.result for run in folds]
    common = {
        name: value
        for name, value in first.result.items()
        if all(name in result and result[name] == value for result in results)
    }
    split = _sha256([[run.fold, run.result["split_sha256"]] for run in folds])
    data = data or _sha256([result["data_sha256"] for result in results])
    numbers = _numbers(folds) | {"split_sha256": split, "data_sha256": data}
    return FoldedRun(first.folder, first.flags, common | numbers, tuple(folds), labeled)


def _sha256(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _numbers(folds: Sequence[FinishedRun]) -> dict[str, Any]:
    """The fields of a result over all folds."""
    results = [run.result for run in folds]

    def over(pick: Callable, name: str) -> Any:
        return pick([result[name] for result in results])

    names = [result["classes_without_test_images"] for result in results]
    pooled = pooled_results.pool(results)
    return {
        "labels": round(over(statistics.fmean, "labels")),
        "pool": max(result["pool"] + result["test_images"] for result in results),
        "validation_images": over(min, "validation_images"),
        "validation_error": _weighted(folds, [one["validation_error"] for one in results]),
        "test_images": pooled["images"],
        "classes_without_test_images": [n for n in names[0] if all(n in own for own in names)],
        "steps": over(max, "steps"),
        "epochs": over(statistics.fmean, "epochs"),
        "seconds": over(sum, "seconds"),
        **{name: _weighted(folds, [one[name] for one in results]) for name in ERROR_COLUMNS},
        "test_error_interval": pooled["test_error_interval"],
        "class_recall": pooled["class_recall"] or [],
        "guessing": pooled["guessing"] or {},
        "linear": pooled["linear"],
    }


def _weighted(folds: Sequence[FinishedRun], values: Sequence[float | None]) -> float | None:
    """Errors over the tested images of all folds, in percent; None if one is missing."""
    if None in values:
        return None
    images = [run.result["test_images"] for run in folds]
    return math.fsum(v * n for v, n in zip(values, images, strict=True)) / sum(images)
