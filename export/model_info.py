"""`assets/model_info.json` of an exported classifier: what it holds, checked field by field."""

import dataclasses
import pathlib
from typing import Annotated, Any, Literal

import pydantic

import export
from tf_ssgan.common import errors, files, json_text, plain_text
from tf_ssgan.data import image_decoding, image_depth
from tf_ssgan.training import result_contents, run_files
from tf_ssgan.training import run_file_contents as contents

_LARGEST = 2**25  # bytes; the labels of a million images fit in
_REMEDY = "Export it again. A SavedModel is a program, so models from elsewhere are not loaded."


@dataclasses.dataclass(frozen=True)
class ModelInfo:
    """What model_info.json says of an exported classifier.

    Attributes:
        folder: Its SavedModel.
        classes: Their names.
        shape: Height, width and channels of the images that it takes.
        fit: How files become such images, see `image_decoding.FITS`.
        bits: Bits in use of gray images with 16 bits, see `image_depth`.
        facts: What a page of predictions shows of it.
    """

    folder: pathlib.Path
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    fit: str
    bits: int
    facts: dict[str, str]


class _Calibration(result_contents.SavedCalibration):
    """The temperature, and a note if none was fitted."""

    note: contents.Name = contents.ABSENT


class _ModelInfo(contents.Content):
    """The file, see `servable.model_info`."""

    method: contents.Name
    dataset: contents.Name
    classes: Annotated[list[contents.Name], pydantic.Field(min_length=1)]
    image_shape: Annotated[
        list[Annotated[int, pydantic.Field(ge=1, le=2**14)]],
        pydantic.Field(min_length=3, max_length=3),
    ]
    fit: contents.Name = "resize"
    bits: Annotated[int, pydantic.Field(ge=image_depth.BITS[0], le=image_depth.BITS[1])] = (
        image_depth.BITS[1]
    )
    step: contents.Count = contents.ABSENT
    protocol: contents.SavedProtocol = contents.ABSENT
    trained_in: contents.Name = contents.ABSENT
    exported_in: Literal["float32"] = contents.ABSENT
    calibration: _Calibration = contents.ABSENT
    config: dict[str, contents.Scalar] = contents.ABSENT
    result: result_contents.Result | None = None  # of a run that is not finished there is none
    test_error: contents.Percent | None = None
    test_images: contents.Positive | None = None
    test_error_interval: result_contents.Interval | None = None
    remarks: list[contents.Text] = contents.ABSENT
    source: contents.Text = contents.ABSENT
    versions: dict[str, contents.Text] = contents.ABSENT
    code: dict[str, contents.SavedCode] = contents.ABSENT

    @pydantic.field_validator("classes")
    @classmethod
    def _check_classes(cls, classes: list[str]) -> list[str]:
        if len({*classes}) < len(classes):
            raise ValueError("expected each name once")
        return classes


def read(folder: pathlib.Path) -> ModelInfo:
    """Reads the file of an exported classifier.

    Args:
        folder: Its SavedModel.

    Raises:
        UserError: There is none, a field is wrong, or files cannot become such images.
    """
    path = folder / export.MODEL_INFO_FILE
    try:
        content = json_text.loads(files.read_regular(path, _LARGEST))
        run_files.check(_ModelInfo, content)
    except FileNotFoundError:
        where = plain_text.escape(str(folder))
        raise errors.UserError(f"{where} holds no {export.MODEL_INFO_FILE}. {_REMEDY}") from None
    except OSError as error:
        raise errors.UserError(f"{path} cannot be read: {error.strerror}. {_REMEDY}") from error
    except ValueError as error:
        raise run_files.damaged(path, errors.first_line(error), _REMEDY) from error
    return _model_info(folder, content)


def _model_info(folder: pathlib.Path, content: dict[str, Any]) -> ModelInfo:
    height, width, channels = content["image_shape"]
    fit, bits = content.get("fit", "resize"), content.get("bits", image_depth.BITS[1])
    if height != width or channels not in (1, 3) or fit not in image_decoding.FITS:
        raise errors.UserError(
            f"{folder} takes images {height} x {width} x {channels}, fitted by {fit!r}. Files "
            f"become squares of 1 or 3 channels, fitted by {', '.join(image_decoding.FITS)}."
        )
    facts = {"model": str(folder)} | {k: content[k] for k in ("method", "dataset")}
    if content.get("test_error") is not None:
        facts["test error"] = _test_error(content)
    calibration = content.get("calibration")
    if calibration and calibration.get("note"):  # why nothing was fitted
        facts["calibrated"] = calibration["note"]
    elif calibration and calibration["images"]:  # without images, nothing was fitted
        facts["calibrated"] = f"at temperature {calibration['temperature']:.3g}"
    classes = tuple(content["classes"])
    return ModelInfo(folder, classes, (height, width, channels), fit, bits, facts)


def _test_error(content: dict[str, Any]) -> str:
    """The error in words; models of older versions do not say of how many images it is."""
    text = f"{content['test_error']:.2f} %"
    if images := content.get("test_images"):
        text += f" of {images:,} image{'' if images == 1 else 's'}"
    if interval := content.get("test_error_interval"):
        text += f", 95 % interval {interval[0]:.1f} to {interval[1]:.1f} %"
    return text
