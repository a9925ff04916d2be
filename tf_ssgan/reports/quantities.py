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
        entry = _entry_on(run, SECOND_TEST_SET)
        return 100.0 - entry["test_error"] if entry else None
    return _generator_quantity(run.evaluation, measure)


def score_fingerprint(run: FinishedRun, measure: str) -> Any:
    """What a score of a run depends on besides its images; None for measures that are no scores.

    Scores by different reference classifiers, or of other numbers of images, are never compared:
    runs with different values share no mean, and have no difference.
    """
    evaluation = run.evaluation
    if measure == "inception_score" and evaluation.get("generator_scores"):
        scores = evaluation["generator_scores"][0]
        return {name: scores[name] for name in ("fingerprint", "images", "seed")}
    if measure in ("cluster_distance", "cluster_stddev") and _cluster_distances(evaluation):
        clusters = evaluation["clusters"]
        points = _cluster_set(evaluation)["points"]  # classes of few images look tighter
        return {name: clusters[name] for name in ("features", "seed")} | {"points": points}
    return None


def images_measured(run: FinishedRun, measure: str) -> int:
    """The test images that an error or accuracy is a share of; 0 for quantities of other kinds."""
    if measure in ("test_error", "accuracy"):
        return run.result["test_images"]
    entry = _entry_on(run, SECOND_TEST_SET) if measure == "accuracy_on_cifar10_1" else None
    return entry["images"] if entry else 0


def _entry_on(run: FinishedRun, dataset: str) -> dict[str, Any] | None:
    """What was measured on another data set; the latest evaluation counts."""
    entries = reversed(run.evaluation.get("test_sets", ()))
    return next((entry for entry in entries if entry["dataset"] == dataset), None)


def _generator_quantity(evaluation: dict[str, Any], measure: str) -> float | None:
    """The score by the first reference network, or the distances to the class centers."""
    if measure == "inception_score":
        scores = (evaluation.get("generator_scores") or [{}])[0]
        return scores.get("inception_score", {}).get("mean")
    name = {"cluster_distance": "mean", "cluster_stddev": "std"}[measure]
    return _cluster_distances(evaluation).get(name)


def _cluster_distances(evaluation: dict[str, Any]) -> dict[str, float]:
    """The distances of generated images to the class centers; empty if there are none.

    Of a run without a generator they are those of real images, as in figure 8 of Dravid et al.
    (2022). Distances in a t-SNE and in principal components are not read: the former depend on what
    was evaluated beside the run, in older evaluations the latter do, too.
    """
    return _cluster_set(evaluation).get("distance", {})


def _cluster_set(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The distances and the number of the images that `_cluster_distances` are of."""
    sets = evaluation.get("clusters", {}).get("sets", {})
    return sets.get("generated") or sets.get("real") or {}
