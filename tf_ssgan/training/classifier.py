"""The classifier of a run, for predictions in Python."""

import dataclasses
import math
import pathlib
from typing import Any

import keras
import numpy as np
from scipy import special

from tf_ssgan.common import errors
from tf_ssgan.nn import inference, precision
from tf_ssgan.training import build, results


@dataclasses.dataclass(frozen=True)
class Classifier:
    """The exported classifier of a run. `tf_ssgan.load` makes it.

    Attributes:
        method: The method that trained it.
        dataset: The data set that it was trained on.
        classes: Names of the classes; column k of the probabilities is that of classes[k].
        image_shape: (height, width, channels) of its images.
        step: The step at which its weights were saved.
        temperature: The logits are divided by it. It was fitted on the held-out images; 1 if the
            run is not finished, or holds too few images out.
    """

    method: str
    dataset: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    step: int
    temperature: float
    _network: keras.Model = dataclasses.field(repr=False)

    def predict(self, images: Any) -> np.ndarray:
        """Predicts the probability of each class, batch by batch.

        One image is refused, because the result has a row for each image: give `image[None]`.

        Args:
            images: uint8 [n, height, width, channels] with values from 0 to 255, or uint8
                [n, height, width] if the images are gray; n may be 0.

        Returns:
            float32 [n, classes]; each row sums to 1. They are computed in float32, as in the
            exported model, whatever number format the run trained in.

        Raises:
            UserError: The images have another type or shape; the message says what to do.
        """
        checked = _checked_images(images, self.image_shape)
        predict, ids = inference.predictor(self._network), np.arange(len(checked))
        batches = list(inference.predict_batches(predict, checked, ids))
        logits = np.concatenate(batches) if batches else np.zeros((0, len(self.classes)))
        scaled = logits.astype(np.float64) / self.temperature
        return special.softmax(scaled, axis=-1).astype(np.float32)


def open_run(folder: pathlib.Path) -> Classifier:
    """Builds the classifier of a run again, with its newest saved weights; needs no data.

    Raises:
        UserError: The folder holds no run or no checkpoint, or its files are damaged.
    """
    run = build.reopen(folder)
    step, fitted = int(run.method.step.numpy()), results.recorded_calibration(run)
    if fitted is None:
        print(
            f"{folder} is not finished: its classifier is that of step {step} of "
            f"{run.method.task.steps}, and its probabilities are not calibrated."
        )
    return Classifier(
        method=run.config.method,
        dataset=run.config.dataset,
        classes=run.info.classes,
        image_shape=run.info.shape,
        step=step,
        temperature=fitted.temperature if fitted else 1.0,
        _network=precision.rebuild_in_float32(run.method.exported_classifier),
    )


def _checked_images(images: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """The images as uint8 [n, h, w, c].

    Raises:
        UserError: They have another type or shape.
    """
    try:
        array = np.asarray(images)
    except (TypeError, ValueError) as error:
        reason = errors.first_line(error)
        raise errors.UserError(f"The images do not form an array: {reason}.") from error
    if array.shape == (0,):  # an empty list
        return np.zeros((0, *shape), np.uint8)
    if array.dtype != np.uint8:
        raise errors.UserError(_type_sentence(array))
    if shape[2] == 1 and array.ndim == 3 and array.shape[1:] == shape[:2]:
        array = array[..., None]
    if array.shape[1:] != shape:
        raise errors.UserError(_shape_sentence(array.shape, shape))
    return array


def _type_sentence(array: np.ndarray) -> str:
    """What is wrong with the type of the images, and how to make them uint8."""
    expected = "Images must be uint8 with values from 0 to 255"
    if array.dtype.kind not in "biuf":
        return f"{expected}, got {array.dtype}. Give a numpy array [n, height, width, channels]."
    if not array.size:
        return f"{expected}, got {array.dtype}. Give images.astype(np.uint8)."
    low, high = float(array.min()), float(array.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{expected}, got {array.dtype} with values that are not finite. Leave them out."
    came = f"{expected}, got {array.dtype} with values from {low:g} to {high:g}."
    conversion = _conversion(array.dtype.kind, low, high)
    if not conversion:
        return f"{came} Scale them to 0 to 255, as the training images are, and round them."
    return f"{came} Give {conversion}.astype(np.uint8)."


def _conversion(kind: str, low: float, high: float) -> str:
    """An expression whose values are from 0 to 255, for images in a usual range; else empty."""
    if kind in "iu" and 0 <= low and high <= 255:
        return "images"
    if 0 <= low and high <= 1:
        return "(images * 255.0).round()"
    if kind == "f" and -1 <= low and high <= 1:
        return "((images + 1) * 127.5).round()"
    return "images.round()" if 0 <= low and high <= 255 else ""


def _shape_sentence(came: tuple[int, ...], shape: tuple[int, int, int]) -> str:
    """What is wrong with the shape of the images, and what to do."""
    height, width, channels = shape
    gray = f" or [n, {height}, {width}]" if channels == 1 else ""
    expected = f"Images must have the shape [n, {height}, {width}, {channels}]{gray}"
    one = came == shape or (channels == 1 and came == shape[:2])
    remedy = (
        "Give image[None] for one image."
        if one
        else "Resize them as the training images were; python -m export.predict does it for files."
    )
    return f"{expected}, got {list(came)}. {remedy}"
