"""Finished runs without any training: in memory, in folders, and in damaged folders."""

import functools
import io
import json
import pathlib

import numpy as np
from PIL import Image

from support import file_contents
from support.file_contents import HYPERPARAMETERS, POOL, metrics_line, result, sha256  # noqa: F401
from tf_ssgan.common.version import __version__
from tf_ssgan.data import fingerprint
from tf_ssgan.metrics import intervals
from tf_ssgan.reports import finished_runs
from tf_ssgan.training import config, result_contents, run_files

# Image file of a run -> its size in pixels.
IMAGE_FILES = {"samples.png": (135, 135), "confusion.png": (600, 540),
               "reliability.png": (720, 460), "top3.png": (600, 480)}  # fmt: skip


def flags(**changed):
    """The contents of config.json."""
    own = {field.name: field.default for field in config.run_fields()}
    own |= {"labels": 50, "noise_rate": 0.0, "max_steps": 300, "split_seed": changed.get("seed", 0)}
    return own | HYPERPARAMETERS | changed


def make_run(error=5.0, folder="run", outcome=(), **changed):
    """A run without a folder on disk, with a result as it may be read from one."""
    own = flags(**changed)
    its_result = result(own, error, **dict(outcome))
    run_files.check(result_contents.Result, its_result)
    return finished_runs.FinishedRun(pathlib.Path(folder), own, its_result)


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


def counted(classes, linear_wrong=None, p=0.5, **changed):
    """What a result says of its test images, from counts.

    Args:
        classes: Name -> (images, of which right, predicted).
        linear_wrong: Images that the linear classifier misclassifies; None leaves it out.
        p: Of McNemar's test against it.
        changed: Further fields.
    """
    images, right, _ = (sum(own[k] for own in classes.values()) for k in range(3))
    common = max(classes, key=lambda name: classes[name][0])
    kinds = ("images", "right", "predicted")
    linear = linear_wrong is not None and {
        "model": "logistic regression", "features": "pixels", **_share(linear_wrong, images), "p": p,
        "only_run_right": max(0, linear_wrong - images + right) + 3,
        "only_linear_right": max(0, images - right - linear_wrong) + 3,
    }  # fmt: skip
    return {
        "test_images": images,
        "test_error": 100 * (images - right) / images,
        "test_error_interval": list(intervals.wilson(images - right, images)),
        "class_recall": [
            {"name": name, **dict(zip(kinds, own, strict=True))} for name, own in classes.items()
        ],
        "guessing": {"name": common, **_share(images - classes[common][0], images)},
        "linear": linear or None,
    } | changed


def _share(wrong, images):
    return {"error": 100 * wrong / images, "interval": list(intervals.wilson(wrong, images))}


def write_folds(folder, outcomes, count=5, labels=None, **changed):
    """Writes the folders of some folds of one seed, and returns their paths.

    Args:
        folder: The folder that they are in.
        outcomes: Fold -> what its result says.
        count: Number of folds.
        labels: The class of each labeled image; image k is tested in fold k modulo `count`.
        changed: Flags.
    """
    labels = np.arange(60) % 3 if labels is None else labels
    keys, fold_of = np.arange(len(labels), dtype=np.uint64), np.arange(len(labels)) % count
    none = fingerprint.PartRecord.of(keys[:0], labels[:0])
    paths = []
    for fold, outcome in outcomes.items():
        parts = (fingerprint.PartRecord.of(keys[own], labels[own])
                 for own in (fold_of != fold, fold_of == fold))  # fmt: skip
        train, test = parts
        record = fingerprint.DataRecord((16, 16, 1), ("a", "b", "c"), train, none, test)
        own = {"folds": count, "fold": fold, "test_images": len(test.keys), "validation_images": 0,
               "pool": len(train.keys), "labels": len(train.keys), "data_sha256": record.sha256,
               "split_sha256": sha256((fold, changed.get("seed", 0)))}  # fmt: skip
        error = outcome.get("test_error", 5.0)
        paths.append(
            write(
                folder / f"fold-{fold}",
                error,
                own | outcome,
                **{"labels": -1, "folds": count, "fold": fold} | changed,
            )
        )
        (paths[-1] / "data.json").write_text(json.dumps(record.as_json()))
    return paths


def write_evaluation(folder, step=300, **content):
    """Writes what `tf_ssgan.evaluate` leaves in the folder of a run, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    content = file_contents.evaluation(step, **content)
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
    "other hyperparameter": (
        _changed("config.json", width=33),
        "result.json is damaged: width is 32, and 33 in config.json",
    ),
    "other seed": (_changed("config.json", seed=77), ", and 77 in config.json"),
}
