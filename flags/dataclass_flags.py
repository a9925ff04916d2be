"""absl flags made from the fields of dataclasses of options, and help texts for them."""

import dataclasses
import pathlib
import re
import textwrap
import typing
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from absl import flags as absl_flags

from flags import flagfiles
from tf_ssgan import methods
from tf_ssgan.common import options, plain_text
from tf_ssgan.data import datasets
from tf_ssgan.training import config, precheck

_NO_BOOLEAN = re.compile(r": \('Non-boolean argument to boolean flag', .*\)$", re.DOTALL)
_LONGEST_NAME = 200  # characters
_DEFINE = {
    bool: absl_flags.DEFINE_boolean,
    int: absl_flags.DEFINE_integer,
    float: absl_flags.DEFINE_float,
    str: absl_flags.DEFINE_string,
}


class _PathParser(absl_flags.ArgumentParser):
    """Reads a flag that is a path, see `options.plain_path`."""

    def __init__(self, field: dataclasses.Field):
        super().__init__()
        self.field = field

    def parse(self, argument: str) -> str:
        """Returns the path; raises UserError if it can be none."""
        return options.plain_path(self.field, argument)


def fields(dataclass: type) -> tuple[dataclasses.Field, ...]:
    """The fields of a dataclass of options."""
    return dataclasses.fields(dataclass)


def define(
    chosen: tuple[dataclasses.Field, ...], dataclass: type, flag_values: absl_flags.FlagValues
) -> None:
    """Defines one flag for each field.

    Args:
        chosen: The fields.
        dataclass: Their dataclass. The annotation of a field is the type of its flag: bool, int,
            float, str or Literal, whose values the dataclass itself checks.
        flag_values: Where the flags are defined.

    Raises:
        TypeError: A field has another type.
    """
    types = typing.get_type_hints(dataclass)
    for field in chosen:
        kind = types[field.name]
        kind = str if typing.get_origin(kind) is Literal else kind
        if field.metadata.get("path"):
            parser, help_text = _PathParser(field=field), _help_text(field)
            absl_flags.DEFINE(parser, field.name, field.default, help_text, flag_values)
            continue
        if kind not in _DEFINE:
            raise TypeError(f"{dataclass.__name__}.{field.name}: no flag can be made of {kind}")
        _DEFINE[kind](field.name, field.default, _help_text(field), flag_values=flag_values)


def parse(
    flag_values: absl_flags.FlagValues, argv: list[str], known_only: bool = False
) -> dict[str, Any]:
    """Returns the flags that a command line sets, with their values.

    Args:
        flag_values: The flags that are defined.
        argv: The program's name and its arguments.
        known_only: Whether to ignore other flags instead of refusing them.

    Raises:
        absl.flags.Error: A flag is unknown (similar names are suggested), its value has the wrong
            type, or an argument is not a flag.
    """
    refuse_long_names(argv)
    try:
        rest = flag_values(argv, known_only=known_only)
    except absl_flags.IllegalFlagValueError as error:  # which shows a tuple of Python
        text = _NO_BOOLEAN.sub(": expected true or false", str(error))
        raise absl_flags.IllegalFlagValueError(text) from error
    if len(rest) > 1 and not known_only:
        word = plain_text.shorten(repr(rest[1]), _LONGEST_NAME)
        raise absl_flags.Error(f"{word} is not a flag. Flags look like --name=value.")
    return {name: flag_values[name].value for name in flag_values if flag_values[name].present}


def refuse_long_names(argv: Sequence[str]) -> None:
    """Refuses flags that absl cannot compare with others, because it does so recursively.

    Raises:
        absl.flags.Error: The name of a flag is too long.
    """
    for word in argv:
        name = word.partition("=")[0]
        if name.startswith("-") and len(name) > _LONGEST_NAME:
            raise absl_flags.Error(f"{name[:40]!r}... is not a flag: its name is too long.")


def given_flags(argv: list[str]) -> dict[str, Any]:
    """Returns the flags of every run that a command line sets; ignores all others.

    Raises:
        UserError: A flag is given under its old name, or a flag file cannot be read.
        absl.flags.Error: A value has the wrong type.
    """
    flag_values = absl_flags.FlagValues()
    define(config.run_fields(), config.Config, flag_values)
    for old in precheck.RENAMED:
        absl_flags.DEFINE_string(old, None, "", flag_values=flag_values)
    given = parse(flag_values, flagfiles.expand(argv), known_only=True)
    precheck.refuse_old_names(given)
    return given


def general_help(program: str) -> str:
    """The help text without --method: the flags of every run, all methods and all data sets."""
    return "\n".join(
        [
            f"usage: {_command(program)} --method=NAME --dataset=NAME [--flag=value ...]\n",
            "methods:",
            *(_listed(f"{group}:", names) for group, names in methods.by_group().items()),
            "datasets:",
            _listed("", [*datasets.names(), *datasets.PREFIXED_NAMES]) + "\n",
            *_help_lines(config.run_fields(), config.run_defaults()),
            "\n--method=NAME --help also shows the hyperparameters of a method.",
        ]
    )


def method_help(program: str, method: str, settings: dict[str, Any]) -> str:
    """The help text of a method: its flags, with the values that this run would use.

    Args:
        program: Name of the program.
        method: Name of the method.
        settings: Flag -> value.
    """
    module = methods.find(method)
    return "\n".join(
        [
            f"{(module.__doc__ or '').strip()}\n",
            f"usage: {_command(program)} --method={method} [--flag=value ...]\n",
            f"hyperparameters of {method}, with the values of this run:",
            *_help_lines(fields(module.HParams), settings),
            "\nflags of every run:",
            *_help_lines(config.run_fields(), settings),
        ]
    )


def options_help(doc: str | None, dataclass: type) -> str:
    """The help text of a program with a dataclass of options: its flags and their defaults.

    Args:
        doc: What the program does; None where Python removes docstrings.
        dataclass: The dataclass; each field is a flag.
    """
    defaults = {field.name: field.default for field in fields(dataclass)}
    return "\n".join(
        [f"{(doc or '').strip()}\n", "flags:", *_help_lines(fields(dataclass), defaults)]
    )


def _help_lines(chosen: tuple[dataclasses.Field, ...], settings: dict[str, Any]) -> list[str]:
    lines = []
    for field in chosen:
        lines.append(f"  --{field.name}={settings[field.name]}")
        indent = " " * 8
        lines += textwrap.wrap(
            _help_text(field), 92, initial_indent=indent, subsequent_indent=indent
        )
    return lines


def _listed(heading: str, names: Iterable[str]) -> str:
    """Names in lines, below a heading if it is not empty."""
    lines = textwrap.wrap(
        " ".join(names), 96, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    return "\n".join([f"  {heading}", *lines] if heading else lines)


def _help_text(field: dataclasses.Field) -> str:
    """The field's help, with its choices if it has some."""
    choices = typing.get_args(field.type) if typing.get_origin(field.type) is Literal else ()
    named = ", ".join(choice for choice in choices if choice)  # "" stands for a flag not given
    return field.metadata["doc"] + (f" ({named})" if named else "")


def _command(program: str) -> str:
    """How a program is started, by its path: `python train_main.py`, or a console command."""
    return f"python {program}" if program.endswith(".py") else pathlib.Path(program).name
