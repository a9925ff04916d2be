"""Predictions with and without a label, and counts of them."""

import numpy as np
import pytest

from export import predictions

CLASSES = ["a", "b", "c"]


def predicted(*probabilities, top=1, abstain_below=0.0):
    row = predictions.Prediction("x.png")
    return row.with_probabilities(np.array(probabilities), CLASSES, top, abstain_below)


def test_the_label_is_the_most_likely_class():
    row = predicted(0.2, 0.5, 0.3, top=2)
    assert (row.path, row.label, row.reason, row.abstained) == ("x.png", "b", None, False)
    assert row.top == (("b", 0.5), ("c", 0.3))


def test_of_equally_likely_classes_the_first_is_taken():
    assert predicted(0.2, 0.4, 0.4).label == "b"


@pytest.mark.parametrize(("abstain_below", "label"), [(0.5, "b"), (0.51, None)])
def test_below_the_threshold_there_is_no_label(abstain_below, label):
    row = predicted(0.2, 0.5, 0.3, abstain_below=abstain_below)
    assert row.label == label and row.abstained == (label is None)
    assert row.top == (("b", 0.5),)
    assert row.reason == (None if label else "probability 0.5000 of b is below 0.51")


def test_probabilities_that_are_not_numbers_give_no_label():
    row = predictions.Prediction("x").with_probabilities(
        np.array([np.nan, 1.0]), ["a", "b"], 1, 0.0
    )
    assert row.label is None and row.top == () and "not a number" in row.reason


def test_rows_are_counted_and_summarized():
    counts = predictions.PredictionCounts()
    counts.count(predicted(0.2, 0.5, 0.3))
    assert "above those of all training images" not in counts.summary(0.5, 2.0)
    assert counts.summary(0.5, 2.0) == (
        "1 image in 0.5 s (2 images/s), 0 could not be read, 0 abstained; start-up 2.0 s"
    )
    counts.count(predicted(0.2, 0.5, 0.3, abstain_below=0.9))
    counts.count(predictions.Prediction("y.png", reason="is empty"))
    assert counts == predictions.PredictionCounts(rows=3, unread=1, abstained=1)


def test_images_brighter_than_those_of_training_are_counted():
    counts = predictions.PredictionCounts()
    for clipped in (True, False, True):
        counts.count(predictions.Prediction("a.png", (("cat", 0.9),), clipped=clipped))
    assert "; 2 of 16 bits have values above those of all training images" in counts.summary(1, 1)
