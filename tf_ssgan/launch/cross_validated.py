"""The cross-validated error: the results of the runs of all folds, summed.

Each labeled image is tested once, by the run that has not learned it, so the sums are over all of
them. A fold is small, and its own error says little.
"""

import json
import pathlib
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf_ssgan.common import errors, files
from tf_ssgan.launch import cross_validation_contents
from tf_ssgan.metrics import intervals, significance
from tf_ssgan.training import run_folders
from tf_ssgan.training.workdir import Workdir

_SAME = ("method", "dataset", "seed", "split_seed", "folds")  # in the results of all folds


def summarize(folder: pathlib.Path, folds: int) -> dict[str, Any]:
    """Sums the results of the folds, and writes them to `cross_validation.json`.

    Args:
        folder: The folder that holds the folders of the folds.
        folds: Their number.

    Returns:
        What the file holds, see `cross_validation_contents.CrossValidation`.

    Raises:
        UserError: A fold has no result, or one of other flags, or the file cannot be written.
    """
    runs = [Workdir(run_folders.of_fold(folder, fold)) for fold in range(folds)]
    results = [_read(run, fold, folds) for fold, run in enumerate(runs)]
    for run, result in zip(runs, results, strict=True):
        if other := [name for name in _SAME if result[name] != results[0][name]]:
            raise errors.UserError(
                f"{run} is of another cross-validation than {runs[0]}: its {other[0]} is "
                f"{result[other[0]]}, and {results[0][other[0]]}. Give another --workdir."
            )
    each = [_in_short(result) for result in results]
    values = {name: results[0][name] for name in _SAME} | _errors(each) | {"runs": each}
    values |= {
        "class_recall": _class_recall(results),
        "guessing": _guessing(runs),
        "linear": _linear(results),
        "final_command": run_folders.final_command(run_folders.of_fold(folder, 0)),
    }
    values = {name: value for name, value in values.items() if value is not None}
    summary = cross_validation_contents.CrossValidation(**values).model_dump(exclude_unset=True)
    try:
        files.replace(folder / run_folders.SUMMARY, json.dumps(summary, indent=1))
    except OSError as error:
        raise errors.UserError(
            f"{folder / run_folders.SUMMARY} cannot be written: {error.strerror}. Make room or fix "
            "the folder; the same command writes it."
        ) from error
    return summary


def format_summary(summary: dict[str, Any], folder: pathlib.Path) -> str:
    """The summary as a few lines of text.

    Args:
        summary: What `summarize` returned.
        folder: The folder that holds the folders of the folds.
    """
    each = ", ".join(f"{run['test_error']:.1f}" for run in summary["runs"])
    mean, std = summary["mean_over_folds"], summary["std_over_folds"]
    counted = intervals.describe(summary["wrong"], summary["images"])
    lines = [
        f"\n{summary['method']} on {summary['dataset']}, {summary['folds']} folds: each labeled "
        "image tested once, by the run that has not learned it",
        _line("test_error", summary["test_error"], counted),
        _line("mean over the folds", mean, f"standard deviation {std:.2f}; {each}"),
        *_baselines(summary),
        *_recall(summary.get("class_recall") or ()),
        f"Everything is in {folder}",
        f"Train the final classifier, {run_folders.no_folds(summary['dataset'])}: "
        f"{summary['final_command']}",
    ]
    return "\n".join(lines)


def _read(run: Workdir, fold: int, folds: int) -> dict[str, Any]:
    """The result of the run of a fold."""
    run.require_flags()
    result = run.read_result()
    if result is None:
        raise errors.UserError(f"{run} has no result yet. Finish the run first.")
    if (result.get("folds"), result.get("fold")) != (folds, fold):
        raise errors.UserError(
            f"{run} is not the run of fold {fold} of {folds}. Give another --workdir."
        )
    return result


def _in_short(result: dict[str, Any]) -> dict[str, Any]:
    """A fold's part of the summary."""
    images = result["test_images"]
    wrong = _count(result["test_error"], images)
    own = {name: result[name] for name in ("fold", "labels", "steps", "test_error")}
    return own | {"images": images, "wrong": wrong}


