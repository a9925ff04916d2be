"""Typed, documented and range-checked dataclass fields, which become flags. Free of TensorFlow."""

import dataclasses
import operator
import typing
from collections.abc import Mapping
from typing import Any, Literal

from tf_ssgan.common import errors, paths

LARGEST_SEED = 2**32 - 1  # NumPy takes no larger one
# No step of a method takes more: beyond these, memory ends before the first step does. The largest
# batches in use have 65,536 images; published networks begin with 16 to 192 channels.
LARGEST_BATCH = 65_536
WIDEST = 1_024

_LARGEST_WHOLE = 10**12  # of options without a bound of their own, which are counts
_LARGEST_NUMBER = 3.4e38  # of the numbers that networks compute with, in 32 bits
_SHOWN = 40  # characters of a number in a message


def option(
    default: Any,
    doc: str,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    path: paths.Kind | None = None,
    since: str = "",
) -> Any:
    """A dataclass field with its help text and its range.

    Args:
        default: Its default value.
        doc: One sentence, with unit and source.
        low: Smallest value that is allowed.
        high: Largest value that is allowed.
        above: Values must be larger than this.
        path: What its text names if it is a path, see `plain_path`.
        since: The version in which it came, if it is a hyperparameter that runs of earlier versions
            lack: these are read as having the default.
    """
    limits = {"low": low, "high": high, "above": above, "path": path, "since": since}
    return dataclasses.field(default=default, metadata={"doc": doc} | limits)


def inherited(
    dataclass: type,
    name: str,
    default: Any = None,
    source: str = "",
    note: str = "",
    since: str = "",
) -> Any:
    """The field of another dataclass again: with its meaning and range, perhaps another default.

    Args:
        dataclass: A dataclass that has the field.
        name: Name of the field.
        default: The new default; None keeps the old one.
        source: Where the new default comes from, for the help text.
        note: A last sentence of the help text.
        since: The version in which it came here, see `option`; "" keeps that of the other.
    """
    (field,) = [field for field in dataclasses.fields(dataclass) if field.name == name]
    default = field.default if default is None else default
    default_text = f"Default: {source}." if source else ""
    doc = " ".join(filter(None, (field.metadata["doc"], default_text, note)))
    own = {"doc": doc} | ({"since": since} if since else {})
    return dataclasses.field(default=default, metadata=dict(field.metadata) | own)


def added_since(dataclass: type) -> dict[str, Any]:
    """The options of a dataclass that records of earlier versions may lack, with their defaults."""
    fields = dataclasses.fields(dataclass)
    return {field.name: field.default for field in fields if field.metadata.get("since")}


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
            if kind in (int, float):
                _check_finite(field, value, kind)


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
        f"--{field.name}={_shown(value)}: expected {' and '.join(bounds)}. {field.metadata['doc']}"
    )


def _check_finite(field: dataclasses.Field, value: float, kind: type) -> None:
    """Refuses infinity, "not a number", and numbers that mean neither a count nor a weight."""
    largest = _LARGEST_NUMBER
    if kind is int:
        largest = _LARGEST_WHOLE if field.metadata.get("high") is None else field.metadata["high"]
    # Not "abs(value) > largest": NaN is refused too.
    if not abs(value) <= largest:
        raise errors.UserError(
            f"--{field.name}={_shown(value)}: expected a finite number, from {-largest:g} to "
            f"{largest:g}. {field.metadata['doc']}"
        )


def _shown(value: Any) -> str:
    """A value in a message; a whole number may have thousands of digits, or too many to print."""
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:
        return f"{'-' * (value < 0)}1e{_SHOWN} or more"
    return str(value)
