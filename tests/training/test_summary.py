"""The summary that a run prints at its end."""

import pytest

from tf_ssgan.training import summary

RESULT = {
    "method": "wacgan_gpt", "dataset": "digits", "labels": 50, "steps": 1000, "seconds": 89.4,
    "images_per_second": 590.3, "waiting_percent": 0.26, "test_error": 8.8, "test_error_raw": 9.2,
    "test_error_median20": 9.8, "test_error_at_best_validation": 10.4, "searched": {},
    "validation_images": 129, "validation_error": 9.1, "classes_without_test_images": [],
    "classes_with_test_images": 10,
}  # fmt: skip


def test_errors_and_speed_are_in_the_summary():
    lines = summary.format_summary(RESULT, "runs/a").splitlines()
    assert lines[1] == (
        "wacgan_gpt on digits, 50 labels, 1000 steps in 89 s "
        "(590 images/s, 0.3 % of the time waiting for them)"
    )
    assert "  test_error                      8.80 %   (exported weights, last step)" in lines
    assert any("10.40 %" in line for line in lines) and "runs/a" in lines[-1]


def test_without_validation_there_is_no_best():
    none = {"validation_images": 0, "validation_error": None, "test_error_at_best_validation": None}
    text = summary.format_summary(RESULT | none, "runs/a")
    assert "best" not in text and "validation" not in text


FEW = {"validation_images": 6, "validation_error": 16.667, "test_error_at_best_validation": None}


def test_few_validation_images_are_counted_and_choose_nothing():
    lines = summary.format_summary(RESULT | FEW, "runs/a").splitlines()
    assert (
        "  validation_error               16.67 %   "
        "(of 6 images: 6 held-out images are too few to choose a step by; 100 are needed)"
    ) in lines
    assert not any("best" in line for line in lines)


def test_classes_without_test_images_are_named():
    missing = {"classes_without_test_images": ["few", "rare"], "classes_with_test_images": 1}
    lines = summary.format_summary(RESULT | MEASURED | missing, "runs/a").splitlines()
    assert "  no test image of few, rare: no test error says anything about them" in lines
    assert any("(mean over the 1 class that has test images)" in line for line in lines)
    assert "no test image" not in summary.format_summary(RESULT, "runs/a")


def test_classes_without_labels_are_named():
    text = summary.format_summary(RESULT | {"classes_without_labels": ["dog"]}, "runs/a")
    assert "\n  no labeled training image of dog: the classifier will not know it\n" in text
    assert "no labeled" not in summary.format_summary(RESULT, "runs/a")


def test_searched_hyperparameters_are_in_the_summary():
    assert "(searched" not in summary.format_summary(RESULT, "runs/a")
    lines = summary.format_summary(RESULT | {"searched": {"tau": 0.4074}}, "runs/a").splitlines()
    assert ["tau", "0.407", "(searched:"] in [line.split()[:3] for line in lines]


MEASURED = {
    "average_precision_macro": 0.95349, "temperature": 1.8765,
    "expected_calibration_error": 0.0812, "expected_calibration_error_calibrated": 0.0124,
}  # fmt: skip


def test_ranking_and_calibration_are_in_the_summary_if_they_were_measured():
    assert "average_precision" not in summary.format_summary(RESULT, "runs/a")
    lines = summary.format_summary(RESULT | MEASURED, "runs/a").splitlines()
    assert (
        "  average_precision_macro        0.953     (mean over the 10 classes that have test images)"
        in lines
    )
    assert (
        "  expected_calibration_error     0.081 -> 0.012 "
        "(temperature 1.88: fitted on validation images)"
    ) in lines


@pytest.mark.parametrize(
    ("held_out", "reason"),
    [(0, "no images are held out to fit one"), (6, "6 held-out images are too few to fit one")],
)
def test_without_a_temperature_the_summary_says_why(held_out, reason):
    none = {"temperature": 1.0, "expected_calibration_error_calibrated": None}
    text = summary.format_summary(
        RESULT | MEASURED | FEW | none | {"validation_images": held_out}, "a"
    )
    assert (
        f"expected_calibration_error     0.081     (no temperature: {reason}; 100 are needed)"
    ) in text


def test_a_folder_with_blanks_is_quoted_in_the_command_to_export_it():
    last = summary.format_summary(RESULT, "my runs/a").splitlines()[-1]
    assert (
        last == "Export it: python -m export.export_main --run='my runs/a' --to=served/wacgan_gpt"
    )
