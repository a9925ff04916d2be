"""What an evaluation writes to `evaluation.json`, and how it is printed. Free of TensorFlow."""

import pathlib
from typing import Any

from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.evaluation import error_lines
from tf_ssgan.training.workdir import Workdir

MIN_ACCURACY = 90.0  # percent; a reference classifier below it is warned of


def merged(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """Adds an evaluation to earlier ones of the same weights.

    Args:
        before: What `evaluation.json` holds, or None.
        now: What was measured.

    Returns:
        All of `now`, and of `before` what `now` does not replace: scores with other fingerprints,
        errors on other data sets or against other runs. Nothing of `before` if it is of other
        weights, because the run has gone on since.
    """
    if before is None or before.get("step") != now["step"]:
        return now
    fingerprints = [scores["fingerprint"] for scores in now["generator_scores"]]
    scores = [s for s in before["generator_scores"] if s["fingerprint"] not in fingerprints]
    replaced = [_test_set_key(entry) for entry in now["test_sets"]]
    test_sets = [e for e in before["test_sets"] if _test_set_key(e) not in replaced]
    return before | now | {
        "generator_scores": scores + now["generator_scores"],
        "test_sets": test_sets + now["test_sets"],
    }  # fmt: skip


def comparable(workdir: pathlib.Path, scores: dict[str, Any]) -> dict[str, Any] | None:
    """Finds the scores of another run that can be compared with some scores.

    Args:
        workdir: Folder of the other run.
        scores: Those by one reference network.

    Returns:
        Its scores with the same fingerprint, of as many images; None if it has none, or none of
        its final weights.
    """
    evaluation = Workdir(workdir).read_evaluation() or {}
    result = Workdir(workdir).read_result() or {}
    if evaluation.get("step") != result.get("steps"):
        return None
    for theirs in evaluation.get("generator_scores", ()):
        if all(theirs[name] == scores[name] for name in ("fingerprint", "images", "seed")):
            return theirs
    return None


def format_results(measured: dict[str, Any], against: pathlib.Path | None) -> str:
    """A summary to be printed.

    Args:
        measured: What was measured.
        against: Folder of the run that it was compared with.
    """
    lines = [line for s in measured["generator_scores"] for line in _score_lines(s, against)]
    if "clusters" in measured:
        lines += _cluster_lines(measured["clusters"])
    for entry in measured["test_sets"]:
        lines += error_lines.lines(entry)
    return "\n".join(lines)


def _test_set_key(entry: dict[str, Any]) -> tuple[str, str | None]:
    """The data set of an entry, and the run that it compares with."""
    return entry["dataset"], entry.get("against", {}).get("run")


def _score_lines(scores: dict[str, Any], against: pathlib.Path | None) -> list[str]:
    """A table: generated images, as many real ones, and another run's if comparable."""
    fingerprint, images = scores["fingerprint"], scores["images"]
    weights = f"weights {fingerprint['weights_sha256']}"
    lines = [f"\nreference network {fingerprint['network']}, {weights}{_description(fingerprint)}"]
    if fingerprint.get("test_accuracy", MIN_ACCURACY) < MIN_ACCURACY:
        lines.append(
            "  Its accuracy is low, so its scores mean little. Remove the kept classifier, and "
            "evaluate again with more --minutes."
        )
    columns = {"generated": scores, "real": scores["real"]}
    if against is not None:
        theirs = comparable(against, scores)
        if theirs:
            columns["against"] = theirs
        else:
            lines.append(
                f"  {against} has no scores by this network for as many images: nothing to "
                "compare. Evaluate it too: python -m tf_ssgan.evaluate "
                f"--run={shell_word(against)} --generator"
            )
    lines.append(" " * 22 + "".join(f"{name:>20}" for name in columns))
    for name in ("inception_score", "frechet_distance", "kernel_distance"):
        if name in scores:
            values = "".join(f"{_number(column[name]):>20}" for column in columns.values())
            lines.append(f"  {name:20}{values}")
    score, distance = images["inception_score"], images["distances"]
    lines += [
        f"  {images['generated']:,} images were generated. As many real ones stand beside those "
        "that are used:",
        f"  the Inception Score is of {score:,} generated and of {score:,} test images; the "
        f"distances are of {distance:,}",
        f"  generated and of {distance:,} training images to {images['test']:,} test images",
    ]
    return lines


def _description(fingerprint: dict[str, Any]) -> str:
    if "test_accuracy" not in fingerprint:
        return f", from {fingerprint['file']}; not the network of published distances"
    return (
        f": trained on {fingerprint['dataset']}, test accuracy {fingerprint['test_accuracy']:.1f} "
        f"%, temperature {fingerprint['temperature']:.3g}"
    )


def _cluster_lines(clusters: dict[str, Any]) -> list[str]:
    lines = [f"\ndistances to the class centers, by {clusters['features']}"]
    lines.append(" " * 22 + f"{'distance':>20}{'images':>10}")
    for name, metrics in clusters["sets"].items():
        lines.append(f"  {name:20}{_number(metrics['distance']):>20}{metrics['points']:>10,}")
    return lines


def _number(value: dict[str, float] | float) -> str:
    if isinstance(value, dict):
        return f"{value['mean']:.4g} ± {value['std']:.2g}"
    return f"{value:.4g}"
