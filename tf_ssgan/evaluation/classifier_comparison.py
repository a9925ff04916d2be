"""How often classifiers are right, and which of two is better on the same images."""

import dataclasses
from typing import Any

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, datasets, judging
from tf_ssgan.evaluation import reference_network
from tf_ssgan.metrics import binomial, classification, significance
from tf_ssgan.nn import inference
from tf_ssgan.training import build, results


def compare(
    runs: list[build.Run], source: datasets.DataSource | None = None
) -> list[dict[str, Any]]:
    """Evaluates classifiers on their test images, and on those of another data set.

    Args:
        runs: A run, and perhaps one that it is compared with, which learned the same classes from
            images of the same shape.
        source: Another data set.

    Returns:
        For each set of test images, for `json.dump`: how many there are, the error of the exported
        classifier in percent with its binomial standard error, and under "against" the same of the
        other run and McNemar's test, unless that run had other test images. On the other data set
        also how much higher the errors are than on the run's own test images ("drop"), and what
        `_quality` returns. If the data of a run changed or are gone, the other data set alone
        measures it, and why is printed; two runs are compared with their data only.

    Raises:
        UserError: The data set has other images or classes than the run; or without another one,
            or of two runs, the own data changed or are gone.
    """
    run = runs[0]
    judged = load(source, run) if source and not is_own(source, run) else None
    own = _own_predictions(runs, required=judged is None or len(runs) > 1)
    paired = bool(own) and (len(runs) == 1 or same_test_images(*runs))
    entries = [_entry(run.config.dataset, runs, own if paired else own[:1])] if own else []
    if source and judged is None:
        others = [_predict(other, *_test_set(run)) for other in runs[1:]]
        entry = _entry(run.config.dataset, runs, [own[0], *others], own)
        return [entry | _quality(run, *_test_set(run), own[0])]
    if judged is None:
        return entries
    predictions = [_predict(other, judged.images, judged.labels) for other in runs]
    entry = _entry(source.name, runs, predictions, own) | _judged_by(judged, run)
    return [*entries, entry | _quality(run, judged.images, judged.labels, predictions[0])]


def _own_predictions(runs: list[build.Run], required: bool) -> list[classification.Predictions]:
    """Predictions for the test images of each run; none if they are not there and not required."""
    try:
        return [_predict(other, *_test_set(other)) for other in runs]
    except errors.UserError as error:
        if required:
            raise
        print(f"The run's own test images are left out: {error}", flush=True)
        return []


def is_own(source: datasets.DataSource, run: build.Run) -> bool:
    """Whether a data set is that of the run, which is judged by its own test images."""
    own = run.config.find_source()
    return source.name == own.name or (source.place is not None and source.place == own.place)


def load(source: datasets.DataSource, run: build.Run) -> judging.JudgedImages:
    """Loads the images of a data set that judge a run.

    Raises:
        UserError: They have another size than the run's, or a class that it does not know.
    """
    info = run.info
    form = datasets.ImageSpec(info.height, str(info.channels), info.fit, info.bits)
    judged = source.load_judging(form, info.classes)
    if judged.images.shape[1:] != info.shape:
        raise errors.UserError(
            f"--dataset={source.name} has images {judged.images.shape[1:]}, the run learned "
            f"{info.shape}. Give one with the same image size."
        )
    print("".join(f"{note}\n" for note in judged.notes), end="", flush=True)
    return judged


def same_test_images(one: build.Run, two: build.Run) -> bool:
    """Whether two runs have the same test images, in the same order."""
    mine, theirs = one.arrays, two.arrays
    return np.array_equal(mine.test_labels, theirs.test_labels) and np.array_equal(
        content_hash.keys(mine.test_images), content_hash.keys(theirs.test_images)
    )


def _entry(
    name: str,
    runs: list[build.Run],
    predictions: list[classification.Predictions],
    own: list[classification.Predictions] | None = None,
) -> dict[str, Any]:
    """The errors on one set of images, and by how much they are higher than on `own`."""
    measured = [_errors(one) for one in predictions]
    for of_run, before in zip(measured, own or (), strict=False):
        of_run["drop"] = of_run["test_error"] - before.error
    labels = predictions[0].labels
    entry = {"dataset": name, "images": len(labels), "part": judging.TEST}
    entry |= {"classes_without_test_images": runs[0].classes_without(labels)} | measured[0]
    if len(predictions) > 1:
        right = [one.predicted == one.labels for one in predictions]
        paired = dataclasses.asdict(significance.mcnemar(*right))
        entry["against"] = {"run": str(runs[1].workdir)} | measured[1] | paired
    return entry


def _errors(predictions: classification.Predictions) -> dict[str, float]:
    """The error and its binomial standard error, both in percent."""
    right = predictions.predicted == predictions.labels
    error = binomial.standard_error(1.0 - float(right.mean()), len(right))
    return {"test_error": predictions.error, "standard_error": 100 * error}


def _judged_by(judged: judging.JudgedImages, run: build.Run) -> dict[str, Any]:
    """Which images of a data set judge, and how many of them the run was trained on."""
    record = run.workdir.read_data_record()
    if record is None:  # someone removed the file
        learned = run.arrays.train_keys
    else:
        learned = np.concatenate([record.train.keys, record.held_out.keys])
    known = np.isin(content_hash.keys(judged.images), learned)
    return {"part": judged.part, "not_used": judged.not_used, "training_images": int(known.sum())}


def _test_set(run: build.Run) -> tuple[np.ndarray, np.ndarray]:
    """The run's own test images and their labels."""
    return run.arrays.test_images, run.arrays.test_labels


def _quality(
    run: build.Run, images: np.ndarray, labels: np.ndarray, predictions: classification.Predictions
) -> dict[str, float | None]:
    """The error of the raw weights in percent, and the quality metrics of the exported ones."""
    raw = _predict(run, images, labels, raw=True)
    metrics = results.quality_metrics(predictions, results.saved_calibration(run))
    return {"test_error_raw": raw.error} | metrics


def _predict(
    run: build.Run, images: np.ndarray, labels: np.ndarray, raw: bool = False
) -> classification.Predictions:
    """Predictions of the exported or the raw weights, with a bar in terminals if it takes long."""
    network = run.method.classifier if raw else run.method.exported_classifier
    predict, classes = inference.predictor(network), len(run.info.classes)
    with reference_network.batch_starts(len(images), "classifying") as bar:
        return classification.evaluate(predict, images, labels, classes, lambda: bar.update())
