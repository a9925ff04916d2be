"""Typed, documented, range-checked fields, from which flags are made. Free of TensorFlow."""

import dataclasses
import typing
from typing import Any, Literal

from tf_ssgan import errors


def knob(default: Any, doc: str, low: float | None = None, high: float | None = None) -> Any:
    """A dataclass field that knows its meaning and its range.

    Args:
        default: Its value where nothing says another.
        doc: One sentence, with unit and source.
        low: Smallest value allowed.
        high: Largest value allowed.
    """
    return dataclasses.field(default=default, metadata={"doc": doc, "low": low, "high": high})


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
    low, high = field.metadata.get("low"), field.metadata.get("high")
    # "not value >= low" rather than "value < low": NaN is out of every range.
    if (low is None or value >= low) and (high is None or value <= high):
        return
    bounds = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    raise errors.UserError(
        f"--{field.name}={value}: expected {' and '.join(bounds)}. {field.metadata['doc']}"
    )
