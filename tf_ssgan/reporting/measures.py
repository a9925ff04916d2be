"""The quantities of tables, read from what a run and the programs after it have left."""

import json
from typing import Any

from tf_ssgan.reporting.records import Record


def of(record: Record, measure: str, number: str) -> float | None:
    """One quantity of a run.

    Args:
        record: The run.
        measure: A name of `tables.MEASURES`.
        number: Which of its numbers, where it has several: a key of `records.NUMBERS`.

    Returns:
        The value in the measure's unit; None where the run has none.
    """
    result = record.result
    if measure in ("test_error", "accuracy"):
        error = result.get(number)
        return 100.0 - error if measure == "accuracy" and error is not None else error
    if measure == "tau":
        best = number.endswith("at_best_validation")
        return result.get("found_at_best_validation" if best else "found", {}).get("tau")
    if measure == "accuracy_on_cifar10_1":
        return _on_another_set(record, "cifar10_1/v6")
    return _judged(result.get("judged") or {}, measure)


def _on_another_set(record: Record, dataset: str) -> float | None:
    """Accuracy in percent that `tf_ssgan.evaluate` has found, of the weights of the last step."""
    path = record.folder / "evaluations.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    for line in reversed(lines):
        found = json.loads(line)
        if found["dataset"] == dataset and found["step"] == record.result["steps"]:
            return 100.0 - found["test_error"]
    return None


def _judged(judged: dict[str, Any], measure: str) -> float | None:
    """What `tf_ssgan.judge` has found of generated images: the first judge's score, or clusters.

    Distances to class centers are those in the plane of the t-SNE.
    """
    if measure == "inception_score":
        scores = (judged.get("scores") or [{}])[0]
        return scores.get("inception_score", {}).get("mean")
    generated = (judged.get("clusters") or {}).get("sets", {}).get("generated", {})
    name = {"cluster_distance": "mean", "cluster_deviation": "std"}[measure]
    return generated.get("tsne", {}).get(name)
