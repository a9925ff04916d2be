"""Errors, guesses and grids."""

import numpy as np
import pytest

from tf_ssgan.metrics import classification
from tf_ssgan.nn import inference


def scores(answers):
    """A predictor that reads its answer from the first pixel."""
    return lambda images: np.eye(3)[images[:, 0, 0, 0]]


def images(answers):
    return np.array(answers, np.uint8)[:, None, None, None]


def test_error_and_confusion_by_hand():
    report = classification.evaluate(
        scores(None), images([0, 1, 2, 2, 0]), np.array([0, 1, 1, 2, 2]), 3
    )
    assert report.error == pytest.approx(40.0)
    assert report.confusion.tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 1]]


def test_the_ragged_last_batch_counts():
    answers = np.arange(2 * inference.BATCH_SIZE + 3) % 3
    labels = answers.copy()
    labels[-1] = (labels[-1] + 1) % 3
    report = classification.evaluate(scores(None), images(answers), labels, 3)
    assert report.error == pytest.approx(100 / len(labels))
    assert report.confusion.sum() == len(labels)


def test_no_images_no_error():
    report = classification.evaluate(scores(None), images([]), np.zeros(0, int), 3)
    assert np.isnan(report.error) and report.probabilities().shape == (0, 3)


def test_a_class_without_images_is_in_confusion_and_table():
    report = classification.evaluate(scores(None), images([0, 2]), np.array([0, 0]), 3)
    assert report.confusion.tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
    lines = [line.split() for line in report.by_class(("cat", "dog", "eel")).splitlines()]
    assert ["cat", "1.0000", "0.5000", "0.6667", "2"] in lines
    assert ["dog", "0.0000", "0.0000", "0.0000", "0"] in lines
    assert ["accuracy", "0.5000", "2"] in lines


def test_probabilities_over_a_temperature_by_hand():
    report = classification.Predictions(np.log(np.array([[1, 4, 16]], np.float32)), np.array([2]))
    np.testing.assert_allclose(report.probabilities(), [[1 / 21, 4 / 21, 16 / 21]], rtol=1e-6)
    np.testing.assert_allclose(report.probabilities(2.0), [[1 / 7, 2 / 7, 4 / 7]], rtol=1e-6)
    assert report.probabilities().dtype == np.float64


def test_it_can_be_interrupted_between_batches():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classification.evaluate(scores(None), images([0]), np.array([0]), 3, pause=stop)


SURE, UNSURE = 5.0, 0.1  # of three classes: probabilities .987 and .356


def logits(*rows):
    """A row for each (class, height of its logit)."""
    return np.array([height * np.eye(3)[place] for place, height in rows], np.float32)


def test_guesses_by_hand():
    """Sure of four: one right, one wrong, two that nobody can judge."""
    found = classification.pseudo_label_quality(
        logits((0, SURE), (1, SURE), (1, SURE), (1, SURE), (0, UNSURE)),
        np.array([0, 0, -1, -1, 1]),
        0.95,
    )
    assert found["pseudo_label_percent"] == pytest.approx(80.0)
    assert found["pseudo_label_right_percent"] == pytest.approx(50.0)
    assert found["sure"].tolist() == [1, 3, 0] and found["all"].tolist() == [2, 3, 0]


def test_guesses_that_are_never_sure_or_that_nobody_can_judge():
    unsure = classification.pseudo_label_quality(
        logits((0, UNSURE), (2, UNSURE)), np.array([0, 2]), 0.95
    )
    assert unsure["pseudo_label_percent"] == 0.0 and unsure["pseudo_label_right_percent"] is None
    assert unsure["sure"].tolist() == [0, 0, 0] and unsure["all"].tolist() == [1, 0, 1]
    unknown = classification.pseudo_label_quality(logits((0, SURE)), np.array([-1]), 0.95)
    assert unknown["pseudo_label_percent"] == 100.0
    assert unknown["pseudo_label_right_percent"] is None


def test_guesses_of_huge_logits():
    found = classification.pseudo_label_quality(logits((0, 1e4), (2, -1e4)), np.array([0, 0]), 0.95)
    assert found["pseudo_label_percent"] == 50.0  # the other two of the second share it
