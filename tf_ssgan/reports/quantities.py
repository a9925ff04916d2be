"""The quantities of tables, read from the result and the evaluation of a run."""

from typing import Any

from tf_ssgan.reports.finished_runs import FinishedRun

SECOND_TEST_SET = "cifar10_1/v6"  # for the accuracy on it
# Number of a run -> what its search had found at the step of that number; else at the last step.
_SEARCHED = {
    "test_error_at_best_validation": "searched_at_best_validation",
    "test_error_raw_at_best_validation": "searched_raw_at_best_validation",
}


def run_quantity(run: FinishedRun, measure: str, number: str) -> float | None:
    """One quantity of a run.

    Args:
        run: The run.
        measure: A key of `papers.QUANTITIES`.
        number: Which of its numbers, if it has several: a key of `finished_runs.ERROR_COLUMNS`.

    Returns:
        The value in the measure's unit; None if the run has none.
    """
    result = run.result
    if measure in ("test_error", "accuracy"):
        error = result[number]
        return 100.0 - error if measure == "accuracy" and error is not None else error
    if measure == "tau":
        return result.get(_SEARCHED.get(number, "searched"), {}).get("tau")
    if measure == "accuracy_on_cifar10_1":
        return _accuracy_on(run, SECOND_TEST_SET)
    return _generator_quantity(run.evaluation, measure)


def score_fingerprint(run: FinishedRun, measure: str) -> Any:
    """What a score of a run depends on besides its images; None for measures that are no scores.

    Scores by different reference classifiers, or of other numbers of images, are never compared:
    runs with different values share no mean.
    """
    evaluation = run.evaluation
    if measure == "inception_score" and evaluation.get("generator_scores"):
        scores = evaluation["generator_scores"][0]
        return {name: scores[name] for name in ("fingerprint", "images", "seed")}
    if measure in ("cluster_distance", "cluster_stddev") and "clusters" in evaluation:
        return {name: evaluation["clusters"][name] for name in ("features", "seed")}
    return None


def _accuracy_on(run: FinishedRun, dataset: str) -> float | None:
    """Accuracy in percent on another data set; the latest evaluation counts."""
    for entry in reversed(run.evaluation.get("test_sets", ())):
        if entry["dataset"] == dataset:
            return 100.0 - entry["test_error"]
    return None


def _generator_quantity(evaluation: dict[str, Any], measure: str) -> float | None:
    """The score by the first reference network, or the distances to the class centers.

    The distances are those in the plane of the t-SNE, of generated images. Of a run without a
    generator they are those of real images, as in figure 8 of Dravid et al. (2022).
    """
    if measure == "inception_score":
        scores = (evaluation.get("generator_scores") or [{}])[0]
        return scores.get("inception_score", {}).get("mean")
    sets = evaluation.get("clusters", {}).get("sets", {})
    shown = sets.get("generated") or sets.get("real")
    name = {"cluster_distance": "mean", "cluster_stddev": "std"}[measure]
    return shown["tsne"][name] if shown else None
