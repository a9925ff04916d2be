"""How often classifiers are right, and which of two is better on the same images."""

from typing import Any

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets
from tf_ssgan.evaluation import error_entries, judging_sets, near_copies
from tf_ssgan.evaluation.judging_sets import JudgingSet
from tf_ssgan.metrics.classification import Predictions
from tf_ssgan.training import build, error_context, results

NAMED = 20  # images of other labels that evaluation.json names


def compare(
    runs: list[build.Run], source: datasets.DataSource | None = None, required: bool = True
) -> list[dict[str, Any]]:
    """Evaluates classifiers on their test images, and on those of another data set.

    Images that one of the runs has learned from or holds out are left out of everything.

    Args:
        runs: A run, and perhaps one that it is compared with, which learned the same classes from
            images of the same shape.
        source: Another data set.
        required: Whether nothing else is evaluated.

    Returns:
        For each set of images, for `json.dump`: how many judge, how many are left out, what
        `error_entries` measures of the exported classifier, and under "against" the same of the
        other run and McNemar's test, unless that run had other test images. On the other data set
        also how much higher the errors are than on the run's own test images ("drop"), and what
        `_quality` returns. If the data of a run changed or are gone, the other data set alone
        measures it, and why is printed; two runs are compared with their data only.

    Raises:
        UserError: The data set has other images or classes than the run; or without another one,
            or of two runs, the own data changed or are gone; or the runs know all of the images.
    """
    if source and is_own(source, runs[0]):
        alike = all(judging_sets.form(run) == judging_sets.form(runs[0]) for run in runs)
        judged = runs if alike else runs[:1]
        own = judging_sets.own_test_set(judged)
        predictions = [own.predict(run, index) for index, run in enumerate(judged)]
        return [_entry(judged, own, predictions) | _quality(runs[0], own, predictions[0])]
    judged = judging_sets.load(source, runs) if source else None
    needed = len(runs) > 1 or (judged is None and required)
    own, before = _own_entry(runs, needed)
    if judged is None:
        return own
    predictions = [judged.predict(run, index) for index, run in enumerate(runs)]
    entry = _entry(runs, judged, predictions, () if judged.is_own_test_set else before)
    entry |= _near_copies(runs, judged)
    return [*own, entry | _quality(runs[0], judged, predictions[0])]


def _own_entry(
    runs: list[build.Run], needed: bool
) -> tuple[list[dict[str, Any]], list[Predictions]]:
    """The entry of the first run's own test images, and the predictions of each run for its own.

    Nothing of both if the images are not there, or known to the runs, unless they are needed.
    """
    try:
        shared = len(runs) == 1 or same_test_images(*runs)
        own = [judging_sets.own_test_set(runs if shared else [run]) for run in runs]
    except errors.UserError as error:
        if needed:
            raise
        print(f"The run's own test images are left out: {error}", flush=True)
        return [], []
    predictions = [
        judging_set.predict(run, index if shared else 0)
        for index, (judging_set, run) in enumerate(zip(own, runs, strict=True))
    ]
    judged = runs if shared else runs[:1]
    return [_entry(judged, own[0], predictions[: len(judged)])], predictions


def is_own(source: datasets.DataSource, run: build.Run) -> bool:
    """Whether a data set is that of the run, which is judged by its own test images."""
    own = run.config.find_source()
    return source.name == own.name or (source.place is not None and source.place == own.place)


def same_test_images(one: build.Run, two: build.Run) -> bool:
    """Whether two runs have the same test images, in the same order."""
    mine, theirs = one.arrays, two.arrays
    return np.array_equal(mine.test_labels, theirs.test_labels) and np.array_equal(
        content_hash.keys(mine.test_images), content_hash.keys(theirs.test_images)
    )


def _entry(
    runs: list[build.Run],
    judging_set: JudgingSet,
    predictions: list[Predictions],
    own: list[Predictions] | tuple[()] = (),
) -> dict[str, Any]:
    """What one set of images says of the runs.

    Args:
        runs: The runs.
        judging_set: The images.
        predictions: That of each run for them.
        own: Those of each run for its own test images, if these are other ones; or empty.
    """
    first, *others = predictions
    before = [*own, None, None]
    entry = {"dataset": judging_set.name, "images": len(first.labels)} | _judged_by(judging_set)
    entry |= error_entries.by_class(first, runs[0].info.classes)
    entry |= error_entries.errors_of(first, before[0])
    entry |= _linear(runs[0], judging_set, first)
    for second in others:
        name = str(runs[1].workdir)
        entry["against"] = error_entries.against(name, first, second, before[1])
    return entry


def _judged_by(judging_set: JudgingSet) -> dict[str, Any]:
    """Which images of a data set judge, and which are left out."""
    judged, found = judging_set.judged, judging_set.found
    what = {"part": judged.part, "not_used": judged.not_used, "own": judging_set.own}
    if found.unknown:
        return what | {"not_checked": found.unknown}
    relabeled = [
        {"image": judging_set.image_name(index), "learned": learned, "here": here}
        for index, learned, here in found.relabeled[:NAMED]
    ]
    counts = found.counts() | {"relabeled": len(found.relabeled)}
    return what | {"own_test_images": found.test, "left_out": counts, "relabeled": relabeled}


def _near_copies(runs: list[build.Run], judging_set: JudgingSet) -> dict[str, Any]:
    """The images that nearly equal a training image of a run; nothing if nobody can tell."""
    pairs: dict[int, str] = {}
    for run, images in zip(runs, judging_set.images, strict=True):
        found = near_copies.find(run, images, judging_set.found.new)
        if found is None:
            return {}
        pairs = found | pairs
    named = [
        {"image": judging_set.image_name(index), "training_image": pairs[index]}
        for index in sorted(pairs)[:NAMED]
    ]
    return {"near_copies": {"count": len(pairs), "pairs": named}}


def _linear(run: build.Run, judging_set: JudgingSet, predictions: Predictions) -> dict[str, Any]:
    """What a linear classifier of the run's labels makes of the images; empty if nobody can tell.

    It learns from the run's training images, which may have changed or be gone.
    """
    try:
        _ = run.arrays
    except errors.UserError:
        return {}
    images = judging_set.images[0][judging_set.found.new]
    return {"linear": error_context.linear(run, predictions, images)}


def _quality(
    run: build.Run, judging_set: JudgingSet, predictions: Predictions
) -> dict[str, float | None]:
    """The error of the raw weights in percent, and the quality metrics of the exported ones."""
    raw = judging_set.predict(run, raw=True)
    metrics = results.quality_metrics(predictions, results.saved_calibration(run))
    errors_raw = error_entries.errors_of(raw)
    return {
        "test_error_raw": errors_raw["test_error"],
        "test_error_raw_interval": errors_raw["interval"],
    } | metrics
