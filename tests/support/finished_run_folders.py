"""Finished runs without any training: in memory, in folders, and in damaged folders."""

import functools
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
    return (
        {name: own[name] for name in names}
        | {"pool": POOL, "split_sha256": f"split {own['split_seed']}", "steps": own["max_steps"]}
        | {"epochs": 2.5, "test_error": error}
        | {name: error + more for name, more in ERROR_OFFSETS.items()}
        | {
            "searched": {},
            "searched_at_best_validation": {},
            "seconds": 60.0,
            "precision": "float32",
        }
        | {"cores": 2, "versions": {"keras": "3.15.1", "tf_ssgan": __version__}}
        | changed
    )


def make_run(error=5.0, folder="run", outcome=(), **changed):
    """A run without a folder on disk."""
    own = flags(**changed)
    return finished_runs.FinishedRun(pathlib.Path(folder), own, result(own, error, **dict(outcome)))


def curve(error=5.0, evaluations=3, steps=300):
    """Lines of metrics.jsonl whose last error is `error`."""
    return [
        {"step": steps * k // evaluations, "epoch": 2.5 * k / evaluations,
         "test_error": error + 10.0 * (evaluations - k), "validation_error": error}
        for k in range(1, evaluations + 1)
    ]  # fmt: skip


def write(folder, error=5.0, outcome=(), images=(), lines=None, **changed):
    """Writes the folder of a run, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    own = flags(workdir=str(folder), **changed)
    (folder / "config.json").write_text(json.dumps({"version": __version__} | own))
    (folder / "result.json").write_text(json.dumps(result(own, error, **dict(outcome))))
    (folder / "protocol.json").write_text(json.dumps({"pool": POOL}))
    lines = curve(error) if lines is None else lines
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in images:
        (folder / name).write_bytes(png(IMAGE_FILES.get(name, (24, 24))))
    return folder


def write_evaluation(folder, step=300, **content):
    """Writes what `tf_ssgan.evaluate` leaves in the folder of a run, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps({"step": step} | content))
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
    "cut short": (_text("result.json", '{"method": "frg'), "cannot be read: "),
    "empty": (_text("result.json", ""), "cannot be read: "),
    "flags cut short": (_text("config.json", "{"), "cannot be read: "),
    "bytes": (lambda f: (f / "result.json").write_bytes(b"\xff\xfe\x00"), "cannot be read: "),
    "list": (_text("result.json", "[1, 2]"), "is damaged: not a JSON object"),
    "list of flags": (_text("config.json", "[]"), "is damaged: not a JSON object"),
    "a folder": (
        lambda f: ((f / "result.json").unlink(), (f / "result.json").mkdir()),
        "cannot be read: ",
    ),
    "no error": (_changed("result.json", test_error=...), "is damaged: no test_error in it"),
    "error null": (_changed("result.json", test_error=None), "is damaged: no test_error in it"),
    "error true": (_changed("result.json", test_error=True), "is damaged: no test_error in it"),
    "error nan": (_changed("result.json", test_error=float("nan")), "test_error is nan"),
    "error infinite": (_changed("result.json", test_error=float("inf")), "test_error is inf"),
    "other error nan": (
        _changed("result.json", test_error_raw=float("nan")),
        "result.json is damaged: test_error_raw is nan",
    ),
    "seconds infinite": (
        _changed("result.json", seconds=float("inf")),
        "result.json is damaged: seconds is inf",
    ),
    "labels as text": (_changed("result.json", labels="50"), "is damaged: no labels in it"),
    "seed with a point": (_changed("result.json", seed=0.5), "is damaged: no seed in it"),
    "no steps": (_changed("result.json", steps=...), "is damaged: no steps in it"),
    "no flags": (_without("config.json"), "has no config.json: its flags are unknown"),
    "other method": (
        _changed("config.json", method="vat"),
        "config.json says method=vat, its result frgan",
    ),
    "other seed": (_changed("config.json", seed=77), "config.json says seed=77, its result "),
}
