"""Typed, documented, range-checked fields, from which flags are made. Free of TensorFlow."""

import dataclasses
import operator
import typing
from typing import Any, Literal

from tf_ssgan.common import errors


def option(
    default: Any,
    doc: str,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> Any:
    """A dataclass field that knows its meaning and its range.

    Args:
        default: Its value where nothing says another.
        doc: One sentence, with unit and source.
        low: Smallest value allowed.
        high: Largest value allowed.
        above: Largest value that is too small.
    """
    bounds = {"low": low, "high": high, "above": above}
    return dataclasses.field(default=default, metadata={"doc": doc} | bounds)


def check(record: Any) -> None:
    """Refuses a record with a value out of its range or choices.

    Args:
        record: An instance of a dataclass of knobs.

    Raises:
        UserError: Naming the knob, what was expected and what came.
    """
    kinds = typing.get_type_hints(type(record))
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if typing.get_origin(kinds[field.name]) is Literal:
            _check_choice(field.name, value, typing.get_args(kinds[field.name]))
        else:
            _check_range(field, value)


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise errors.UserError(
            f"--{name}={value} is not one of its values. {errors.nearest(str(value), choices)}"
        )


def _check_range(field: dataclasses.Field, value: Any) -> None:
    words = {"low": "at least", "above": "above", "high": "at most"}
    holds = {"low": operator.ge, "above": operator.gt, "high": operator.le}
    given = {k: field.metadata[k] for k in words if field.metadata.get(k) is not None}
    # "not value >= low" rather than "value < low": NaN is out of every range.
    if all(holds[k](value, bound) for k, bound in given.items()):
        return
    bounds = [f"{words[k]} {bound}" for k, bound in given.items()]
    raise errors.UserError(
        f"--{field.name}={value}: expected {' and '.join(bounds)}. {field.metadata['doc']}"
    )
