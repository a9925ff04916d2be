"""Whether a run is better than guessing and than a linear classifier."""

import pytest
from scipy import stats

from tf_ssgan.training import verdicts


def result(only_run, only_linear, p):
    linear = {"only_run_right": only_run, "only_linear_right": only_linear, "p": p}
    return {"method": "frgan", "test_images": 200, "linear": linear}


@pytest.mark.parametrize(
    ("measured", "sentence"),
    [
        (result(10, 10, 1.0), "frgan does not beat the linear classifier: both have the same error."),
        (result(0, 0, 1.0), "frgan does not beat the linear classifier: both have the same error."),
        (result(10, 11, 1.0),
         "frgan does not beat the linear classifier: 0.5 points higher error, p = 1."),
        (result(10, 40, 3e-5),
         "frgan does not beat the linear classifier: 15.0 points higher error, p < 0.0001."),
        (result(20, 10, 0.0987),
         "frgan is not told apart from the linear classifier: 5.0 points lower error, p = 0.099."),
        (result(20, 10, 0.05),
         "frgan is not told apart from the linear classifier: 5.0 points lower error, p = 0.05."),
        (result(40, 10, 3e-5),
         "frgan beats the linear classifier: 15.0 points lower error, p < 0.0001."),
    ],
)  # fmt: skip
def test_only_a_significantly_lower_error_beats(measured, sentence):
    assert verdicts.of_linear(measured) == sentence


def guessed(right_common, images_common, right_rare, images_rare):
    """A result with two classes of test images; predictions do not matter beyond that."""
    rows = (("common", images_common, right_common), ("rare", images_rare, right_rare))
    return {
        "method": "vat", "test_images": images_common + images_rare,
        "guessing": {"name": "common", "error": 100 * images_rare / (images_common + images_rare)},
        "class_recall": [{"name": n, "images": i, "right": r, "predicted": i} for n, i, r in rows],
    }  # fmt: skip


def test_a_run_that_is_no_better_than_guessing_is_said_to_be_so():
    same = "vat does not beat guessing: both have the same error."
    assert verdicts.of_guessing(guessed(90, 90, 0, 10)) == same
    assert verdicts.of_guessing(guessed(85, 90, 5, 10)) == same
    worse = verdicts.of_guessing(guessed(80, 90, 5, 10))
    p = stats.binomtest(5, 15).pvalue
    assert worse == f"vat does not beat guessing: 5.0 points higher error, p = {p:.2g}."
    better = verdicts.of_guessing(guessed(90, 90, 5, 10))
    p = stats.binomtest(5, 5).pvalue
    assert better == f"vat is not told apart from guessing: 5.0 points lower error, p = {p:.2g}."
    assert verdicts.of_guessing(guessed(90, 90, 6, 10)) == ""  # p = 0.031: it beats guessing


def test_a_single_test_image_distinguishes_nothing():
    assert "does not beat guessing" in verdicts.of_guessing(guessed(1, 1, 0, 0))


def test_results_of_older_runs_say_nothing():
    for older in ({}, {"linear": None}, {"guessing": {"name": "a"}, "class_recall": []}):
        assert verdicts.of_linear(older) == verdicts.of_guessing(older) == ""
    renamed = guessed(9, 9, 1, 3) | {"guessing": {"name": "gone", "error": 25.0}}  # by hand
    assert verdicts.of_guessing(renamed) == ""
