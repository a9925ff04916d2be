"""The end of a run: its classifier is evaluated, and figures and `result.json` are written."""

import dataclasses
import importlib.metadata
import json
import math
import platform
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tf_ssgan.common import checkout, cpu, errors, few_images, files, plain_text, version
from tf_ssgan.metrics import calibration, classification, plots, ranking
from tf_ssgan.nn import inference, weights
from tf_ssgan.training import build, error_context, events

IMAGES_SHOWN = 3  # test images in the figure of the most probable classes


def conclude(
    run: build.Run, seconds: float, speed: float, pause: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Evaluates the final weights on test images, draws figures, writes `result.json`.

    Args:
        run: A run that has taken its last step and written the last line of its metrics.
        seconds: Duration of the run.
        speed: Images per second; 0 if this process took too few steps to measure it.
        pause: Called between batches; may raise to interrupt.

    Returns:
        The content of `result.json`.
    """
    test = _predictions(run, run.arrays.test_images, run.arrays.test_labels, pause)
    fitted = fitted_calibration(run, pause)
    metrics = quality_metrics(test, fitted)
    lines = _lines_of_training(run)
    metrics |= {"calibration": dataclasses.asdict(fitted)}
    metrics |= error_context.describe(run, test, lines[-1], pause)
    result = _result(run, lines, seconds, speed, metrics)
    figures = _figures(run, test, fitted)
    for name, png in figures.items():
        files.replace(run.workdir.figure(name), png)
    table = test.classification_report(run.info.classes)
    files.replace(run.workdir.classification_report, table)
    _write_tensorboard(run, figures, result)
    files.replace(run.workdir.result_file, json.dumps(result, indent=1))
    return result


def fitted_calibration(
    run: build.Run, pause: Callable[[], None] = lambda: None
) -> calibration.Calibration:
    """Fits the temperature of the exported weights on validation images; 1 if they are few.

    Test images are not used: they evaluate the calibration.

    Args:
        run: The run.
        pause: Called between batches; may raise to interrupt.
    """
    held, arrays = run.protocol.validation_ids, run.arrays
    validation = _predictions(run, arrays.train_images[held], arrays.train_labels[held], pause)
    return calibration.calibrate(validation.scores, validation.labels)


def saved_calibration(run: build.Run) -> calibration.Calibration:
    """The calibration of the run's weights: from its result, or fitted on validation images."""
    return recorded_calibration(run) or fitted_calibration(run)


def recorded_calibration(run: build.Run) -> calibration.Calibration | None:
    """The calibration in the result of the run; None if there is no result of its weights.

    The result may be that of earlier weights, if a longer run was stopped.
    """
    result = run.workdir.read_result()
    if not result or result["steps"] != int(run.method.step.numpy()):
        return None
    names = [field.name for field in dataclasses.fields(calibration.Calibration)]
    return calibration.Calibration(**{name: result["calibration"][name] for name in names})


def quality_metrics(
    predictions: classification.Predictions, fitted: calibration.Calibration
) -> dict[str, float | None]:
    """Measures how well logits rank images, and how well their probabilities are calibrated.

    Args:
        predictions: Logits and true classes.
        fitted: The temperature of the calibrated numbers, fitted on other images.

    Returns:
        For `result.json`: average precisions in [0, 1], accuracies in percent, the expected
        calibration error in [0, 1] and the Brier score in [0, 2]; the last two at temperature 1
        and, with the suffix "_calibrated", at the fitted one. "average_precision_macro" is the mean
        over the classes that have images. None if there are no images, and average precisions of
        classes if all are of one class, which no ranking can miss; calibrated numbers are None if
        no temperature was fitted.
    """
    labels, probabilities = predictions.labels, predictions.probabilities()
    precision = ranking.average_precision(probabilities, labels)
    metrics = {
        f"average_precision_{mean}": getattr(precision, mean)
        for mean in ("macro", "weighted", "pooled")
    }
    if len(np.unique(labels)) < 2:
        metrics |= dict.fromkeys(
            ("average_precision_macro", "average_precision_weighted"), math.nan
        )
    for k in (1, 3):  # of the logits, as errors are: rounding can make probabilities equal
        accuracy = ranking.top_k_accuracy(predictions.scores, labels, k)
        metrics[f"top{k}_accuracy"] = 100.0 * accuracy
    metrics |= _calibration(probabilities, labels, "") | {"temperature": fitted.temperature}
    calibrated = predictions.probabilities(fitted.temperature)
    metrics |= {
        name: value if fitted.is_fitted else math.nan
        for name, value in _calibration(calibrated, labels, "_calibrated").items()
    }
    return {name: None if math.isnan(value) else value for name, value in metrics.items()}


def _calibration(probabilities: np.ndarray, labels: np.ndarray, suffix: str) -> dict[str, float]:
    error = calibration.expected_calibration_error(probabilities, labels)
    score = calibration.brier_score(probabilities, labels)
    return {f"expected_calibration_error{suffix}": error, f"brier_score{suffix}": score}


def _predictions(
    run: build.Run, images: np.ndarray, labels: np.ndarray, pause: Callable[[], None]
) -> classification.Predictions:
    """Predictions of the exported weights for images."""
    predict = inference.predictor(run.method.exported_classifier)
    return classification.evaluate(predict, images, labels, run.method.task.classes, pause)


def _figures(
    run: build.Run, test: classification.Predictions, fitted: calibration.Calibration
) -> dict[str, bytes]:
    """Figures as PNG files, by name."""
    names, temperature, after = run.info.classes, fitted.temperature, None
    before = calibration.reliability(test.probabilities(), test.labels)
    if fitted.is_fitted:
        after = calibration.reliability(test.probabilities(temperature), test.labels)
    ids = np.random.default_rng(run.config.seed).permutation(len(test.labels))[:IMAGES_SHOWN]
    samples = run.arrays.test_images[ids], test.labels[ids], test.probabilities()[ids]
    return {
        "confusion": plots.confusion_figure(test.confusion, names),
        "reliability": plots.reliability_figure(before, after, temperature),
        "top3": plots.top3_figure(*samples, names),
    }


def _lines_of_training(run: build.Run) -> list[dict[str, Any]]:
    """The lines of the metrics since labels are learned, at least one."""
    train_start = list(run.method.stages().values())[-1]  # earlier stages learn no labels
    history = run.workdir.read_metrics().lines
    lines = [line for line in history if line["step"] > train_start]
    if not lines:
        raise errors.UserError(
            f"{run.workdir.metrics_file} holds no evaluation any more: it was removed or changed "
            "while the run trained. The same command evaluates the last step again."
        )
    return lines


def _result(
    run: build.Run,
    lines: list[dict[str, Any]],
    seconds: float,
    speed: float,
    metrics: dict[str, Any],
) -> dict[str, Any]:
    """Content of `result.json`."""
    last, task = lines[-1], run.method.task
    held_out = len(run.protocol.validation_ids)
    may_choose = few_images.may_choose(held_out)
    validated = [line for line in lines if may_choose and "validation_error" in line]
    best = min(validated, key=lambda line: line["validation_error"], default=None)
    raw_best = min(validated, key=lambda line: line["validation_error_raw"], default=None)
    packages = ("tensorflow", "keras")
    return {
        **{k: getattr(run.config, k) for k in ("method", "dataset", "seed", "split_seed")},
        **({"folds": run.config.folds, "fold": run.config.fold} if run.config.folds else {}),
        "labels": len(run.protocol.labeled_ids),
        "pool": run.protocol.pool,
        "validation_images": held_out,
        "tuned_by_held_out": run.method.tunes_on_held_out,
        "test_images": len(run.arrays.test_labels),
        **_tested_classes(run),
        "known_test_images": _known_test_images(run),
        "label_split": run.config.label_split,
        "noise": run.config.noise,
        "noise_rate": run.config.noise_rate,
        "clean_fraction": run.protocol.clean_fraction,
        "checked_labels": len(run.protocol.clean_ids) if run.protocol.checked else 0,
        "class_weight": run.config.class_weight,
        "wrong_labels": run.protocol.wrong,
        "split_sha256": run.protocol.sha256,
        "data_sha256": run.data_record.sha256,
        "steps": task.steps,
        "epochs": round(task.steps / task.steps_per_epoch, 3),
        "test_error": last["test_error"],
        "test_error_raw": last["test_error_raw"],
        "test_error_median20": statistics.median(line["test_error"] for line in lines[-20:]),
        "test_error_at_best_validation": best["test_error"] if best else None,
        "validation_error": last.get("validation_error"),
        "test_error_raw_at_best_validation": raw_best["test_error_raw"] if raw_best else None,
        **_numbers(last, ("test_bound",)),
        "searched": _numbers(last, run.method.searched),
        "searched_at_best_validation": _numbers(best or {}, run.method.searched),
        "searched_raw_at_best_validation": _numbers(raw_best or {}, run.method.searched),
        **metrics,
        "seconds": round(seconds, 1),
        "images_per_second": round(speed or last["images_per_second"], 1),
        "waiting_percent": last["waiting_percent"],
        "precision": run.precision,
        "devices": run.strategy.num_replicas_in_sync,
        "cores": len(cpu.usable()),
        "parameters": {k: weights.parameter_count(n) for k, n in run.method.networks().items()},
        "hparams": dataclasses.asdict(run.config.hparams),
        "versions": {p: importlib.metadata.version(p) for p in packages}
        | {"tf_ssgan": version.__version__, "python": platform.python_version()},
        "code": checkout.code_version(),
    }


def _known_test_images(run: build.Run) -> dict[str, int]:
    """How many test images have the pixels of a labeled, or else of another training image."""
    tested, keys, protocol = run.data_record.test.keys, run.arrays.train_keys, run.protocol
    labeled = np.isin(tested, keys[protocol.labeled_ids])
    unlabeled = np.isin(tested, keys[protocol.unlabeled_ids]) & ~labeled
    return {"labeled": int(labeled.sum()), "unlabeled": int(unlabeled.sum())}


def _tested_classes(run: build.Run) -> dict[str, Any]:
    """How many classes have test images, and the names of those that have none, or no label."""
    missing = run.classes_without(run.arrays.test_labels)
    tested = len(run.info.classes) - len(missing)
    return {
        "classes_with_test_images": tested,
        "classes_without_test_images": missing,
        "classes_without_labels": run.protocol.classes_without_labels,
    }


def _numbers(line: dict[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    """Some numbers of a line of the metrics; someone may have removed them by hand."""
    return {name: line[name] for name in names if line.get(name) is not None}


def _write_tensorboard(run: build.Run, figures: dict[str, bytes], result: dict[str, Any]) -> None:
    """Writes the figures and the HParams dashboard for TensorBoard."""
    writer = events.result_writer(run.workdir, result["steps"])
    with writer.as_default(step=result["steps"]):
        for name, png in figures.items():
            events.image(name, tf.io.decode_png(png, channels=3)[None])
        shown = {
            "method": run.config.method,
            "dataset": plain_text.escape(run.config.dataset),
            "labels": run.config.labels,
            "seed": run.config.seed,
        }
        events.hparams(shown | result["hparams"])
        events.scalar("result/test_error", result["test_error"])
        events.scalar("result/guessing_error", result["guessing"]["error"])
        if result["linear"]:
            events.scalar("result/linear_error", result["linear"]["error"])
    writer.close()
