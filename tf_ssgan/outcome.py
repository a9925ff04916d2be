"""How a run ends: its classifier is judged, and what was found is drawn and written down."""

import dataclasses
import importlib.metadata
import json
import os
import platform
import statistics
from collections.abc import Callable
from typing import Any

import tensorflow as tf

import tf_ssgan
from tf_ssgan import assembly, evaluation, figures, folder, journal, layers


def conclude(
    run: assembly.Run, seconds: float, speed: float, pause: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Judges the final weights, draws the confusion matrix, writes `result.json`.

    Args:
        run: A run that has taken its last step and written the last line of its curves.
        seconds: How long it took.
        speed: Images per second; 0 where this process took too few steps to tell.
        pause: Called between batches; may raise to interrupt.

    Returns:
        What `result.json` holds.
    """
    report = evaluation.evaluate(
        evaluation.kept_predictor(run.method.shipped),
        run.arrays.test_images,
        run.arrays.test_labels,
        run.method.task.classes,
        pause,
    )
    picture = figures.confusion_figure(report.confusion, run.arrays.card.classes)
    (run.workdir / "confusion.png").write_bytes(picture)
    result = _result(run, seconds, speed)
    _summarize(run, picture, result)
    folder.replace(run.workdir / "result.json", json.dumps(result, indent=1))
    return result


def _result(run: assembly.Run, seconds: float, speed: float) -> dict[str, Any]:
    lines = journal.history(run.workdir / "metrics.jsonl")
    last, task = lines[-1], run.method.task
    judged = [line for line in lines if "validation_error" in line]
    best = min(judged, key=lambda line: line["validation_error"], default=None)
    raw_best = min(judged, key=lambda line: line["validation_error_raw"], default=None)
    packages = ("tensorflow", "keras")
    return {
        **{k: getattr(run.config, k) for k in ("method", "dataset", "seed", "split_seed")},
        "labels": len(run.protocol.labeled_ids),
        "label_split": run.config.label_split,
        "noise": run.config.noise,
        "noise_rate": run.config.noise_rate,
        "split_sha256": run.protocol.sha256,
        "steps": task.steps,
        "epochs": round(task.steps / task.steps_per_epoch, 3),
        "test_error": last["test_error"],
        "test_error_raw": last["test_error_raw"],
        "test_error_median20": statistics.median(line["test_error"] for line in lines[-20:]),
        "test_error_at_best_validation": best["test_error"] if best else None,
        "validation_error": last.get("validation_error"),
        "test_error_raw_at_best_validation": raw_best["test_error_raw"] if raw_best else None,
        "found": {name: last[name] for name in run.method.found},
        "found_at_best_validation": {name: best[name] for name in run.method.found if best},
        "seconds": round(seconds, 1),
        "images_per_second": round(speed or last["images_per_second"], 1),
        "waiting_percent": last["waiting_percent"],
        "precision": run.precision,
        "devices": run.strategy.num_replicas_in_sync,
        "cores": os.cpu_count(),
        "parameters": {k: layers.parameters(n) for k, n in run.method.networks().items()},
        "hparams": dataclasses.asdict(run.config.hparams),
        "versions": {p: importlib.metadata.version(p) for p in packages}
        | {"tf_ssgan": tf_ssgan.__version__, "python": platform.python_version()},
    }


def _summarize(run: assembly.Run, picture: bytes, result: dict[str, Any]) -> None:
    """The confusion matrix and the HParams dashboard of TensorBoard."""
    from tensorboard.plugins.hparams import api  # slow to import, and used once a run

    writer = tf.summary.create_file_writer(str(run.workdir / "tensorboard"))
    with writer.as_default(step=result["steps"]):
        tf.summary.image("confusion", tf.io.decode_png(picture, channels=3)[None])
        shown = {
            "method": run.config.method,
            "dataset": run.config.dataset,
            "labels": run.config.labels,
            "seed": run.config.seed,
        }
        api.hparams(shown | result["hparams"])
        tf.summary.scalar("result/test_error", result["test_error"])
    writer.close()
