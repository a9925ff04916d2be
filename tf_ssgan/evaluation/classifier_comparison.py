"""How often classifiers are right, and which of two is better on the same images."""

import dataclasses
from typing import Any

import keras
import numpy as np

from tf_ssgan.data import content_hash, dataset_info, datasets
from tf_ssgan.evaluation import options, reference_network
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
        `_quality` returns.

    Raises:
        UserError: The data set has other images or classes than the run.
    """
    run = runs[0]
    own = [_predict(other.method.exported_classifier, other.arrays) for other in runs]
    paired = len(runs) == 1 or same_test_images(*runs)
    entries = [_entry(run.config.dataset, runs, own if paired else own[:1])]
    if source:
        arrays = load(source, run)
        predictions = [_predict(other.method.exported_classifier, arrays) for other in runs]
        entry = _entry(source.name, runs, predictions, own) | _quality(run, arrays, predictions[0])
        same_name = source.name == run.config.dataset
        entries = [entry] if same_name else [*entries, entry]
    return entries


def load(source: datasets.DataSource, run: build.Run) -> dataset_info.Arrays:
    """Loads a data set to evaluate a run on.

    Raises:
        UserError: It has other images or classes than the run's.
    """
    info = run.info
    form = datasets.ImageSpec(info.height, str(info.channels), info.fit, info.bits)
    arrays = source.load(form)
    options.check_alike(f"--dataset={source.name}", arrays.info, info)
    return arrays


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
    errors = [_errors(one) for one in predictions]
    for of_run, before in zip(errors, own or (), strict=False):
        of_run["drop"] = of_run["test_error"] - before.error
    entry = {"dataset": name, "images": len(predictions[0].labels)} | errors[0]
    if len(predictions) > 1:
        right = [one.predicted == one.labels for one in predictions]
        paired = dataclasses.asdict(significance.mcnemar(*right))
        entry["against"] = {"run": str(runs[1].workdir)} | errors[1] | paired
    return entry


def _errors(predictions: classification.Predictions) -> dict[str, float]:
    """The error and its binomial standard error, both in percent."""
    right = predictions.predicted == predictions.labels
    error = binomial.standard_error(1.0 - float(right.mean()), len(right))
    return {"test_error": predictions.error, "standard_error": 100 * error}


def _quality(
    run: build.Run, arrays: dataset_info.Arrays, predictions: classification.Predictions
) -> dict[str, float | None]:
    """The error of the raw weights in percent, and the quality metrics of the exported ones."""
    raw = _predict(run.method.classifier, arrays)
    metrics = results.quality_metrics(predictions, results.saved_calibration(run).temperature)
    return {"test_error_raw": raw.error} | metrics


def _predict(network: keras.Model, arrays: dataset_info.Arrays) -> classification.Predictions:
    """Predictions for the test images, with a bar in terminals if it takes long."""
    predict, images = inference.predictor(network), arrays.test_images
    with reference_network.batch_starts(len(images), "classifying") as bar:
        return classification.evaluate(
            predict, images, arrays.test_labels, len(arrays.info.classes), lambda: bar.update()
        )
