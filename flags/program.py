"""What all programs share: reading flags, reporting mistakes, exit status."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from absl import app
from absl import flags as absl_flags

from flags import dataclass_flags, flagfiles
from tf_ssgan.common import errors, failures, interrupts, output, paths, plain_text

HELP_FLAGS = ("--help", "-h", "--helpfull", "--helpshort")


def read_options(dataclass: type, argv: list[str], doc: str | None) -> tuple[Any, list[str]]:
    """Parses the command line of a program into its dataclass of options.

    Args:
        dataclass: The dataclass; each field is a flag.
        argv: The program's name and its arguments.
        doc: What `--help` prints before the flags.

    Returns:
        The options, whose ranges are not checked yet, and the arguments that are not flags.

    Raises:
        SystemExit: Status 0, after help.
        UserError: A flag file cannot be read.
        absl.flags.Error: A flag is unknown, or its value has the wrong type.
    """
    argv = flagfiles.expand(argv)
    flag_values, fields = absl_flags.FlagValues(), dataclass_flags.fields(dataclass)
    dataclass_flags.define(fields, dataclass, flag_values)
    if any(word in HELP_FLAGS for word in argv):
        print(dataclass_flags.options_help(doc, dataclass))
        raise SystemExit(0)
    dataclass_flags.refuse_long_names(argv)
    _, *rest = flag_values(argv)
    return dataclass(**{field.name: flag_values[field.name].value for field in fields}), rest


def refuse_words(words: Sequence[str]) -> None:
    """Raises UserError if there are arguments that are not flags, for a program that takes none."""
    if words:
        raise errors.UserError(f"{words[0]!r} is not a flag. Flags look like --name=value.")


def split_at_dashes(argv: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Splits a command line at `--`: the program's own flags, and those passed on to every run."""
    cut = argv.index("--") if "--" in argv else len(argv)
    return argv[:cut], tuple(argv[cut + 1 :])


def check_run_flags(further: Sequence[str], ours: Mapping[str, str]) -> None:
    """Checks that what stands after `--` are flags of a run that the program does not set itself.

    Args:
        further: The words after `--`.
        ours: Flag of a run -> flag of the program that sets it for all runs.

    Raises:
        UserError: A word is not a flag, is a flag's old name, or is set by the program.
    """
    if "--help" in further:
        raise errors.UserError(
            "--help stands after --, which is the place for flags of a run. To see these: "
            "python train_main.py --method=NAME --help"
        )
    refuse_words([word for word in further[:1] if not word.startswith("-")])
    given = dataclass_flags.given_flags(["train_main.py", *further])
    if set_here := [name for name in ours if name in given]:
        raise errors.UserError(
            f"--{set_here[0]} stands after --, but this program sets it for every run: give "
            f"--{ours[set_here[0]]} before the --."
        )


def main(program: Callable[[list[str]], Any]) -> None:
    """Runs a program; a `UserError` ends it with a sentence and an exit status.

    Args:
        program: Takes the program's name and its arguments.
    """

    def guarded(argv: list[str]) -> None:
        with (
            output.may_be_lost(),
            plain_text.escaped_output(),
            exit_on_user_error(),
            interrupts.raised_outside_imports(),
        ):
            paths.check_working_folder()
            program(argv)

    absl_flags.FLAGS.mark_as_parsed()  # absl's own flags keep their defaults
    app.run(guarded, flags_parser=lambda argv: argv)


@contextlib.contextmanager
def exit_on_user_error() -> Iterator[None]:
    """Turns a user's mistake into a sentence on standard error and an exit status."""
    try:
        yield
    except (errors.UserError, absl_flags.Error) as error:
        # Names in it come from a command line or a disk: no escape sequence reaches a terminal.
        text = "\n".join(map(plain_text.escape, str(error).split("\n")))
        print(f"\n{text}" if isinstance(error, errors.Interrupted) else text, file=sys.stderr)
        raise SystemExit(getattr(error, "status", 2)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        sentence = failures.explain(error)
        if sentence is None:
            raise
        print(plain_text.escape(sentence), file=sys.stderr)
        raise SystemExit(errors.UserError.status) from None
