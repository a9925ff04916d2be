"""The summary that a run prints at its end."""

import pytest

from tf_ssgan.training import summary

RESULT = {
    "method": "wacgan_gpt", "dataset": "digits", "labels": 50, "steps": 1000, "seconds": 89.4,
    "images_per_second": 590.3, "waiting_percent": 0.26, "test_error": 8.8, "test_error_raw": 9.2,
    "test_error_median20": 9.8, "test_error_at_best_validation": 10.4, "searched": {},
    "validation_images": 129, "validation_error": 9.1, "classes_without_test_images": [],
    "classes_with_test_images": 10, "test_images": 500,
}  # fmt: skip


def test_errors_and_speed_are_in_the_summary():
    lines = summary.format_summary(RESULT, "runs/a").splitlines()
    assert lines[1] == (
        "wacgan_gpt on digits, 50 labels, 1000 steps in 89 s "
        "(590 images/s, 0.3 % of the time waiting for them)"
    )
    assert lines[2:8] == [
        "                                 error    images  95 % interval",
        "  test_error                      8.80 %     500    6.6 to  11.6 %  (exported weights, last step)",
        "  test_error_raw                  9.20 %     500    7.0 to  12.1 %  (without EMA)",
        "  test_error_median20             9.80 %     500                    (median of up to 20 evaluations)",
        "  test_error_at_best_validation  10.40 %     500    8.0 to  13.4 %  (best step by 129 held-out images)",
        "  validation_error                9.10 %     129    5.4 to  15.6 %  (held-out images, last step)",
    ]
    assert "runs/a" in lines[-1]


def test_a_bound_is_in_the_summary_with_its_unit():
    lines = summary.format_summary(RESULT | {"test_bound": -1234.567}, "runs/a").splitlines()
    expected = (
        "  test_bound                     -1234.57  (nats per image: lower bound of log p(x))"
    )
    assert expected in lines
    assert "bound" not in summary.format_summary(RESULT, "runs/a")


def test_without_validation_there_is_no_best():
    none = {"validation_images": 0, "validation_error": None, "test_error_at_best_validation": None}
    text = summary.format_summary(RESULT | none, "runs/a")
    assert "best" not in text and "validation" not in text
    assert (
        "\n  No images are held out to choose a step or to fit a temperature; 100 are needed.\n"
        in text
    )


FEW = {"validation_images": 6, "validation_error": 16.667, "test_error_at_best_validation": None}


def test_few_validation_images_are_counted_and_choose_nothing():
    lines = summary.format_summary(RESULT | FEW, "runs/a").splitlines()
    assert (
        "  validation_error               16.67 %       6    3.0 to  56.4 %  (held-out images, last step)"
        in lines
    )
    assert (
        "  6 held-out images are too few to choose a step or to fit a temperature; 100 are needed."
        in lines
    )
    assert not any("best" in line for line in lines)


def test_classes_without_test_images_are_named():
    missing = {"classes_without_test_images": ["few", "rare"], "classes_with_test_images": 1}
    lines = summary.format_summary(RESULT | MEASURED | missing, "runs/a").splitlines()
    assert "  No test image of few, rare: no test error says anything about them." in lines
    own = RESULT | MEASURED | {"average_precision_macro": None}  # of test images of one class
    text = summary.format_summary(own, "runs/a")
    assert "average_precision" not in text and "expected_calibration_error" in text
    assert "No test image" not in summary.format_summary(RESULT, "runs/a")


def test_classes_without_labels_are_named():
    text = summary.format_summary(RESULT | {"classes_without_labels": ["dog"]}, "runs/a")
    assert "\n  No labeled training image of dog: the classifier will not know it.\n" in text
    assert "No labeled" not in summary.format_summary(RESULT, "runs/a")


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
        "(temperature 1.88: fitted on 129 held-out images)"
    ) in lines


@pytest.mark.parametrize(
    ("held_out", "reason"),
    [
        (0, "No images are held out"),
        (1, "1 held-out image is too few"),
        (6, "6 held-out images are too few"),
    ],
)
def test_without_a_temperature_the_summary_says_why(held_out, reason):
    none = {"temperature": 1.0, "expected_calibration_error_calibrated": None}
    text = summary.format_summary(
        RESULT | MEASURED | FEW | none | {"validation_images": held_out}, "a"
    )
    assert "  expected_calibration_error     0.081     (no temperature was fitted)\n" in text
    assert f"  {reason} to choose a step or to fit a temperature; 100 are needed.\n" in text


def counts(name, images, right, predicted):
    """What became of the test images of a class."""
    return {"name": name, "images": images, "right": right, "predicted": predicted}


CONTEXT = {
    "class_recall": [counts("many", 400, 390, 440), counts("few", 90, 66, 60), counts("rare", 10, 0, 0)],
    "guessing": {"name": "many", "error": 20.0, "interval": [16.7, 23.7]},
    "linear": {"model": "logistic regression", "features": "pixels of 16x16x3, averaged", "error": 12.4,
               "interval": [9.8, 15.6], "only_run_right": 40, "only_linear_right": 22, "p": 0.030},
}  # fmt: skip


