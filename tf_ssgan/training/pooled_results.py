"""The results of the folds of a cross-validation as one: each image is tested once, by one run."""

from collections.abc import Mapping, Sequence
from typing import Any

from tf_ssgan.metrics import intervals, significance

_COUNTS = ("images", "right", "predicted")


def pool(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums the results of folds over all tested images.

    Args:
        results: The content of `result.json` of each fold, one or more.

    Returns:
        "images" and "wrong", their numbers; "test_error" in percent and "test_error_interval"; and
        "class_recall", "guessing" and "linear" as in a result, or None if a result lacks them.
        Guessing answers the commonest class of all tested images, not that of each fold.
    """
    images = sum(result["test_images"] for result in results)
    wrong = sum(_count(result["test_error"], result) for result in results)
    classes = _class_recall(results)
    own = _error(wrong, images)
    return {
        "images": images,
        "wrong": wrong,
        "test_error": own["error"],
        "test_error_interval": own["interval"],
        "class_recall": classes,
        "guessing": _guessing(classes) if classes else None,
        "linear": _linear(results, images),
    }


def _class_recall(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """What became of the images of each class; None if a result does not say it."""
    if not all(result.get("class_recall") for result in results):
        return None
    totals: dict[str, dict[str, int]] = {}
    for result in results:
        for own in result["class_recall"]:
            total = totals.setdefault(own["name"], dict.fromkeys(_COUNTS, 0))
            for name in _COUNTS:
                total[name] += own[name]
    return [{"name": name, **total} for name, total in totals.items()]


def _guessing(classes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The error of always naming the commonest class."""
    commonest = max(classes, key=lambda own: own["images"])
    images = sum(own["images"] for own in classes)
    return {"name": commonest["name"], **_error(images - commonest["images"], images)}


def _linear(results: Sequence[Mapping[str, Any]], images: int) -> dict[str, Any] | None:
    """The error of the linear classifiers of the folds; None if there is not one for each."""
    each = [result.get("linear") for result in results]
    if not all(each):
        return None
    pairs = zip(each, results, strict=True)
    wrong = sum(_count(one["error"], result) for one, result in pairs)
    kinds = {
        name: " or ".join(dict.fromkeys(one[name] for one in each))
        for name in ("model", "features")
    }
    counts = {
        name: sum(one[name] for one in each) for name in ("only_run_right", "only_linear_right")
    }
    return kinds | _error(wrong, images) | counts | {"p": significance.exact_p(*counts.values())}


def _count(percent: float, result: Mapping[str, Any]) -> int:
    """The number of images that a percentage of the tested ones is."""
    return round(percent / 100 * result["test_images"])


def _error(wrong: int, images: int) -> dict[str, Any]:
    return {"error": 100 * wrong / images, "interval": list(intervals.wilson(wrong, images))}
