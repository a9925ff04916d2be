"""The quantities of tables, read from what a run and the programs after it have left."""

import contextlib
import math
from typing import Any

from tf_ssgan.reports.finished_runs import FinishedRun
from tf_ssgan.training import metrics_log

OTHER_SET = "cifar10_1/v6"  # a second test set, of which one quantity is


def of(record: FinishedRun, measure: str, number: str) -> float | None:
    """One quantity of a run.

    Args:
        record: The run.
        measure: A name of `tables.MEASURES`.
        number: Which of its numbers, where it has several: a key of `records.NUMBERS`.

    Returns:
        The value in the measure's unit; None where the run has none, or a damaged one.
    """
    value = _found(record, measure, number)
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _found(record: FinishedRun, measure: str, number: str) -> Any:
    """What is there, which may be no number."""
    result = record.result
    if measure in ("test_error", "accuracy"):
        error = result.get(number)
        return 100.0 - error if measure == "accuracy" and error is not None else error
    if measure == "tau":
        best = number.endswith("at_best_validation")
        return (result.get("searched_at_best_validation" if best else "searched") or {}).get("tau")
    if measure == "accuracy_on_cifar10_1":
        return _on_another_set(record, OTHER_SET)
    with contextlib.suppress(AttributeError, LookupError, TypeError):  # of a damaged judgment
        return _judged(result.get("judged") or {}, measure)
    return None


def judge(record: FinishedRun, measure: str) -> Any:
    """By whom, and by how many images, a run was judged; None of what nobody judges.

    Scores of different judges are never compared: runs whose answers differ share no mean.
    """
    judged = record.result.get("judged") or {}
    with contextlib.suppress(AttributeError, LookupError, TypeError):
        if measure == "inception_score":
            return {name: judged["scores"][0][name] for name in ("stamp", "images", "seed")}
        if measure in ("cluster_distance", "cluster_deviation"):
            return {name: judged["clusters"][name] for name in ("features", "seed")}
    return None


def _on_another_set(record: FinishedRun, dataset: str) -> float | None:
    """Accuracy in percent that `tf_ssgan.evaluate` has found, of the weights of the last step."""
    try:
        lines = metrics_log.history(record.folder / "evaluations.jsonl")
    except (OSError, ValueError):  # no text
        return None
    for found in reversed(lines):
        with contextlib.suppress(AttributeError, KeyError, TypeError):  # of a damaged line
            if (found["dataset"], found["step"]) == (dataset, record.result["steps"]):
                return 100.0 - found["test_error"]
    return None


def _judged(judged: dict[str, Any], measure: str) -> float | None:
    """What `tf_ssgan.judge` has found of generated images: the first judge's score, or clusters.

    Distances to class centers are those in the plane of the t-SNE; of real images where a
    classifier draws none, as the poster of Dravid et al. (2022) has them in figure 8.
    """
    if measure == "inception_score":
        scores = (judged.get("scores") or [{}])[0]
        return scores.get("inception_score", {}).get("mean")
    sets = (judged.get("clusters") or {}).get("sets", {})
    shown = sets.get("generated") or sets.get("real", {})
    name = {"cluster_distance": "mean", "cluster_deviation": "std"}[measure]
    return shown.get("tsne", {}).get(name)
