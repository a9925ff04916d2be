"""What result.json says of its errors, computed again by scikit-learn and by formulas."""

import json
import math
import types

import numpy as np
import pytest
from sklearn import dummy, linear_model, metrics, pipeline, preprocessing
from support.file_contents import metrics_line
from support.wilson import wilson

from tf_ssgan.metrics import classification
from tf_ssgan.training import error_context, result_contents, run_files

NAMES = ("many", "few", "rare", "untested")


def make_run(labels=(12, 6, 2, 0), held_out=7, noise=0):
    """A run with an imbalanced data set, and the predictions of its classifier."""
    chance = np.random.default_rng(0)
    truth = chance.choice(4, 200, p=[0.6, 0.2, 0.15, 0.05])
    images = chance.integers(0, 150, (200, 16, 16, 3)) + 25 * truth[:, None, None, None]
    ids = np.sort(np.concatenate([np.flatnonzero(truth == k)[:n] for k, n in enumerate(labels)]))
    learned = truth[ids].copy()
    learned[:noise] = (learned[:noise] + 1) % 3
    test = chance.choice(3, 80, p=[0.6, 0.3, 0.1])
    test_images = chance.integers(0, 150, (80, 16, 16, 3)) + 25 * test[:, None, None, None]
    scores = np.eye(4)[np.where(chance.random(80) < 0.6, test, 0)]
    scores[:, 2] = -1.0  # "rare" is never answered
    run = types.SimpleNamespace(
        info=types.SimpleNamespace(classes=NAMES),
        arrays=types.SimpleNamespace(
            train_images=images.astype(np.uint8), test_images=test_images.astype(np.uint8)
        ),
        protocol=types.SimpleNamespace(
            labeled_ids=ids, labels=learned, validation_ids=np.arange(held_out)
        ),
    )
    return run, classification.Predictions(scores, test)


def describe(run, test, **line):
    """The fields, checked as those of result.json are, and read as they are."""
    fields = error_context.describe(run, test, metrics_line(1, test.error) | line)
    kinds = result_contents.Result.model_fields
    assert {*fields} <= {*kinds}
    for own in fields["class_recall"]:
        run_files.check(result_contents.ClassCounts, own)
    run_files.check(result_contents.Guessing, fields["guessing"])
    if fields["linear"]:
        run_files.check(result_contents.LinearBaseline, fields["linear"])
    return json.loads(json.dumps(fields, allow_nan=False))


def test_intervals_are_of_the_number_of_images():
    run, test = make_run()
    fields = describe(run, test, validation_error=100 * 2 / 7)
    wrong = int((test.predicted != test.labels).sum())
    assert fields["test_error_interval"] == pytest.approx(wilson(wrong, 80))
    assert fields["validation_error_interval"] == pytest.approx(wilson(2, 7))
    none, test = make_run(held_out=0)
    line = metrics_line(1, test.error)
    del line["validation_error"]
    assert error_context.describe(none, test, line)["validation_error_interval"] is None


def test_recall_and_guessing_are_those_of_scikit_learn():
    run, test = make_run()
    fields = describe(run, test)
    own = fields["class_recall"]
    assert tuple(row["name"] for row in own) == NAMES
    table = metrics.confusion_matrix(test.labels, test.predicted, labels=range(4))
    assert [row["images"] for row in own] == table.sum(axis=1).tolist()
    assert [row["predicted"] for row in own] == table.sum(axis=0).tolist()
    recall = metrics.recall_score(test.labels, test.predicted, labels=range(3), average=None)
    assert [row["right"] / row["images"] for row in own[:3]] == pytest.approx(recall.tolist())
    assert own[3] == {"name": "untested", "images": 0, "right": 0, "predicted": 0, "labels": 0}
    assert own[2]["predicted"] == 0 < own[2]["images"]
    nothing = np.zeros((80, 1))
    guess = dummy.DummyClassifier(strategy="most_frequent").fit(nothing, test.labels)
    error = 100 * (1 - guess.score(nothing, test.labels))
    assert fields["guessing"]["error"] == pytest.approx(error)
    assert fields["guessing"]["name"] == NAMES[guess.predict(nothing[:1])[0]] == "many"
    wrong = int((test.labels != 0).sum())
    assert fields["guessing"]["interval"] == pytest.approx(wilson(wrong, 80))


@pytest.mark.parametrize("noise", [0, 8])
def test_the_linear_classifier_learned_the_labels_of_the_run(noise):
    run, test = make_run(noise=noise)
    linear = describe(run, test)["linear"]
    flat = [
        images.reshape(len(images), -1) / 255.0
        for images in (run.arrays.train_images[run.protocol.labeled_ids], run.arrays.test_images)
    ]
    model = linear_model.LogisticRegression(C=30 / 768, tol=1e-6, max_iter=1000)
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), model)
    predicted = scaled.fit(flat[0], run.protocol.labels).predict(flat[1])
    wrong = int((predicted != test.labels).sum())
    assert (linear["model"], linear["features"]) == ("logistic regression", "pixels of 16x16x3")
    assert linear["error"] == pytest.approx(100 * wrong / 80)
    assert linear["interval"] == pytest.approx(wilson(wrong, 80))
    mine, its = test.predicted == test.labels, predicted == test.labels
    one, two = int((mine & ~its).sum()), int((its & ~mine).sum())
    assert (linear["only_run_right"], linear["only_linear_right"]) == (one, two)
    tail = sum(math.comb(one + two, k) for k in range(min(one, two) + 1)) / 2 ** (one + two)
    assert linear["p"] == pytest.approx(min(1.0, 2 * tail))


@pytest.mark.parametrize(
    ("labels", "model"),
    [((0, 0, 0, 0), None), ((1, 1, 0, 0), "logistic regression"),
     ((0, 3, 0, 0), "the only class among the labels")],
)  # fmt: skip
def test_odd_numbers_of_labels(labels, model):
    run, test = make_run(labels=labels)
    linear = describe(run, test)["linear"]
    assert linear == model if model is None else linear["model"] == model


def test_one_test_image():
    run, _ = make_run()
    run.arrays.test_images = run.arrays.test_images[:1]
    test = classification.Predictions(np.eye(4)[[1]], np.array([2]))
    fields = describe(run, test)
    assert fields["test_error_interval"] == pytest.approx(wilson(1, 1))
    assert fields["guessing"]["name"] == "rare" and fields["guessing"]["error"] == 0.0
    assert fields["guessing"]["interval"] == pytest.approx([0.0, wilson(0, 1)[1]])


def test_the_first_of_equally_common_classes_is_guessed():
    assert error_context.guessing(np.array([2, 1, 1, 2, 0]), NAMES)["name"] == "few"
