"""Finished runs without any training: in memory, in folders, and in damaged folders."""

import functools
import hashlib
import io
import json
import pathlib

import numpy as np
from PIL import Image

from tf_ssgan.common.version import __version__
from tf_ssgan.reports import finished_runs
from tf_ssgan.training import config

POOL = 1297
HYPERPARAMETERS = {"batch_size": 64, "width": 32}
# Image file of a run -> its size in pixels.
IMAGE_FILES = {"samples.png": (135, 135), "confusion.png": (600, 540),
               "reliability.png": (720, 460), "top3.png": (600, 480)}  # fmt: skip
# Key of result.json -> how much higher `result` makes it than the error of the last step.
ERROR_OFFSETS = {"test_error_median20": 1.0, "test_error_at_best_validation": 0.5,
                 "test_error_raw": 2.0, "test_error_raw_at_best_validation": 1.5,
                 "validation_error": 0.25}  # fmt: skip


def flags(**changed):
    """The contents of config.json."""
    own = {field.name: field.default for field in config.run_fields()}
    own |= {"labels": 50, "noise_rate": 0.0, "max_steps": 300, "split_seed": changed.get("seed", 0)}
    return own | HYPERPARAMETERS | changed


def result(own, error=5.0, **changed):
    """The contents of result.json."""
    names = ("method", "dataset", "seed", "split_seed", "labels", "label_split", "noise",
             "noise_rate", "clean_fraction")  # fmt: skip
    quality = {"average_precision_macro": 0.9, "average_precision_weighted": 0.9,
               "average_precision_pooled": 0.9, "top1_accuracy": 95.0, "top3_accuracy": 99.0,
               "expected_calibration_error": 0.1, "brier_score": 0.2, "temperature": 1.5,
               "expected_calibration_error_calibrated": 0.05,
               "brier_score_calibrated": 0.15}  # fmt: skip
    calibration = {"temperature": 1.5, "images": 129, "ece_before": 0.1, "ece_after": 0.05,
                   "nll_before": 0.4, "nll_after": 0.3}  # fmt: skip
    return (
        {name: own[name] for name in names}
        | {"pool": POOL, "validation_images": 129, "test_images": 500, "wrong_labels": 0}
        | {"split_sha256": sha256(own["split_seed"]), "steps": own["max_steps"], "epochs": 2.5}
        | {"test_error": error}
        | {name: error + more for name, more in ERROR_OFFSETS.items()}
        | {"searched": {}, "searched_at_best_validation": {}}
        | quality
        | {"calibration": calibration, "seconds": 60.0, "images_per_second": 500.0}
        | {"waiting_percent": 1.0, "precision": "float32", "devices": 1, "cores": 2}
        | {"parameters": {"classifier": 1000}, "hparams": dict(HYPERPARAMETERS)}
        | {"versions": {"keras": "3.15.1", "tf_ssgan": __version__}}
        | changed
    )


def sha256(content):
    """Stands for the hash of a split."""
    return hashlib.sha256(str(content).encode()).hexdigest()


def metrics_line(step, error=5.0, **changed):
    """A line of metrics.jsonl."""
    return {"step": step, "epoch": step / 120, "test_error": error, "test_error_raw": error,
            "validation_error": error, "validation_error_raw": error, "seconds": 1.0,
            "images_per_second": 500.0, "waiting_percent": 1.0} | changed  # fmt: skip


def make_run(error=5.0, folder="run", outcome=(), **changed):
    """A run without a folder on disk."""
    own = flags(**changed)
    return finished_runs.FinishedRun(pathlib.Path(folder), own, result(own, error, **dict(outcome)))


def curve(error=5.0, evaluations=3, steps=300):
    """Lines of metrics.jsonl whose last error is `error`."""
    return [
        metrics_line(
            steps * k // evaluations,
            error,
            epoch=2.5 * k / evaluations,
            test_error=error + 10.0 * (evaluations - k),
        )
        for k in range(1, evaluations + 1)
    ]


def write(folder, error=5.0, outcome=(), images=(), lines=None, **changed):
    """Writes the folder of a run, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    own = flags(workdir=str(folder), **changed)
    (folder / "config.json").write_text(json.dumps({"version": __version__} | own))
    (folder / "result.json").write_text(json.dumps(result(own, error, **dict(outcome))))
    lines = curve(error) if lines is None else lines
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in images:
        (folder / name).write_bytes(png(IMAGE_FILES.get(name, (24, 24))))
    return folder


def write_evaluation(folder, step=300, **content):
    """Writes what `tf_ssgan.evaluate` leaves in the folder of a run, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"step": step, "test_sets": [], "generator_scores": []} | content
    (folder / "evaluation.json").write_text(json.dumps(content))
    return folder


