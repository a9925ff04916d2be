"""The cross-validated error: the results of the runs of all folds, summed.

Each labeled image is tested once, by the run that has not learned it, so the sums are over all of
them. A fold is small, and its own error says little.
"""

import json
import pathlib
import statistics
from typing import Any

from tf_ssgan.common import errors, files
from tf_ssgan.common.plain_text import escape
from tf_ssgan.launch import cross_validation_contents
from tf_ssgan.training import pooled_results, run_folders
from tf_ssgan.training import summary as text
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
    of_folds = [result["test_error"] for result in results]
    values = {name: results[0][name] for name in _SAME} | pooled_results.pool(results)
    values |= {
        "runs": each,
        "mean_over_folds": statistics.mean(of_folds),
        "std_over_folds": statistics.stdev(of_folds),
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
    images, mean, std = (summary[k] for k in ("images", "mean_over_folds", "std_over_folds"))
    each = ", ".join(f"{run['test_error']:.1f}" for run in summary["runs"])
    final = run_folders.no_folds(summary["dataset"])
    lines = [
        f"\n{summary['method']} on {escape(summary['dataset'])}, {summary['folds']} folds: each "
        "labeled image tested once, by the run that has not learned it",
        text.HEADING,
        text.error_line("test_error", summary["test_error"], images, "all folds together"),
        *text.baseline_lines(summary, images),
        f"  The mean over the folds is {mean:.2f} %, the standard deviation {std:.2f}: {each}.",
        *text.verdict_lines(summary | {"test_images": images}),
        *text.recall_lines(summary.get("class_recall") or ()),
        f"Everything is in {folder}",
        f"Train the final classifier, {final}: {summary['final_command']}",
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
    own = {name: result[name] for name in ("fold", "labels", "steps", "test_error")}
    pooled = pooled_results.pool([result])
    return own | {name: pooled[name] for name in ("images", "wrong")}
