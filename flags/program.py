"""What every program does around its work: flags, mistakes, exit status."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from absl import app
from absl import flags as absl_flags

from flags import dataclass_flags, precheck
from tf_ssgan.common import errors

HELP_FLAGS = ("--help", "-h", "--helpfull", "--helpshort")


def read_flags(known: absl_flags.FlagValues, argv: list[str], doc: str) -> list[str]:
    """Reads the command line of a program with a few flags of its own.

    Args:
        known: Its flags.
        argv: The program's name and its arguments.
        doc: What `--help` says before the flags.

    Returns:
        The program's name and what is no flag.

    Raises:
        SystemExit: Status 0, after help.
        absl.flags.Error: An unknown flag, or a value of a wrong kind.
    """
    if any(word in HELP_FLAGS for word in argv):
        print(f"{doc}\n{known.get_help()}")
        raise SystemExit(0)
    return known(argv)


def read_options(kind: type, argv: list[str], doc: str) -> tuple[Any, list[str]]:
    """Reads the command line of a program into its dataclass of knobs.

    Args:
        kind: The dataclass, a field a flag.
        argv: The program's name and its arguments.
        doc: What `--help` says before the flags.

    Returns:
        The record, its ranges not yet checked, and the words that are no flags.

    Raises:
        SystemExit: Status 0, after help.
        absl.flags.Error: An unknown flag, or a value of a wrong kind.
    """
    known, fields = absl_flags.FlagValues(), dataclass_flags.fields(kind)
    dataclass_flags.define(fields, kind, known)
    _, *rest = read_flags(known, argv, doc)
    return kind(**{field.name: known[field.name].value for field in fields}), rest


def refuse_words(words: Sequence[str]) -> None:
    """Raises UserError where there are words that are no flags, of a program that takes none."""
    if words:
        raise errors.UserError(f"{words[0]!r} is no flag. Flags look like --name=value.")


def split_at_dashes(argv: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """A command line before `--`, and the flags after it, which go to every run of a program."""
    cut = argv.index("--") if "--" in argv else len(argv)
    return argv[:cut], tuple(argv[cut + 1 :])


def check_run_flags(further: Sequence[str], ours: Mapping[str, str]) -> None:
    """Refuses words after `--` that are no flags of a run, and flags that the program sets.

    Args:
        further: What stands after `--`.
        ours: Flag of a run -> flag of the program, which says it for all runs.

    Raises:
        UserError: What was expected, what came, what to do.
    """
    if "--help" in further:
        raise errors.UserError(
            "--help stands after --. The flags of a run: python train_main.py --method=NAME --help"
        )
    refuse_words([word for word in further[:1] if not word.startswith("-")])
    given = precheck.given_flags(["train_main.py", *further])
    if set_here := [name for name in ours if name in given]:
        raise errors.UserError(
            f"--{set_here[0]} stands after --, and every run gets it from this program: give "
            f"--{ours[set_here[0]]} before the --."
        )


def main(program: Callable[[list[str]], Any], flags_parser: Callable | None = None) -> None:
    """Runs a program whose `UserError` becomes a sentence and an exit status."""

    def guarded(argv: list[str]) -> None:
        with exit_on_user_error():
            program(argv)

    absl_flags.FLAGS.mark_as_parsed()  # absl's own flags keep their defaults
    app.run(guarded, flags_parser=flags_parser or (lambda argv: argv))


@contextlib.contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Turns a person's mistake into a sentence on standard error and an exit status."""
    try:
        yield
    except (errors.UserError, absl_flags.Error) as error:
        print(f"\n{error}" if isinstance(error, errors.Interrupted) else error, file=sys.stderr)
        raise SystemExit(getattr(error, "status", 2)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
