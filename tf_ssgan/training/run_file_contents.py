"""What the JSON files of a run hold: types and ranges of their fields, for pydantic.

`evaluation_contents` has those of `evaluation.json`.
Fields that are not described here are kept and not checked.
"""

import math
import re
from typing import Annotated, Any, Literal, Self

import pydantic

LARGEST = 1e15  # number of a file
Count = Annotated[int, pydantic.Field(ge=0, le=2**53)]
Positive = Annotated[int, pydantic.Field(ge=1, le=2**53)]
Size = Annotated[float, pydantic.Field(ge=0, le=LARGEST)]
Real = Annotated[float, pydantic.Field(ge=-LARGEST, le=LARGEST)]
Fraction = Annotated[float, pydantic.Field(ge=0, le=1)]
Percent = Annotated[float, pydantic.Field(ge=0, le=100)]
Temperature = Annotated[float, pydantic.Field(gt=0, le=LARGEST)]
Sha256 = Annotated[str, pydantic.Field(pattern="^[0-9a-f]{64}$")]
Version = Annotated[str, pydantic.Field(pattern=r"^[0-9A-Za-z.+-]{1,40}$")]


def _check_scalar(value: Any) -> Any:
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError("expected a number, a text, true or false")
    if isinstance(value, str):
        return _check_text(value)
    # A hyperparameter may be infinite; NaN is equal to nothing, not even to itself.
    if not abs(value) <= LARGEST and value not in (math.inf, -math.inf):
        raise ValueError(f"expected a number up to {LARGEST:g}")
    return value


def _check_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text")
    if "\0" in value:
        raise ValueError("expected a text without NUL, which no path has")
    return value


def _check_name(value: Any) -> str:
    if not _check_text(value) or min(value) < " ":
        raise ValueError("expected a text of one line")
    return value


def _check_file_name(value: str) -> str:
    if not re.fullmatch(r"state\.(index|data-[0-9]{5}-of-[0-9]{5})", value):
        raise ValueError("expected the name of a file of TensorFlow, such as state.index")
    return value


def _check_files(value: dict[str, str]) -> dict[str, str]:
    if "state.index" not in value or len(value) < 2:
        raise ValueError("expected state.index and state.data-...")
    return value


# Not `str`: pydantic refuses texts that are not Unicode, and names of files need not be.
Scalar = Annotated[Any, pydantic.AfterValidator(_check_scalar)]
Text = Annotated[Any, pydantic.AfterValidator(_check_text)]
Name = Annotated[Any, pydantic.AfterValidator(_check_name)]
FileName = Annotated[str, pydantic.AfterValidator(_check_file_name)]

ABSENT: Any = None  # a field that may be missing; if it is there, it is not null


class Content(pydantic.BaseModel):
    """What a file, or a part of one, holds. Fields that are not described are kept, unchecked."""

    model_config = pydantic.ConfigDict(strict=True, allow_inf_nan=False, extra="allow")


class MetricsLine(Content):
    """A line of `metrics.jsonl`: one evaluation. All other values are numbers or null.

    A line has validation errors if the run has validation images.
    """

    __pydantic_extra__: dict[str, Real | None]
    step: Positive
    epoch: Size
    test_error: Percent
    test_error_raw: Percent
    validation_error: Percent = ABSENT
    validation_error_raw: Percent = ABSENT
    seconds: Size
    images_per_second: Size
    waiting_percent: Percent

    @pydantic.model_validator(mode="after")
    def _check_validation(self) -> Self:
        if (self.validation_error is None) != (self.validation_error_raw is None):
            raise ValueError("expected both validation errors or none")
        return self


class SavedCode(Content):
    """The code that wrote a file, see `common.checkout.Code`."""

    tf_ssgan: Name | None
    commit: Annotated[str, pydantic.Field(pattern="^[0-9a-f]{40,64}$")] | None
    changed: bool | None


class SavedProtocol(Content):
    """The protocol in a manifest, see `data.protocol.Protocol`."""

    dataset: Name
    classes: Annotated[list[Text], pydantic.Field(min_length=1)]
    pool: Annotated[int, pydantic.Field(ge=1, le=50_000_000)]  # ids are made for all of them
    label_split: Name
    split_seed: Count
    noise: Name
    noise_rate: Fraction
    noise_seed: Count
    labeled_ids: list[Count]
    labels: list[Count]
    validation_ids: list[Count]
    clean_fraction: Fraction
    clean_ids: list[Count]
    wrong: Count
    left_out_ids: list[Count] = ABSENT  # those of before there were groups lack them
    checked: bool = ABSENT  # those of before data said which labels are checked lack it
    sha256: Sha256


class SavedDatasetInfo(Content):
    """The dataset info in a manifest, see `data.dataset_info.DatasetInfo`."""

    name: Name
    height: Annotated[int, pydantic.Field(ge=1, le=2**14)]
    width: Annotated[int, pydantic.Field(ge=1, le=2**14)]
    channels: Annotated[int, pydantic.Field(ge=1, le=4)]
    classes: Annotated[list[Text], pydantic.Field(min_length=1)]
    mean: list[Fraction]
    std: list[Annotated[float, pydantic.Field(gt=0, le=1)]]
    flip: bool
    source: Text
    fit: Literal["resize", "crop", "pad"]
    bits: Annotated[int, pydantic.Field(ge=8, le=16)]

    @pydantic.model_validator(mode="after")
    def _check_channels(self) -> Self:
        for name in ("mean", "std"):
            if len(getattr(self, name)) != self.channels:
                raise ValueError(f"expected as many numbers in {name} as channels")
        return self


class Manifest(Content):
    """`manifest.json` of a checkpoint."""

    version: Version
    code: SavedCode
    step: Count
    identity: dict[str, Scalar]
    split_sha256: Sha256
    data_sha256: Sha256
    number_format: Literal["float32", "mixed_bfloat16"]
    replicas: Positive
    cores: Positive
    seconds: Size
    stage: Name
    protocol: SavedProtocol
    dataset_info: SavedDatasetInfo
    files: Annotated[dict[FileName, Sha256], pydantic.AfterValidator(_check_files)]
    sizes: dict[FileName, Count] = ABSENT  # bytes; manifests did not have them before 0.4.0
    sha256: Sha256


class SavedKeys(Content):
    """The images of a part in `data.json`: their keys in base64, by class."""

    labeled: list[str]
    unlabeled: str


class SavedData(Content):
    """`data.json`: the data of the run, see `data.fingerprint.DataRecord`."""

    shape: Annotated[list[Positive], pydantic.Field(min_length=3, max_length=3)]
    classes: Annotated[list[Text], pydantic.Field(min_length=1)]
    train: SavedKeys
    held_out: SavedKeys
    test: SavedKeys
    checked: str = ABSENT  # keys in base64, if any label is checked
    sha256: Sha256


class Flags(Content):
    """`config.json`: the version, and every flag of the run, hyperparameters included."""

    __pydantic_extra__: dict[str, Scalar]
    version: Version
    method: Name
    dataset: Name
