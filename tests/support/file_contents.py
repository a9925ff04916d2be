"""What the files of a run hold, whole, without a run. Imports no TensorFlow."""

import hashlib

import numpy as np

from tf_ssgan.common.version import __version__
from tf_ssgan.data import dataset_info, fingerprint, protocol

POOL = 1297
DIGITS_SHA256 = "af48da4d068a0fbd3b8dca8f58be23eefb6d1e6f465b073a6c1d7b163ec0047f"  # fingerprint of the data set
CODE = {"tf_ssgan": __version__, "commit": None, "changed": None}  # of an installation
HYPERPARAMETERS = {"batch_size": 64, "width": 32}
# Key of result.json -> how much higher `result` makes it than the error of the last step.
ERROR_OFFSETS = {"test_error_median20": 1.0, "test_error_at_best_validation": 0.5,
                 "test_error_raw": 2.0, "test_error_raw_at_best_validation": 1.5,
                 "validation_error": 0.25}  # fmt: skip


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
    held_out = 129 if own.get("validation", -1) == -1 else own["validation"]
    return (
        {name: own[name] for name in names}
        | {"labels": POOL - held_out if own["labels"] == -1 else own["labels"]}
        | {"pool": max(POOL, own["labels"] + held_out), "validation_images": held_out}
        | {"test_images": 500, "wrong_labels": 0}
        | {"classes_with_test_images": 10, "classes_without_test_images": []}
        | {"split_sha256": sha256(own["split_seed"]), "data_sha256": DIGITS_SHA256}
        | {"steps": own["max_steps"], "epochs": 2.5}
        | {"test_error": error}
        | {name: error + more for name, more in ERROR_OFFSETS.items()}
        | {"searched": {}, "searched_at_best_validation": {}}
        | {"searched_raw_at_best_validation": {}}
        | quality
        | {"calibration": calibration, "seconds": 60.0, "images_per_second": 500.0}
        | {"waiting_percent": 1.0, "precision": "float32", "devices": 1, "cores": 2}
        | {"parameters": {"classifier": 1000}}
        | {"hparams": {name: own[name] for name in HYPERPARAMETERS if name in own}}
        | {"versions": {"keras": "3.15.1", "tf_ssgan": __version__}, "code": CODE}
        | changed
    )


def sha256(content):
    """Stands for the hash of a split."""
    return hashlib.sha256(str(content).encode()).hexdigest()


def data_record(train=(0, 1, -1), test=(0, 1), first=0):
    """The record of a data set of two classes: images with the keys first, first + 1, ..."""
    train, test = np.array(train), np.array(test)
    keys = np.arange(first, first + len(train) + len(test), dtype=np.uint64)
    parts = (fingerprint.PartRecord.of(keys[: len(train)], train),
             fingerprint.PartRecord.of(keys[:0], train[:0]),
             fingerprint.PartRecord.of(keys[len(train) :], test))  # fmt: skip
    return fingerprint.DataRecord((16, 16, 1), ("0", "1"), *parts)


def metrics_line(step, error=5.0, **changed):
    """A line of metrics.jsonl."""
    return {"step": step, "epoch": step / 120, "test_error": error, "test_error_raw": error,
            "validation_error": error, "validation_error_raw": error, "seconds": 1.0,
            "images_per_second": 500.0, "waiting_percent": 1.0} | changed  # fmt: skip


def evaluation(step=300, **changed):
    """The contents of evaluation.json, of which nothing was measured unless it is given."""
    return {"step": step, "test_sets": [], "generator_scores": []} | changed


def spread(mean, std=0.1):
    """A mean and its standard deviation."""
    return {"mean": mean, "std": std}


