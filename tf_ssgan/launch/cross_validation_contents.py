"""What `cross_validation.json` holds: types and ranges of its fields."""

from typing import Self

import pydantic

from tf_ssgan.training.result_contents import ClassCounts, Guessing, Interval, LinearBaseline
from tf_ssgan.training.run_file_contents import (
    ABSENT,
    Content,
    Count,
    Name,
    Percent,
    Positive,
    Size,
)


class FoldResult(Content):
    """The result of the run of a fold, in short."""

    fold: Count
    labels: Count
    steps: Positive
    images: Positive  # that it tests
    wrong: Count
    test_error: Percent


class CrossValidation(Content):
    """`cross_validation.json`: the errors of the runs of all folds, together.

    Each image is tested once, so errors and counts are those of all tested images. `guessing` is of
    the commonest class of all of them, not of each fold.
    """

    method: Name
    dataset: Name
    seed: Count
    split_seed: Count
    folds: Positive
    images: Positive
    wrong: Count
    test_error: Percent
    test_error_interval: Interval
    mean_over_folds: Percent
    std_over_folds: Size  # the sample standard deviation
    runs: list[FoldResult]
    class_recall: list[ClassCounts] = ABSENT
    guessing: Guessing = ABSENT
    linear: LinearBaseline | None = None
    final_command: Name

    @pydantic.model_validator(mode="after")
    def _check_sums(self) -> Self:
        for name in ("images", "wrong"):
            if sum(getattr(run, name) for run in self.runs) != getattr(self, name):
                raise ValueError(f"expected {name} to be the sum over the folds")
        if [run.fold for run in self.runs] != list(range(self.folds)):
            raise ValueError("expected a result of each fold")
        return self
