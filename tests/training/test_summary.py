"""What a person reads at the end of a run."""

from tf_ssgan.training import summary

RESULT = {
    "method": "wacgan_gpt", "dataset": "digits", "labels": 50, "steps": 1000, "seconds": 89.4,
    "images_per_second": 590.3, "waiting_percent": 0.26, "test_error": 8.8, "test_error_raw": 9.2,
    "test_error_median20": 9.8, "test_error_at_best_validation": 10.4, "searched": {},
}  # fmt: skip


def test_errors_and_speed_are_told():
    lines = summary.format_summary(RESULT, "runs/a").splitlines()
    assert lines[1] == (
        "wacgan_gpt on digits, 50 labels, 1000 steps in 89 s "
        "(590 images/s, 0.3 % of a step waiting for them)"
    )
    assert "  test_error                      8.80 %   (shipped weights, last step)" in lines
    assert any("10.40 %" in line for line in lines) and "runs/a" in lines[-1]


def test_without_validation_there_is_no_best():
    told = summary.format_summary(RESULT | {"test_error_at_best_validation": None}, "runs/a")
    assert "best" not in told


def test_what_a_run_has_found_is_told():
    assert "(found" not in summary.format_summary(RESULT, "runs/a")
    told = summary.format_summary(RESULT | {"searched": {"tau": 0.4074}}, "runs/a").splitlines()
    assert ["tau", "0.407", "(found:"] in [line.split()[:3] for line in told]


MEASURED = {
    "validation_error": 9.1, "average_precision_macro": 0.95349, "temperature": 1.8765,
    "expected_calibration_error": 0.0812, "expected_calibration_error_calibrated": 0.0124,
}  # fmt: skip


def test_ranking_and_calibration_are_told_of_runs_that_measured_them():
    assert "average_precision" not in summary.format_summary(RESULT, "runs/a")
    lines = summary.format_summary(RESULT | MEASURED, "runs/a").splitlines()
    assert "  average_precision_macro        0.953     (mean over the classes)" in lines
    assert (
        "  expected_calibration_error     0.081 -> 0.012 "
        "(temperature 1.88: fitted on validation images)"
    ) in lines


def test_without_validation_images_the_temperature_says_so():
    told = summary.format_summary(
        RESULT | MEASURED | {"validation_error": None, "temperature": 1.0}, "a"
    )
    assert "(temperature 1: there are no validation images to fit it on)" in told
