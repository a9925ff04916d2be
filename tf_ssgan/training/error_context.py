"""What stands beside the errors of a run: intervals, guessing, a linear classifier, recall."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tf_ssgan.metrics import classification, intervals, linear_baseline, significance
from tf_ssgan.training import build


def describe(
    run: build.Run,
    test: classification.Predictions,
    last: dict[str, Any],
    pause: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Fields of `result.json` that say what the errors of a run are worth.

    Args:
        run: The run.
        test: Predictions of the exported weights for the test images, at least one.
        last: The last line of its metrics.
        pause: Called between batches; may raise to interrupt.
    """
    validation, held_out = last.get("validation_error"), len(run.protocol.validation_ids)
    known = validation is not None and held_out
    return {
        "test_error_interval": list(intervals.of_error(last["test_error"], len(test.labels))),
        "validation_error_interval": (
            list(intervals.of_error(validation, held_out)) if known else None
        ),
        "class_recall": class_recall(test, run.info.classes, run.protocol.labels),
        "guessing": guessing(test.labels, run.info.classes),
        "linear": linear(run, test, run.arrays.test_images, pause),
    }


def class_recall(
    test: classification.Predictions, names: tuple[str, ...], labels: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """For each class its test images, those recognized, all that are taken for it, and its labels.

    Args:
        test: Predictions, at least one.
        names: Names of the classes.
        labels: int [labeled], those that the run learned from, if they are to be counted.
    """
    keys, columns = ("images", "right", "predicted", "labels"), [*test.class_counts]
    if labels is not None:
        columns.append(np.bincount(labels, minlength=len(names)))
    counts = np.stack(columns, axis=1).tolist()
    return [
        {"name": name, **dict(zip(keys, row, strict=False))}
        for name, row in zip(names, counts, strict=True)
    ]


def guessing(labels: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """The error of always answering the commonest class of images; the first of several.

    Args:
        labels: int [n], the classes of the images, n at least 1.
        names: Names of all classes.
    """
    counts = np.bincount(labels)
    commonest, images = int(counts.argmax()), len(labels)
    wrong = images - int(counts[commonest])
    return {"name": names[commonest], **_error(wrong, images)}


def linear(
    run: build.Run,
    test: classification.Predictions,
    images: np.ndarray,
    pause: Callable[[], None] = lambda: None,
) -> dict[str, Any] | None:
    """The error of a linear classifier of the same labels, and McNemar's test; None without labels.

    It learns in the order of the images' contents, so that names of files do not matter.

    Args:
        run: The run.
        test: Predictions of the exported weights for some images.
        images: uint8 [n, h, w, c], these images.
        pause: Called between batches; may raise to interrupt.
    """
    answers = linear_baseline.learn_and_answer(
        run.arrays.train_images, run.protocol.labeled_ids, run.protocol.labels,
        images, pause,
    )  # fmt: skip
    if answers is None:
        return None
    right = answers.predicted == test.labels
    paired = significance.mcnemar(test.predicted == test.labels, right)
    known = {field: getattr(answers, field) for field in ("model", "features")}
    counts = {"only_run_right": paired.only_first, "only_linear_right": paired.only_second}
    return known | _error(int((~right).sum()), len(right)) | counts | {"p": paired.p}


def _error(wrong: int, images: int) -> dict[str, Any]:
    """An error in percent, and its interval."""
    return {"error": 100.0 * wrong / images, "interval": list(intervals.wilson(wrong, images))}
