"""Answers of a server, which may be anything: every part is checked before it is used."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

from tf_ssgan.common import errors, plain_text

LARGEST = 2**24  # bytes of an answer: those for 32 files of 20,000 classes
_ABOVE_ONE = 1e-4  # float32 rounds
_SUM = 0.01
_SHOWN = 200  # characters of a server's message


class RefusedRequest(errors.UserError):
    """The server is running, but refuses the content of this request."""


class UnexpectedAnswer(errors.UserError):
    """Something answers, but not as a classifier under TensorFlow Serving does."""

    def __init__(self, where: str, reason: str, flag: str):
        """Takes the address, what is wrong with the answer, and the flag of the address."""
        super().__init__(
            f"{where} answers, but not as a classifier under TensorFlow Serving does: {reason}. "
            f"Check {flag} and --model."
        )


@dataclasses.dataclass(frozen=True)
class ServerPrediction:
    """What a served classifier predicts for one image.

    Attributes:
        label: Number of the most likely class.
        name: Its name.
        probabilities: One for each class.
    """

    label: int
    name: str
    probabilities: tuple[float, ...]


def check_predictions(rows: Iterable[tuple[Any, Any, Any]], files: int) -> list[ServerPrediction]:
    """Checks label, name and probabilities of each file.

    Args:
        rows: A row for each file.
        files: How many files were sent.

    Raises:
        ValueError: A row is missing, or a value is wrong; the message says which.
    """
    predictions = [_check_row(number, *row) for number, row in enumerate(rows, 1)]
    _require(len(predictions) == files, f"{len(predictions):,} predictions for {files:,} files")
    classes = {len(prediction.probabilities) for prediction in predictions}
    _require(len(classes) <= 1, "the predictions differ in their number of classes")
    return predictions


def check_names(names: Any) -> list[str]:
    """Checks names of classes.

    Raises:
        ValueError: They are no texts.
    """
    _require(isinstance(names, Sequence) and len(names) > 0, "there are no names of classes")
    _require(all(isinstance(name, str) for name in names), "a name of a class is no text")
    return list(names)


def first_line(text: str) -> str:
    """The first line of a server's message, in bounded length and without control characters."""
    return plain_text.escape((text.strip().splitlines() or [""])[0][:_SHOWN])


def unknown_model(where: str, model: str, line: str) -> errors.UserError:
    """The error that the server does not know the model."""
    return errors.UserError(
        f"The server at {where} has no model {model!r} ({line}). Give the name it was started "
        "with as --model, and wait until a version is loaded."
    )


def unreachable(where: str, reason: str, flag: str) -> errors.UserError:
    """The error that nothing answers."""
    return errors.UserError(
        f"No server answers at {where} ({first_line(reason)}). Start one as "
        f"export/README.md says, or give another {flag}."
    )


def _check_row(number: int, label: Any, name: Any, probabilities: Any) -> ServerPrediction:
    what = f"in prediction {number:,} "
    _require(isinstance(probabilities, (list, tuple)) and len(probabilities) > 0,
             f"{what}the probabilities are no list")  # fmt: skip
    _require(all(_is_probability(value) for value in probabilities),
             f"{what}a probability is no number from 0 to 1")  # fmt: skip
    _require(abs(math.fsum(probabilities) - 1) <= _SUM, f"{what}the probabilities do not sum to 1")
    _require(type(label) is int and 0 <= label < len(probabilities),
             f"{what}the label is no number of a class")  # fmt: skip
    _require(isinstance(name, str), f"{what}the name is no text")
    return ServerPrediction(label, name, tuple(map(float, probabilities)))


def _is_probability(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1 + _ABOVE_ONE  # false for NaN


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise ValueError(reason)
