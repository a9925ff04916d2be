"""The errors of classifiers as they are written, beside those by scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics
from sklearn.dummy import DummyClassifier

from tf_ssgan.evaluation import error_entries
from tf_ssgan.metrics.classification import Predictions
from tf_ssgan.training import evaluation_contents, run_files

NAMES = ("cat", "dog", "owl", "fox")


def made(count, seed, classes=3):
    """Predictions for images of three of four classes."""
    chance = np.random.default_rng(seed)
    labels = np.minimum(chance.integers(0, classes + 1, count), classes - 1)
    scores = chance.normal(size=(count, len(NAMES))) + 1.5 * np.eye(len(NAMES))[labels]
    scores[:, 1] -= 100  # never predicted
    return Predictions(scores, labels)


def test_the_interval_is_that_of_the_number_of_wrong_answers():
    predictions = made(30, 0)
    entry = error_entries.errors_of(predictions)
    wrong = 30 - metrics.accuracy_score(predictions.labels, predictions.predicted, normalize=False)
    ends = stats.binomtest(int(wrong), 30).proportion_ci(method="wilson")
    assert entry["test_error"] == pytest.approx(100 * wrong / 30)
    assert entry["interval"] == pytest.approx([100 * ends.low, 100 * ends.high])
    assert "drop" not in entry


def test_each_class_and_guessing_are_those_of_scikit_learn():
    predictions = made(40, 1)
    entry = error_entries.by_class(predictions, NAMES)
    table = metrics.confusion_matrix(
        predictions.labels, predictions.predicted, labels=range(len(NAMES))
    )
    rows = [tuple(kind.values()) for kind in entry["class_recall"]]
    sums = table.sum(1).tolist(), table.diagonal().tolist(), table.sum(0).tolist()
    assert rows == list(zip(NAMES, *sums, strict=True))
    assert rows[1][3] == 0 and entry["classes_without_test_images"] == ["fox"]
    labels = predictions.labels
    dummy = DummyClassifier(strategy="most_frequent").fit(labels[:, None], labels)
    assert entry["guessing"]["name"] == NAMES[dummy.predict([[0]])[0]]
    guessed = 100 * (1 - dummy.score(labels[:, None], labels))
    assert entry["guessing"]["error"] == pytest.approx(guessed)
    right, guess = predictions.predicted == labels, dummy.predict(labels[:, None]) == labels
    only = (right & ~guess).sum(), (guess & ~right).sum()
    assert entry["guessing_p"] == pytest.approx(
        stats.binomtest(int(only[0]), int(sum(only))).pvalue
    )


def test_one_image_has_an_interval_too():
    one = Predictions(np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([0]))
    entry = error_entries.errors_of(one) | error_entries.by_class(one, NAMES)
    assert entry["test_error"] == 0 and entry["interval"][1] > 79
    assert entry["guessing"] == {"name": "cat", "error": 0.0, "interval": entry["interval"]}


def test_the_drop_has_an_interval_and_the_number_of_own_images():
    here, own = made(30, 2), made(50, 3)
    entry = error_entries.errors_of(here, own)
    assert entry["drop"] == pytest.approx(here.error - own.error) and entry["own_images"] == 50
    low, high = entry["drop_interval"]
    assert -100 <= low < entry["drop"] < high <= 100


def test_what_is_written_may_be_read():
    first, second, own = made(30, 4), made(30, 4), made(12, 6)
    entry = {"dataset": "folder:x", "images": 30, "part": "test"}
    entry |= error_entries.errors_of(first, own) | error_entries.by_class(first, NAMES)
    entry["against"] = error_entries.against("runs/b", first, second, own)
    content = {"step": 2, "test_sets": [entry], "generator_scores": []}
    run_files.check(evaluation_contents.Evaluation, content)
    assert (entry["against"]["p"], entry["against"]["only_first"]) == (1.0, 0)
