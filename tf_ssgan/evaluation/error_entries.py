"""The errors of one or two classifiers on some images, as `evaluation.json` holds them.

See `training.evaluation_contents` for the fields.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from tf_ssgan.metrics import binomial, intervals, significance
from tf_ssgan.metrics.classification import Predictions
from tf_ssgan.training import error_context, verdicts


def errors_of(predictions: Predictions, own: Predictions | None = None) -> dict[str, Any]:
    """The error in percent, its standard error, and its 95 % interval.

    Args:
        predictions: At least one.
        own: Those for the run's own test images, if these are other ones: adds how much higher
            the error is than on them ("drop"), in points, with its interval.
    """
    wrong, count = _wrong(predictions)
    measured = {
        "test_error": predictions.error,
        "standard_error": 100 * binomial.standard_error(wrong / count, count),
        "interval": list(intervals.wilson(wrong, count)),
    }
    if own is not None and len(own.labels):
        measured["drop"] = predictions.error - own.error
        measured["drop_interval"] = list(intervals.difference((wrong, count), _wrong(own)))
        measured["own_images"] = len(own.labels)
    return measured


def against(
    run: str, first: Predictions, second: Predictions, own: Predictions | None = None
) -> dict[str, Any]:
    """The errors of a second run, and McNemar's test of the two.

    Args:
        run: Folder of the second run.
        first: Predictions of the first one.
        second: Those of the second one, for the same images.
        own: As in `errors_of`, those of the second one.
    """
    right = [one.predicted == one.labels for one in (first, second)]
    paired = dataclasses.asdict(significance.mcnemar(*right))
    return {"run": run} | errors_of(second, own) | paired


def by_class(predictions: Predictions, names: Sequence[str]) -> dict[str, Any]:
    """What guessing gives, and what became of the images of each class.

    Args:
        predictions: At least one.
        names: Names of the classes.

    Returns:
        "guessing", "guessing_p" (McNemar's test of the classifier and guessing), "class_recall" and
        "classes_without_test_images".
    """
    guessing = error_context.guessing(predictions.labels, tuple(names))
    classes = error_context.class_recall(predictions, tuple(names))
    counts = verdicts.against_guessing(classes, guessing["name"])
    return {
        "guessing": guessing,
        "guessing_p": significance.exact_p(*counts),
        "class_recall": classes,
        "classes_without_test_images": [one["name"] for one in classes if not one["images"]],
    }


def _wrong(predictions: Predictions) -> tuple[int, int]:
    """How many predictions are wrong, and how many there are."""
    return int((predictions.predicted != predictions.labels).sum()), len(predictions.labels)