def scores(inception_score=3.0, weights="a" * 16, **changed):
    """Scores of a generator, for evaluation.json, by a reference classifier with these weights."""
    fingerprint = {"network": "reference_cnn/1", "dataset": "digits", "classes": ["0", "1"],
                   "trained_on": 1168, "test_accuracy": 98.6, "weights_sha256": weights,
                   "temperature": 1.25}  # fmt: skip
    numbers = {"inception_score": spread(inception_score), "frechet_distance": 3.0,
               "kernel_distance": spread(0.25)}  # fmt: skip
    images = {"generated": 5000, "test": 500, "inception_score": 500, "distances": POOL}
    return {"fingerprint": fingerprint, "images": images, "seed": 0, **numbers,
            "real": numbers | {"inception_score": spread(9.0)}} | changed  # fmt: skip


def clusters(distance=12.5, std=2.5, **changed):
    """Distances to the class centers, for evaluation.json."""
    real = {"points": 500, "distance": spread(20.0), "tsne": spread(8.0), "pca": spread(18.0)}
    return {
        "features": "the features of reference_cnn/1", "seed": 0, "against": "",
        "sets": {"generated": real | {"distance": spread(distance, std)}, "real": real},
    } | changed  # fmt: skip


def older_clusters():
    """Distances as they were written when they were taken in a t-SNE."""
    old = {"points": 500, "tsne": spread(12.5), "pca": spread(25.0)}
    return clusters(sets={"generated": old, "real": old})


def errors_on(dataset, error=40.0, **changed):
    """The error on the test images of a data set, for evaluation.json."""
    errors = {"test_error": error, "standard_error": 1.0}
    judged = {"dataset": dataset, "images": 2000, "part": "test", "classes_without_test_images": []}
    return judged | errors | changed


def judged_by(dataset, classes=("0", "1"), **changed):
    """As `errors_on`, with what else an evaluation measures and says of the images."""
    recall = [{"name": name, "images": 1000, "right": 600, "predicted": 1000} for name in classes]
    return errors_on(dataset) | {
        "not_used": 60, "own": False, "own_test_images": 3, "interval": [37.9, 42.2],
        "left_out": {"labeled": 40, "unlabeled": 5, "held_out": 2, "relabeled": 1},
        "relabeled": [{"image": "b/1.png", "learned": classes[0], "here": classes[1]}],
        "near_copies": {"count": 1, "pairs": [{"image": "b/2.png", "training_image": "b/3.png"}]},
        "guessing": {"name": classes[0], "error": 50.0, "interval": [47.8, 52.2]},
        "guessing_p": 0.001,
        "linear": {"model": "logistic regression", "features": "pixels", "error": 45.0,
                   "interval": [42.8, 47.2], "only_run_right": 200, "only_linear_right": 100,
                   "p": 0.001},
        "class_recall": recall, "drop": 1.5, "drop_interval": [-1.5, 4.5], "own_images": 500,
        "test_error_raw": 41.0, "test_error_raw_interval": [38.9, 43.2],
        "against": against(interval=[39.8, 44.2]),
    } | changed  # fmt: skip


def against(run="runs/b", error=42.0, **changed):
    """The error of another run on the same images, and McNemar's test, for evaluation.json."""
    counts = {"both": 1100, "only_first": 100, "only_second": 60, "neither": 740, "p": 0.002}
    return {"run": run, "test_error": error, "standard_error": 1.0} | counts | changed


def manifest_metadata(**changed):
    """What a manifest holds besides the step and the files, of a run with two labeled images."""
    own = protocol.Protocol(
        "digits", ("0", "1"), 4, "balanced", 0, "none", 0.0, 0, np.array([0, 3]), np.array([0, 1]),
        np.array([2]), 0.0, np.zeros(0, np.int64), 0,
    )  # fmt: skip
    info = dataset_info.DatasetInfo(
        "digits", 16, 16, 1, ("0", "1"), (0.5,), (0.25,), False, "made", "resize"
    )
    return {
        "version": __version__,
        "code": CODE,
        "identity": {"method": "supervised", "seed": 0},
        "split_sha256": own.sha256,
        "data_sha256": DIGITS_SHA256,
        "number_format": "float32",
        "replicas": 1,
        "cores": 2,
        "seconds": 1.5,
        "stage": "train",
        "protocol": own.as_json(),
        "dataset_info": info.as_json(),
    } | changed
