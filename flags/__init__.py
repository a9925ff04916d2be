"""From a command line to a configuration: with the programs, the only place that knows absl.

Two passes. The first looks for --method, --dataset and whatever else every run has, and answers
mistakes in names, paths and data before TensorFlow is imported. The second defines one flag for
each knob of that method, with the value this run would use as its default, and parses strictly: a
typo is an error, and `--method=frgan --help` shows just frgan's knobs.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from absl import app
from absl import flags as absl_flags

from flags import early, hparams, quiet
from tf_ssgan import config as configurations
from tf_ssgan import errors, methods

_HELP = ("--help", "-h", "--helpfull", "--helpshort")
_PARSED: dict[str, configurations.Config] = {}


def config() -> configurations.Config:
    """The configuration that `parse` has read from the command line."""
    return _PARSED["config"]


def parse(argv: list[str]) -> list[str]:
    """Reads a command line; to be handed to `absl.app.run` as `flags_parser`.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The program's name: nothing but flags is understood.

    Raises:
        SystemExit: Status 2 and a sentence for a person's mistake; 0 after help.
    """
    with answering():
        argv = absl_flags.FlagValues().read_flags_from_files(argv, force_gnu=False)
        wants_help = any(word in _HELP for word in argv)
        argv = [word for word in argv if not word.lstrip("-").startswith("help") and word != "-h"]
        given = early.look(argv)
        if wants_help and "method" not in given:
            print(hparams.general_help(argv[0]))
            raise SystemExit(0)
        early.check(given, data=not wants_help)
        _PARSED["config"] = _strict(argv, given, wants_help)
    return argv[:1]


def settled(argv: list[str]) -> configurations.Config:
    """The configuration that a command line of train_main.py comes to; brings TensorFlow.

    Args:
        argv: The program's name and its arguments. `early.check` has found nothing wrong with them.

    Raises:
        UserError: A value is out of range.
        absl.flags.Error: An unknown flag, or a value of a wrong kind.
    """
    return _strict(argv, early.look(argv), wants_help=False)


def read(known: absl_flags.FlagValues, argv: list[str], doc: str) -> list[str]:
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
    if any(word in _HELP for word in argv):
        print(f"{doc}\n{known.get_help()}")
        raise SystemExit(0)
    return known(argv)


def record(kind: type, argv: list[str], doc: str) -> tuple[Any, list[str]]:
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
    known, fields = absl_flags.FlagValues(), hparams.fields(kind)
    hparams.define(fields, kind, known)
    _, *rest = read(known, argv, doc)
    return kind(**{field.name: known[field.name].value for field in fields}), rest


def refuse(words: Sequence[str]) -> None:
    """Raises UserError where there are words that are no flags, of a program that takes none."""
    if words:
        raise errors.UserError(f"{words[0]!r} is no flag. Flags look like --name=value.")


def parted(argv: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """A command line before `--`, and the flags after it, which go to every run of a program."""
    cut = argv.index("--") if "--" in argv else len(argv)
    return argv[:cut], tuple(argv[cut + 1 :])


def check_further(further: Sequence[str], ours: Mapping[str, str]) -> None:
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
    refuse([word for word in further[:1] if not word.startswith("-")])
    given = early.look(["train_main.py", *further])
    if set_here := [name for name in ours if name in given]:
        raise errors.UserError(
            f"--{set_here[0]} stands after --, and every run gets it from this program: give "
            f"--{ours[set_here[0]]} before the --."
        )


def main(program: Callable[[list[str]], Any], flags_parser: Callable | None = None) -> None:
    """Runs a program whose `UserError` becomes a sentence and an exit status."""

    def guarded(argv: list[str]) -> None:
        with answering():
            program(argv)

    absl_flags.FLAGS.mark_as_parsed()  # absl's own flags keep their defaults
    app.run(guarded, flags_parser=flags_parser or (lambda argv: argv))


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turns a person's mistake into a sentence on standard error and an exit status."""
    try:
        yield
    except (errors.UserError, absl_flags.Error) as error:
        print(f"\n{error}" if isinstance(error, errors.Interrupted) else error, file=sys.stderr)
        raise SystemExit(getattr(error, "status", 2)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _strict(argv: list[str], given: dict[str, Any], wants_help: bool) -> configurations.Config:
    """Parses again with every flag of the method."""
    method = given.get("method", configurations.Config.method)
    dataset = given.get("dataset", configurations.Config.dataset)
    with quiet.start_up():
        knobs = methods.find(method).HParams
    if wants_help:
        print(hparams.method_help(argv[0], method, configurations.settings(method, dataset, given)))
        raise SystemExit(0)
    known = absl_flags.FlagValues()
    hparams.define(configurations.run_fields(), configurations.Config, known)
    hparams.define(hparams.fields(knobs), knobs, known)
    values = hparams.values(known, argv)
    return configurations.configure(**({"method": method, "dataset": dataset} | values))
