"""Whether a run is better than guessing and than a linear classifier, in sentences.

Free of TensorFlow: the summary of a run and reports say the same. Each is "beats" only if McNemar's
exact test on the test images distinguishes the two.
"""

from collections.abc import Sequence
from typing import Any

from tf_ssgan.metrics import significance
from tf_ssgan.metrics.significance import SIGNIFICANT

_SMALLEST = 1e-4  # smaller ones are not told apart


def of_linear(result: dict[str, Any]) -> str:
    """Says whether a run beats the linear classifier of its labels; empty if that is not known.

    Args:
        result: The content of `result.json`; results of older runs have no linear classifier.
    """
    linear = result.get("linear")
    if not linear:
        return ""
    counts = linear["only_run_right"], linear["only_linear_right"]
    return _sentence(result, "the linear classifier", *counts, linear["p"])


def of_guessing(result: dict[str, Any]) -> str:
    """Says that a run does not beat guessing, or is not told apart from it; empty if it beats it.

    Args:
        result: As in `of_linear`.
    """
    guessing, classes = result.get("guessing"), result.get("class_recall")
    if not guessing or not classes:
        return ""
    counts = against_guessing(classes, guessing["name"])
    if counts is None:
        return ""
    only_run, only_guess = counts
    p = significance.exact_p(only_run, only_guess)
    if only_run > only_guess and p < SIGNIFICANT:
        return ""
    return _sentence(result, "guessing", only_run, only_guess, p)


def against_guessing(classes: Sequence[dict[str, Any]], name: str) -> tuple[int, int] | None:
    """Counts the images that only a run, and that only guessing one class, classifies correctly.

    Only the run recognizes images of other classes, and only guessing those of this class that the
    run takes for others.

    Args:
        classes: "class_recall" of the content of `result.json`.
        name: The class.

    Returns:
        The two counts; None if there is no such class.
    """
    own = next((one for one in classes if one["name"] == name), None)
    if own is None:
        return None
    return sum(one["right"] for one in classes) - own["right"], own["images"] - own["right"]


def _sentence(result: dict[str, Any], other: str, only_run: int, only_other: int, p: float) -> str:
    """The verdict on two classifiers, from the images that only one classifies correctly."""
    method, points = result["method"], 100.0 * (only_other - only_run) / result["test_images"]
    test = f"p = {p:.2g}" if p >= _SMALLEST else f"p < {_SMALLEST:g}"
    if only_run == only_other:
        return f"{method} does not beat {other}: both have the same error."
    if only_run < only_other:
        return f"{method} does not beat {other}: {points:.1f} points higher error, {test}."
    lower = f"{-points:.1f} points lower error, {test}"
    if p >= SIGNIFICANT:
        return f"{method} is not told apart from {other}: {lower}."
    return f"{method} beats {other}: {lower}."
