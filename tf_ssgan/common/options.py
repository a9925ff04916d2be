"""Typed, documented and range-checked dataclass fields, which become flags. Free of TensorFlow."""

import dataclasses
import operator
import typing
from collections.abc import Mapping
from typing import Any, Literal

from tf_ssgan.common import errors, paths


def option(
    default: Any,
    doc: str,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    path: paths.Kind | None = None,
) -> Any:
    """A dataclass field with its help text and its range.

    Args:
        default: Its default value.
        doc: One sentence, with unit and source.
        low: Smallest value that is allowed.
        high: Largest value that is allowed.
        above: Values must be larger than this.
        path: What its text names if it is a path, see `plain_path`.
    """
    limits = {"low": low, "high": high, "above": above, "path": path}
    return dataclasses.field(default=default, metadata={"doc": doc} | limits)


def inherited(
    dataclass: type, name: str, default: Any = None, source: str = "", note: str = ""
) -> Any:
    """The field of another dataclass again: with its meaning and range, perhaps another default.

    Args:
        dataclass: A dataclass that has the field.
        name: Name of the field.
        default: The new default; None keeps the old one.
        source: Where the new default comes from, for the help text.
        note: A last sentence of the help text.
    """
    (field,) = [field for field in dataclasses.fields(dataclass) if field.name == name]
    default = field.default if default is None else default
    default_text = f"Default: {source}." if source else ""
    doc = " ".join(filter(None, (field.metadata["doc"], default_text, note)))
    return dataclasses.field(default=default, metadata=dict(field.metadata) | {"doc": doc})


def plain_path(field: dataclasses.Field, value: Any) -> Any:
    """The value of an option as it is used: if it is a path, with the home folder in place of ~.

    Command lines and Python call this, so that a path means the same in both, and is recorded as
    it is used.

    Args:
        field: The field of the option.
        value: What the user gave.

    Raises:
        UserError: The option is a path, and this can be none, see `paths.local`.
    """
    kind = field.metadata.get("path")
    if not kind or not isinstance(value, str) or value == field.default:
        return value
    return paths.local(value, field.name, kind) if value or field.default else value


def flag_text(value: Any) -> str:
    """A value as on a command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check(record: Any) -> None:
    """Checks that every value has its type and is in its range or among its choices.

    Args:
        record: An instance of a dataclass whose fields are made by `option`.

    Raises:
        UserError: A value is not; the message names the option, what was expected and what came.
    """
    check_values(type(record), vars(record))


def check_values(dataclass: type, values: Mapping[str, Any]) -> None:
    """Checks values of some options of a dataclass, before a record is made of them.

    Args:
        dataclass: Its fields are made by `option`.
        values: Name of an option -> value; names of other things are ignored.

    Raises:
        UserError: As `check`.
    """
    kinds = typing.get_type_hints(dataclass)
    for field in dataclasses.fields(dataclass):
        if field.name not in values:
            continue
        value, kind = values[field.name], kinds[field.name]
        if typing.get_origin(kind) is Literal:
            _check_type(field.name, value, str)
            _check_choice(field.name, value, typing.get_args(kind))
        else:
            _check_type(field.name, value, kind)
            _check_range(field, value)


_LARGEST_WHOLE = 10**300  # larger whole numbers are no floating-point numbers

# Type of an option -> (what it is called, the Python types of its values).
_KINDS = {
    bool: ("true or false", bool),
    int: ("a whole number", int),
    float: ("a number", (int, float)),
    str: ("a text", str),
}


def _check_type(name: str, value: Any, kind: Any) -> None:
    if kind not in _KINDS:
        return  # a record that checks itself
    words, types = _KINDS[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool):
        raise errors.UserError(f"--{name}: expected {words}, got {value!r}.")
    if kind is str and "\0" in value:
        raise errors.UserError(f"--{name}: a text must hold no zero byte, got {value!r}.")
    if kind is float and isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        raise errors.UserError(f"--{name}: expected a number below 1e300, got a larger one.")


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        named = filter(None, choices)  # "" stands for an option that is not given
        raise errors.UserError(
            f"--{name}={value} is not one of its values. {errors.nearest(str(value), named)}"
        )


def _check_range(field: dataclasses.Field, value: Any) -> None:
    words = {"low": "at least", "above": "above", "high": "at most"}
    compare = {"low": operator.ge, "above": operator.gt, "high": operator.le}
    given = {k: field.metadata[k] for k in words if field.metadata.get(k) is not None}
    # "not value >= low" rather than "value < low": NaN is out of every range.
    if all(compare[k](value, bound) for k, bound in given.items()):
        return
    bounds = [f"{words[k]} {bound}" for k, bound in given.items()]
    raise errors.UserError(
        f"--{field.name}={value}: expected {' and '.join(bounds)}. {field.metadata['doc']}"
    )
