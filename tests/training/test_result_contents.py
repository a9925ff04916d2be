"""Tests of training/result_contents.py."""

import pytest
from support import file_contents, finished_run_folders

from tf_ssgan.training import result_contents, run_files


def test_what_a_run_measures_on_its_test_images_is_described():
    flags = finished_run_folders.flags()
    measured = {
        "test_error_interval": [27.4, 38.3],
        "validation_error_interval": None,
        "class_recall": [{"name": "cat", "images": 9, "right": 6, "predicted": 7}],
        "guessing": {"name": "cat", "error": 65.0, "interval": [59.0, 70.0]},
        "linear": {
            "model": "logistic regression", "features": "pixels", "error": 32.3,
            "interval": [27.0, 38.0], "only_run_right": 3, "only_linear_right": 9, "p": 0.15,
        },
    }  # fmt: skip
    run_files.check(result_contents.Result, file_contents.result(flags) | measured)
    wrong = {
        "test_error_interval": [27.4],
        "class_recall": [{"name": "cat", "images": 9, "right": 8, "predicted": 7}],
        "validation_error_interval": [38.3, 27.4],
        "guessing": {"name": "cat", "error": 165.0, "interval": [59.0, 70.0]},
        "linear": measured["linear"] | {"p": 1.5},
    }
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=name):
            run_files.check(result_contents.Result, file_contents.result(flags) | {name: value})


def test_a_result_says_of_which_fold_it_is_or_of_none():
    whole = file_contents.result(finished_run_folders.flags())
    run_files.check(result_contents.Result, whole | {"folds": 5, "fold": 4})
    for changed in ({"folds": 5}, {"fold": 0}, {"folds": 5, "fold": 5}, {"folds": 5, "fold": -1}):
        with pytest.raises(ValueError, match="fold"):
            run_files.check(result_contents.Result, whole | changed)


@pytest.mark.parametrize(
    "name, value",
    [
        ("test_error", 100.1), ("test_error", -0.1), ("epochs", -1.0), ("noise_rate", 1.5),
        ("temperature", 0.0), ("split_sha256", "A" * 64), ("dataset", ""), ("dataset", "a\0"),
        ("searched", {"tau": float("nan")}), ("hparams", {"width": None}), ("steps", 0),
        ("seconds", 1e300), ("parameters", {"classifier": -1}), ("versions", {"keras": 3}),
        ("code", {"tf_ssgan": None, "commit": "abc", "changed": None}),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(name, value):
    result = file_contents.result(finished_run_folders.flags()) | {name: value}
    with pytest.raises(ValueError, match=name):
        run_files.check(result_contents.Result, result)