def _count(percent: float, images: int) -> int:
    """The number of images that a percentage of them is."""
    return round(percent / 100 * images)


def _errors(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The error over all images, and the mean and deviation of those of the folds."""
    images, wrong = (sum(run[name] for run in each) for name in ("images", "wrong"))
    of_folds = [run["test_error"] for run in each]
    return {
        "images": images,
        "wrong": wrong,
        "test_error": 100 * wrong / images,
        "test_error_interval": list(intervals.wilson(wrong, images)),
        "mean_over_folds": statistics.mean(of_folds),
        "std_over_folds": statistics.stdev(of_folds),
    }


def _class_recall(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """What became of the images of each class; None if a result does not say it."""
    if not all(result.get("class_recall") for result in results):
        return None
    sums: dict[str, dict[str, Any]] = {}
    for one in (one for result in results for one in result["class_recall"]):
        total = sums.setdefault(one["name"], {"name": one["name"]})
        for name in ("images", "right", "predicted"):
            total[name] = total.get(name, 0) + one[name]
    return list(sums.values())


def _guessing(runs: Sequence[Workdir]) -> dict[str, Any] | None:
    """The error of always naming the commonest class of all tested images."""
    records = [run.read_data_record() for run in runs]
    if None in records:  # someone removed a file
        return None
    classes = records[0].classes
    tested = np.concatenate([record.test.labels for record in records])
    counts = np.bincount(tested, minlength=len(classes))
    wrong = int(len(tested) - counts.max())
    return {
        "name": classes[int(counts.argmax())],
        "error": 100 * wrong / len(tested),
        "interval": list(intervals.wilson(wrong, len(tested))),
    }


def _linear(results: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The error of the linear classifiers of the folds; None if there is not one for each."""
    each = [result.get("linear") for result in results]
    if not all(each):
        return None
    images = sum(result["test_images"] for result in results)
    wrong = sum(
        _count(one["error"], result["test_images"])
        for one, result in zip(each, results, strict=True)
    )
    ours, theirs = (
        sum(one[name] for one in each) for name in ("only_run_right", "only_linear_right")
    )
    first = np.arange(ours + theirs) < ours  # images that only one of the two classifies correctly
    return {
        "model": " or ".join(dict.fromkeys(one["model"] for one in each)),
        "features": " or ".join(dict.fromkeys(one["features"] for one in each)),
        "error": 100 * wrong / images,
        "interval": list(intervals.wilson(wrong, images)),
        "only_run_right": ours,
        "only_linear_right": theirs,
        "p": significance.mcnemar(first, ~first).p,
    }


def _baselines(summary: dict[str, Any]) -> list[str]:
    """Lines on what guessing and a linear classifier give."""
    lines, images = [], summary["images"]
    if guessing := summary.get("guessing"):
        counted = intervals.describe(_count(guessing["error"], images), images)
        note = f"always {guessing['name']}: {counted}"
        lines.append(_line("guessing", guessing["error"], note))
    if linear := summary.get("linear"):
        counted = intervals.describe(_count(linear["error"], images), images)
        note = f"{linear['model']} of {linear['features']}: {counted}"
        lines.append(_line("linear", linear["error"], note))
        if linear["p"] >= 0.05:
            lines.append(f"  not told apart from the linear classifier (p = {linear['p']:.2g})")
        elif linear["only_linear_right"] > linear["only_run_right"]:
            lines.append(f"  worse than the linear classifier (p = {linear['p']:.2g})")
    return lines


def _recall(counts: Sequence[dict[str, Any]]) -> list[str]:
    """A line on each class."""
    return [
        f"  {'recall of ' + one['name']:<30}{one['right']:>6,} of {one['images']:,} images"
        f"{'' if one['predicted'] else ' (never predicted)'}"
        for one in counts
    ]


def _line(name: str, value: float, note: str) -> str:
    return f"  {name:<30}{value:6.2f} %   ({note})"
