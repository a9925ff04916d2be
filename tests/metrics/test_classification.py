"""Errors, confusions and pseudo-labels of classifiers, by hand."""

import numpy as np
import pytest

from tf_ssgan.metrics import classification
from tf_ssgan.nn import inference


def first_pixel(images):
    """A predictor that reads the class from the first pixel."""
    return np.eye(3)[images[:, 0, 0, 0]]


def images(classes):
    return np.array(classes, np.uint8)[:, None, None, None]


def test_error_and_confusion_by_hand():
    predictions = classification.evaluate(
        first_pixel, images([0, 1, 2, 2, 0]), np.array([0, 1, 1, 2, 2]), 3
    )
    assert predictions.error == pytest.approx(40.0)
    assert predictions.confusion.tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 1]]
    assert np.stack(predictions.class_counts).tolist() == [[1, 2, 2], [1, 1, 1], [2, 1, 2]]


def test_images_of_a_smaller_last_batch_count():
    classes = np.arange(2 * inference.BATCH_SIZE + 3) % 3
    labels = classes.copy()
    labels[-1] = (labels[-1] + 1) % 3
    predictions = classification.evaluate(first_pixel, images(classes), labels, 3)
    assert predictions.error == pytest.approx(100 / len(labels))
    assert predictions.confusion.sum() == len(labels)


def test_the_error_without_images_is_nan():
    predictions = classification.evaluate(first_pixel, images([]), np.zeros(0, int), 3)
    assert np.isnan(predictions.error) and predictions.probabilities().shape == (0, 3)


def test_a_class_without_images_is_in_the_confusion_and_the_table():
    predictions = classification.evaluate(first_pixel, images([0, 2]), np.array([0, 0]), 3)
    assert predictions.confusion.tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
    lines = [
        line.split()
        for line in predictions.classification_report(("cat", "dog", "eel")).splitlines()
    ]
    assert ["cat", "1.0000", "0.5000", "0.6667", "2"] in lines
    assert ["dog", "0.0000", "0.0000", "0.0000", "0"] in lines
    assert ["accuracy", "0.5000", "2"] in lines


def test_a_table_of_odd_names_ends_with_the_list_of_their_numbers():
    predictions = classification.evaluate(first_pixel, images([0, 2]), np.array([0, 0]), 3)
    assert "by their numbers" not in predictions.classification_report(("cat", "dog", "eel"))
    names = ("猫", "two\nlines \udcf6", "W" * 255)
    table = predictions.classification_report(names)
    rows = ["#0 猫", r"#1 two\nlines \udcf6", "#2 " + "W" * 255]
    assert table.endswith("The classes by their numbers:\n" + "\n".join(rows) + "\n")
    assert max(map(len, table.splitlines()[:6])) < 100
    assert table.encode("utf-8")


def test_probabilities_over_a_temperature_by_hand():
    predictions = classification.Predictions(
        np.log(np.array([[1, 4, 16]], np.float32)), np.array([2])
    )
    np.testing.assert_allclose(predictions.probabilities(), [[1 / 21, 4 / 21, 16 / 21]], rtol=1e-6)
    np.testing.assert_allclose(predictions.probabilities(2.0), [[1 / 7, 2 / 7, 4 / 7]], rtol=1e-6)
    assert predictions.probabilities().dtype == np.float64


def test_an_evaluation_can_be_interrupted_between_batches():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classification.evaluate(first_pixel, images([0]), np.array([0]), 3, pause=stop)


CONFIDENT, UNSURE = 5.0, 0.1  # logits; of three classes, probabilities .987 and .356


def logits(*rows):
    """A row for each pair of a class and its logit."""
    return np.array([value * np.eye(3)[k] for k, value in rows], np.float32)


def test_pseudo_labels_by_hand():
    quality = classification.pseudo_label_quality(
        logits((0, CONFIDENT), (1, CONFIDENT), (1, CONFIDENT), (1, CONFIDENT), (0, UNSURE)), 0.95
    )
    assert quality["pseudo_label_percent"] == pytest.approx(80.0)
    assert quality["confident"].tolist() == [1, 3, 0] and quality["all"].tolist() == [2, 3, 0]
    unsure = classification.pseudo_label_quality(logits((0, UNSURE), (2, UNSURE)), 0.95)
    assert unsure["pseudo_label_percent"] == 0.0
    assert unsure["confident"].tolist() == [0, 0, 0] and unsure["all"].tolist() == [1, 0, 1]


def test_confident_pseudo_labels_are_judged():
    """Of three confident ones, one is right; the unsure one does not count."""
    given = logits((0, CONFIDENT), (1, CONFIDENT), (1, CONFIDENT), (0, UNSURE))
    judged = classification.judge_pseudo_labels(given, np.array([0, 0, 2, 0]), 0.95)
    assert judged["pseudo_label_judged"] == 3
    assert judged["pseudo_label_right_percent"] == pytest.approx(100 / 3)


def test_noisy_labels_are_judged_by_precision_and_recall():
    """Of three detected labels two are wrong; of four wrong ones two are detected."""
    detected = np.array([1, 1, 1, 0, 0, 0], bool)
    wrong = np.array([1, 1, 0, 1, 1, 0], bool)
    judged = classification.judge_noisy_labels(detected, wrong)
    expected = {"noisy_label_precision_percent": 200 / 3, "noisy_label_recall_percent": 50}
    assert judged == pytest.approx(expected)
    nobody = classification.judge_noisy_labels(~detected & detected, wrong)
    assert nobody == {"noisy_label_precision_percent": None, "noisy_label_recall_percent": 0}


def test_each_predicted_class_may_have_a_threshold_of_its_own():
    """Probabilities .987, .356 and .987, of classes 0, 1 and 2."""
    given = logits((0, CONFIDENT), (1, UNSURE), (2, CONFIDENT))
    thresholds = np.array([0.9, 0.3, 0.99])
    quality = classification.pseudo_label_quality(given, thresholds)
    assert quality["confident"].tolist() == [1, 1, 0] and quality["all"].tolist() == [1, 1, 1]
    judged = classification.judge_pseudo_labels(given, np.array([0, 2, 2]), thresholds)
    assert judged == {"pseudo_label_right_percent": 50.0, "pseudo_label_judged": 2}


def test_without_confident_pseudo_labels_none_is_judged():
    unsure = logits((0, UNSURE), (2, UNSURE))
    for given in (unsure, unsure[:0]):
        judged = classification.judge_pseudo_labels(given, np.array([0, 2])[: len(given)], 0.95)
        assert judged == {"pseudo_label_right_percent": None, "pseudo_label_judged": 0}


@pytest.mark.parametrize("strict, percent", [(False, 100.0), (True, 0.0)])
def test_a_probability_at_the_threshold_is_confident_unless_strict(strict, percent):
    half = np.array([[1e4, 1e4, 0.0]], np.float32)
    quality = classification.pseudo_label_quality(half, 0.5, strict)
    assert quality["pseudo_label_percent"] == percent
    assert quality["confident"].sum() == percent / 100 and quality["all"].tolist() == [1, 0, 0]
    judged = classification.judge_pseudo_labels(half, np.array([0]), 0.5, strict)
    assert judged["pseudo_label_judged"] == percent / 100


def test_pseudo_labels_of_huge_logits():
    quality = classification.pseudo_label_quality(logits((0, 1e4), (2, -1e4)), 0.95)
    assert quality["pseudo_label_percent"] == 50.0  # two classes share the second image
