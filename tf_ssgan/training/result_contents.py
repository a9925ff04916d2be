"""What `result.json` holds: types and ranges of its fields, see `run_file_contents`."""

from typing import Annotated, Any, Self

import pydantic

from tf_ssgan.common import few_images
from tf_ssgan.training.run_file_contents import (
    ABSENT,
    Content,
    Count,
    Fraction,
    Name,
    Percent,
    Positive,
    Real,
    SavedCode,
    Scalar,
    Sha256,
    Size,
    Temperature,
    Text,
)


def _check_order(ends: list[float]) -> list[float]:
    if ends[0] > ends[1]:
        raise ValueError("expected the lower end first")
    return ends


# The ends of a 95 % interval of an error, in percent, see `metrics.intervals`.
Interval = Annotated[
    list[Percent],
    pydantic.Field(min_length=2, max_length=2),
    pydantic.AfterValidator(_check_order),
]


class ClassCounts(Content):
    """What became of the test images of a class."""

    name: Text
    images: Count
    right: Count  # of its images; its recall is right / images
    predicted: Count  # test images of any class that are classified as this one
    labels: Count = ABSENT  # that the run learned from

    @pydantic.model_validator(mode="after")
    def _check_right(self) -> Self:
        if self.right > min(self.images, self.predicted):
            raise ValueError("expected right to be at most images and predicted")
        return self


class KnownImages(Content):
    """How many test images have the pixels of training images."""

    labeled: Count  # of labeled ones
    unlabeled: Count  # of others


class Guessing(Content):
    """The error of an answer that is always the commonest class of the test images."""

    name: Text  # of the class
    error: Percent
    interval: Interval


class LinearBaseline(Content):
    """The error of a linear classifier of the same labels on the same test images.

    The two counts are of test images that only one of the two classifies correctly, and `p` is
    McNemar's test on them.
    """

    model: Name
    features: Name
    error: Percent
    interval: Interval
    only_run_right: Count
    only_linear_right: Count
    p: Fraction


class SavedCalibration(Content):
    """A fitted temperature, see `metrics.calibration.Calibration`."""

    temperature: Temperature
    images: Count
    ece_before: Fraction | None
    ece_after: Fraction | None
    nll_before: Size | None
    nll_after: Size | None


class Quality(Content):
    """How well predictions rank images and are calibrated, see `results.quality_metrics`."""

    average_precision_macro: Fraction | None
    average_precision_weighted: Fraction | None
    average_precision_pooled: Fraction | None
    top1_accuracy: Percent | None
    top3_accuracy: Percent | None
    expected_calibration_error: Fraction | None
    brier_score: Size | None
    temperature: Temperature
    expected_calibration_error_calibrated: Fraction | None
    brier_score_calibrated: Size | None


class Result(Quality):
    """`result.json`: the result of a finished run."""

    method: Name
    dataset: Name
    seed: Count
    split_seed: Count
    folds: Positive = ABSENT  # with `fold`, only of the run of a fold
    fold: Count = ABSENT
    labels: Count
    pool: Positive
    validation_images: Count
    tuned_by_held_out: bool = ABSENT  # then its validation error is not one of unseen images
    test_images: Positive
    classes_with_test_images: Positive
    classes_without_test_images: list[Text]
    classes_without_labels: list[Text] = ABSENT
    known_test_images: KnownImages = ABSENT
    label_split: Name
    noise: Name
    noise_rate: Fraction
    clean_fraction: Fraction
    checked_labels: Count = ABSENT  # if any, these are the clean ones
    class_weight: Name = ABSENT
    wrong_labels: Count
    split_sha256: Sha256
    data_sha256: Sha256
    steps: Positive
    epochs: Size
    test_error: Percent
    test_error_interval: Interval = ABSENT
    test_error_raw: Percent
    test_error_median20: Percent
    test_error_at_best_validation: Percent | None
    validation_error: Percent | None
    validation_error_interval: Interval | None = None
    class_recall: list[ClassCounts] = ABSENT
    guessing: Guessing = ABSENT
    linear: LinearBaseline | None = None
    test_error_raw_at_best_validation: Percent | None
    test_bound: Real = ABSENT  # nats per image; of generative models, see `monitoring.Bound`
    searched: dict[str, Real]
    searched_at_best_validation: dict[str, Real]
    searched_raw_at_best_validation: dict[str, Real] = ABSENT
    calibration: SavedCalibration
    seconds: Size
    images_per_second: Size
    waiting_percent: Percent
    precision: Name
    devices: Positive
    cores: Positive
    parameters: dict[str, Count]
    hparams: dict[str, Scalar]
    versions: dict[str, Text]
    code: SavedCode

    @pydantic.model_validator(mode="after")
    def _check_sums(self) -> Self:
        if self.labels + self.validation_images > self.pool:
            raise ValueError("expected labels and validation_images to be at most pool")
        if (self.folds is None) != (self.fold is None):
            raise ValueError("expected both folds and fold, or none")
        if self.folds is not None and self.fold >= self.folds:
            raise ValueError("expected fold to be less than folds")
        if self.wrong_labels > self.labels:
            raise ValueError("expected wrong_labels to be at most labels")
        if (self.checked_labels or 0) > self.labels:
            raise ValueError("expected checked_labels to be at most labels")
        if self.temperature != self.calibration.temperature:
            raise ValueError("expected temperature to be calibration.temperature")
        if None not in (self.top1_accuracy, self.top3_accuracy):
            if self.top1_accuracy > self.top3_accuracy:
                raise ValueError("expected top1_accuracy to be at most top3_accuracy")
        return self


def without_choices_of_few(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what few held-out images chose: older versions let any number choose.

    Args:
        result: The content of `result.json`; not changed.
    """
    changed: dict[str, Any] = {}
    if not few_images.may_choose(result["validation_images"]):
        for weights in ("", "_raw"):
            changed[f"test_error{weights}_at_best_validation"] = None
            changed[f"searched{weights}_at_best_validation"] = {}
    if not few_images.may_choose(result["calibration"]["images"]):
        names = ("ece_before", "ece_after", "nll_before", "nll_after")
        changed |= {
            "temperature": 1.0,
            "expected_calibration_error_calibrated": None,
            "brier_score_calibrated": None,
            "calibration": {"temperature": 1.0, "images": 0, **dict.fromkeys(names)},
        }
    return result | changed