def test_guessing_and_a_linear_classifier_are_beside_the_errors():
    lines = summary.format_summary(RESULT | CONTEXT, "runs/a").splitlines()
    at = lines.index(
        "  guessing                       20.00 %     500   16.7 to  23.7 %  (always answers many)"
    )
    assert lines[at + 1 : at + 4] == [
        "  linear classifier              12.40 %     500    9.8 to  15.6 %  (logistic regression)",
        "  The linear classifier learned from the same labels, on pixels of 16x16x3, averaged.",
        "  wacgan_gpt beats the linear classifier: 3.6 points lower error, p = 0.03.",
    ]
    older = summary.format_summary(RESULT, "runs/a")
    assert not any(word in older for word in ("guessing", "linear", "Recognized", "None"))
    no_labels = summary.format_summary(RESULT | CONTEXT | {"linear": None}, "runs/a")
    assert "guessing  " in no_labels and "linear" not in no_labels


def test_recall_is_shown_with_its_counts_and_classes_never_predicted_are_named():
    lines = summary.format_summary(RESULT | CONTEXT, "runs/a").splitlines()
    at = lines.index("  Recognized test images of each class:")
    assert lines[at + 1 : at + 4] == [
        "    many                         97.50 %     390 of 400",
        "    few                          73.33 %      66 of 90",
        "    rare                          0.00 %       0 of 10",
    ]
    assert lines[at - 1] == "  None of 500 test images is predicted as rare."


def test_what_to_do_for_a_rare_class_that_is_recognized_least():
    def text(few=3, weight="none", right=0):
        kinds = [("many", 400, 390, 440, 60), ("rare", 10, right, right, few)]
        own = [counts(*kind[:4]) | {"labels": kind[4]} for kind in kinds]
        changed = {"class_recall": own, "labels": 60 + few, "class_weight": weight}
        return summary.format_summary(RESULT | CONTEXT | changed, "runs/a")

    advice = "The class rare has 3 of 63 labels and is recognized least: label more of it"
    assert f"{advice}, or try --class_weight=balanced." in " ".join(text().split())
    assert f"{advice}." in " ".join(text(weight="balanced").split())
    assert (
        "    rare                          0.00 %       0 of 10  (3 labels)" in text().splitlines()
    )
    assert "(1 label)" in text(few=1)
    for other in (text(few=30), text(few=0), text(right=10)):
        assert "recognized least" not in other


def test_of_many_classes_the_worst_are_shown():
    own = [counts(f"c{k}", 4 if k else 0, k % 4, 2) for k in range(30)]
    text = summary.format_summary(RESULT | CONTEXT | {"class_recall": own}, "runs/a")
    _, shown = text.split(
        "  Recognized test images of the 5 classes where they are fewest, of 29; report.txt has all:\n"
    )
    assert [line.split()[0] for line in shown.splitlines()[:5]] == ["c4", "c8", "c12", "c16", "c20"]
    assert "    c24" not in text and "c0 " not in text


def test_odd_names_of_classes_keep_the_columns():
    names = ["漢字", "x" * 300, "a\x1b[31m", "none\n"]
    own = [counts(name, 5 * (name[0] != "n"), 1, 1) for name in names]
    lines = summary.format_summary(RESULT | CONTEXT | {"class_recall": own}, "runs/a").splitlines()
    at = lines.index("  Recognized test images of each class:")
    assert lines[at + 1 : at + 5] == [
        "    漢字                         20.00 %       1 of 5",
        f"    {'x' * 25}…   20.00 %       1 of 5",
        "    a\\x1b[31m                    20.00 %       1 of 5",
        "    none\\n                        no test images",
    ]
    guessing = {"guessing": {"name": "漢\x1b" * 30, "error": 20.0, "interval": [16.7, 23.7]}}
    text = summary.format_summary(RESULT | CONTEXT | guessing, "runs/a")
    assert "\x1b" not in text and "…)" in text


def test_lines_are_short_whatever_the_classes_are_called():
    own = [counts("y" * 60 + str(k), 1, 0, 0) for k in range(40)]
    text = summary.format_summary(
        RESULT | MEASURED | CONTEXT
        | {"class_recall": own, "classes_without_test_images": ["z z" * 50] * 20}, "runs/a",
    )  # fmt: skip
    assert max(map(len, text.splitlines())) <= 104


def test_a_folder_with_blanks_is_quoted_in_the_command_to_export_it():
    last = summary.format_summary(RESULT, "my runs/a").splitlines()[-1]
    assert (
        last == "Export it: python -m export.export_main --run='my runs/a' --to=served/wacgan_gpt"
    )


def test_test_images_that_are_training_images_too_are_said():
    known = {"labeled": 3, "unlabeled": 7}
    text = summary.format_summary(RESULT | {"known_test_images": known}, "runs/a")
    said = "  10 of 500 test images are training images too, 3 of them with its label: the error on"
    assert said in text
    for other in ({"labeled": 0, "unlabeled": 0}, None):
        text = summary.format_summary(RESULT | {"known_test_images": other}, "runs/a")
        assert "training images too" not in text
