"""Dataclasses of knobs <-> absl flags."""

import dataclasses
import textwrap
import typing
from typing import Any, Literal

from absl import flags as absl_flags

from tf_ssgan import methods
from tf_ssgan.data import datasets
from tf_ssgan.training import config

_DEFINE = {
    bool: absl_flags.DEFINE_boolean,
    int: absl_flags.DEFINE_integer,
    float: absl_flags.DEFINE_float,
    str: absl_flags.DEFINE_string,
}


def fields(record: type) -> tuple[dataclasses.Field, ...]:
    """The fields of a dataclass of knobs."""
    return dataclasses.fields(record)


def define(
    chosen: tuple[dataclasses.Field, ...], record: type, known: absl_flags.FlagValues
) -> None:
    """Defines one flag for each field.

    Args:
        chosen: The fields.
        record: Their dataclass, whose annotations decide the kind of flag: bool, int, float, str
            or Literal, whose values the dataclass itself checks.
        known: Where the flags are defined.

    Raises:
        TypeError: A field has another type.
    """
    kinds = typing.get_type_hints(record)
    for field in chosen:
        kind = kinds[field.name]
        kind = str if typing.get_origin(kind) is Literal else kind
        if kind not in _DEFINE:
            raise TypeError(f"{record.__name__}.{field.name}: no flag can be made of {kind}")
        _DEFINE[kind](field.name, field.default, field.metadata["doc"], flag_values=known)


def values(
    known: absl_flags.FlagValues, argv: list[str], known_only: bool = False
) -> dict[str, Any]:
    """The flags that a command line sets.

    Args:
        known: The flags there are.
        argv: Program name and arguments.
        known_only: Leave other flags alone instead of refusing them.

    Raises:
        absl.flags.Error: An unknown flag (with near names), a value of a wrong kind, or an
            argument that is no flag.
    """
    rest = known(argv, known_only=known_only)
    if len(rest) > 1 and not known_only:
        raise absl_flags.Error(f"{rest[1]!r} is no flag. Flags look like --name=value.")
    return {name: known[name].value for name in known if known[name].present}


def general_help(program: str) -> str:
    """The flags of every run, and the methods and datasets there are."""
    return "\n".join(
        [
            f"usage: python {program} --method=NAME --dataset=NAME [--flag=value ...]\n",
            f"methods:  {' '.join(methods.names())}",
            f"datasets: {' '.join([*datasets.names(), *datasets.PREFIXED_NAMES])}\n",
            *_described(config.run_fields(), {f.name: f.default for f in config.run_fields()}),
            "\n--method=NAME --help shows the knobs of a method too.",
        ]
    )


def method_help(program: str, method: str, settings: dict[str, Any]) -> str:
    """The flags of a method, with the values that this run would use.

    Args:
        program: Name of the program.
        method: Name of the method.
        settings: Flag -> value.
    """
    module = methods.find(method)
    return "\n".join(
        [
            f"{(module.__doc__ or '').strip()}\n",
            f"usage: python {program} --method={method} [--flag=value ...]\n",
            f"knobs of {method}, with the values of this run:",
            *_described(fields(module.HParams), settings),
            "\nflags of every run:",
            *_described(config.run_fields(), settings),
        ]
    )


def _described(chosen: tuple[dataclasses.Field, ...], settings: dict[str, Any]) -> list[str]:
    lines = []
    for field in chosen:
        lines.append(f"  --{field.name}={settings[field.name]}")
        choices = typing.get_args(field.type) if typing.get_origin(field.type) is Literal else ()
        doc = field.metadata["doc"] + (f" ({', '.join(choices)})" if choices else "")
        lines += textwrap.wrap(doc, 92, initial_indent=" " * 8, subsequent_indent=" " * 8)
    return lines