@functools.cache
def png(size, seed=0):
    """A PNG image of blocks of random colors."""
    width, height = size
    blocks = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    pixels = blocks.repeat(8, 0).repeat(8, 1)[:height, :width].astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def change(folder, name, **values):
    """Changes values in a JSON file; `...` removes a value."""
    path = folder / name
    content = json.loads(path.read_text()) | values
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))


def _text(name, text):
    return lambda folder: (folder / name).write_text(text)


def _without(name):
    return lambda folder: (folder / name).unlink()


def _changed(name, **values):
    return lambda folder: change(folder, name, **values)


def _begun(folder):
    """Leaves a run as it is before its first evaluation."""
    _without("result.json")(folder)
    _without("metrics.jsonl")(folder)


# Damage -> (function that does it to a folder, part of the reason why the run is left out).
BROKEN = {
    "unfinished": (_without("result.json"), "is not finished: 300 of 300 steps"),
    "just begun": (_begun, "is not finished: no evaluation yet"),
    "continued": (
        _changed("config.json", max_steps=9000),
        "is being continued: 300 steps of 9,000 steps",
    ),
    "continued by epochs": (
        _changed("config.json", max_steps=0, epochs=7),
        "is being continued: 300 steps of 7 epochs",
    ),
    "cut short": (_text("result.json", '{"method": "frg'), "result.json is damaged: "),
    "empty": (_text("result.json", ""), "result.json is damaged: "),
    "flags cut short": (_text("config.json", "{"), "config.json is damaged: "),
    "bytes": (
        lambda f: (f / "result.json").write_bytes(b"\xff\xfe\x00"),
        "result.json is damaged: ",
    ),
    "list": (_text("result.json", "[1, 2]"), "expected a JSON object, got [1, 2]"),
    "null": (_text("result.json", "null"), "expected a JSON object, got null"),
    "nested": (_text("result.json", "[" * 100_000), "result.json is damaged: "),
    "list of flags": (_text("config.json", "[]"), "expected a JSON object, got []"),
    "a folder": (
        lambda f: ((f / "result.json").unlink(), (f / "result.json").mkdir()),
        "result.json is damaged: it is not a file",
    ),
    "no error": (_changed("result.json", test_error=...), "test_error is missing"),
    "error null": (
        _changed("result.json", test_error=None),
        "test_error: expected a valid number, got null",
    ),
    "error true": (
        _changed("result.json", test_error=True),
        "test_error: expected a valid number, got True",
    ),
    "error nan": (
        _changed("result.json", test_error=float("nan")),
        "test_error: expected a finite number, got nan",
    ),
    "error above 100": (
        _changed("result.json", test_error=101.0),
        "test_error: expected less than or equal to 100, got 101.0",
    ),
    "other error infinite": (
        _changed("result.json", test_error_raw=float("inf")),
        "test_error_raw: expected a finite number, got inf",
    ),
    "seconds infinite": (
        _changed("result.json", seconds=float("inf")),
        "seconds: expected a finite number, got inf",
    ),
    "labels as text": (
        _changed("result.json", labels="50"),
        "labels: expected a valid integer, got '50'",
    ),
    "seed with a point": (
        _changed("result.json", seed=0.5),
        "seed: expected a valid integer, got 0.5",
    ),
    "huge number": (
        _changed("result.json", steps=10**100),
        "steps: expected less than or equal to 9007199254740992, got 1000",
    ),
    "no steps": (_changed("result.json", steps=...), "steps is missing"),
    "no flags": (_without("config.json"), "has no config.json: its flags are unknown"),
    "flag of another type": (
        _changed("config.json", validation="x"),
        "config.json is damaged: --validation: expected a whole number, got 'x'",
    ),
    "hyperparameter null": (
        _changed("config.json", width=None),
        "width: expected a number, a text, true or false, got null",
    ),
    "other method": (
        _changed("config.json", method="vat"),
        "result.json is damaged: method is frgan, and vat in config.json",
    ),
    "other seed": (_changed("config.json", seed=77), ", and 77 in config.json"),
}
