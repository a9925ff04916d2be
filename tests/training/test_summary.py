"""The summary that a run prints at its end."""

from tf_ssgan.training import summary

RESULT = {
    "method": "wacgan_gpt", "dataset": "digits", "labels": 50, "steps": 1000, "seconds": 89.4,
    "images_per_second": 590.3, "waiting_percent": 0.26, "test_error": 8.8, "test_error_raw": 9.2,
    "test_error_median20": 9.8, "test_error_at_best_validation": 10.4, "searched": {},
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
    text = summary.format_summary(RESULT | {"test_error_at_best_validation": None}, "runs/a")
    assert "best" not in text


def test_searched_hyperparameters_are_in_the_summary():
    assert "(searched" not in summary.format_summary(RESULT, "runs/a")
    lines = summary.format_summary(RESULT | {"searched": {"tau": 0.4074}}, "runs/a").splitlines()
    assert ["tau", "0.407", "(searched:"] in [line.split()[:3] for line in lines]


MEASURED = {
    "validation_error": 9.1, "average_precision_macro": 0.95349, "temperature": 1.8765,
    "expected_calibration_error": 0.0812, "expected_calibration_error_calibrated": 0.0124,
}  # fmt: skip


def test_ranking_and_calibration_are_in_the_summary_if_they_were_measured():
    assert "average_precision" not in summary.format_summary(RESULT, "runs/a")
    lines = summary.format_summary(RESULT | MEASURED, "runs/a").splitlines()
    assert "  average_precision_macro        0.953     (mean over the classes)" in lines
    assert (
        "  expected_calibration_error     0.081 -> 0.012 "
        "(temperature 1.88: fitted on validation images)"
    ) in lines


def test_without_validation_images_the_temperature_says_so():
    text = summary.format_summary(
        RESULT | MEASURED | {"validation_error": None, "temperature": 1.0}, "a"
    )
    assert "(temperature 1: there are no validation images to fit it on)" in text
