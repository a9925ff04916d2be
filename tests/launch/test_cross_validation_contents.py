"""What cross_validation.json holds."""

import pydantic
import pytest

from tf_ssgan.launch import cross_validation_contents

WHOLE = {
    "method": "frgan", "dataset": "folder:x", "seed": 0, "split_seed": 0, "folds": 2, "images": 9,
    "wrong": 3, "test_error": 100 / 3, "test_error_interval": [12.1, 64.6],
    "mean_over_folds": 32.5, "std_over_folds": 10.6, "final_command": "python train_main.py",
    "runs": [
        {"fold": 0, "labels": 4, "steps": 9, "images": 5, "wrong": 2, "test_error": 40.0},
        {"fold": 1, "labels": 5, "steps": 9, "images": 4, "wrong": 1, "test_error": 25.0},
    ],
}  # fmt: skip


def test_a_whole_summary_is_what_it_should_be():
    made = cross_validation_contents.CrossValidation(**WHOLE)
    assert made.model_dump(exclude_unset=True) == WHOLE


@pytest.mark.parametrize(
    "changed",
    [{"images": 10}, {"wrong": 2}, {"folds": 3}, {"runs": WHOLE["runs"][::-1]},
     {"test_error_interval": [1.0]}, {"test_error": 101.0}, {"std_over_folds": -1.0}],
)  # fmt: skip
def test_sums_are_those_of_the_folds(changed):
    with pytest.raises(pydantic.ValidationError, match="|".join((*changed, "each fold"))):
        cross_validation_contents.CrossValidation(**WHOLE | changed)
