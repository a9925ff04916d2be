"""From a command line to a configuration: with the programs, the only place that knows absl.

Two passes. The first looks for --method, --dataset and whatever else every run has, and answers
mistakes in names, paths and data before TensorFlow is imported. The second defines one flag for
each knob of that method, with the value this run would use as its default, and parses strictly: a
typo is an error, and `--method=frgan --help` shows just frgan's knobs.
"""

from typing import Any

from absl import flags as absl_flags

from flags import dataclass_flags, precheck, program
from tf_ssgan import methods
from tf_ssgan.common import startup
from tf_ssgan.training import config as configurations

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
    with program.exit_on_user_error():
        argv = absl_flags.FlagValues().read_flags_from_files(argv, force_gnu=False)
        wants_help = any(word in program.HELP_FLAGS for word in argv)
        argv = [word for word in argv if not word.lstrip("-").startswith("help") and word != "-h"]
        given = precheck.given_flags(argv)
        if wants_help and "method" not in given:
            print(dataclass_flags.general_help(argv[0]))
            raise SystemExit(0)
        precheck.check_command_line(given, data=not wants_help)
        _PARSED["config"] = _strict(argv, given, wants_help)
    return argv[:1]


def config_of_command_line(argv: list[str]) -> configurations.Config:
    """The configuration that a command line of train_main.py comes to; brings TensorFlow.

    Args:
        argv: The program's name and its arguments. `early.check` has found nothing wrong with them.

    Raises:
        UserError: A value is out of range.
        absl.flags.Error: An unknown flag, or a value of a wrong kind.
    """
    return _strict(argv, precheck.given_flags(argv), wants_help=False)


def _strict(argv: list[str], given: dict[str, Any], wants_help: bool) -> configurations.Config:
    """Parses again with every flag of the method."""
    method = given.get("method", configurations.Config.method)
    dataset = given.get("dataset", configurations.Config.dataset)
    with startup.start_up():
        knobs = methods.find(method).HParams
    if wants_help:
        print(
            dataclass_flags.method_help(
                argv[0], method, configurations.settings(method, dataset, given)
            )
        )
        raise SystemExit(0)
    known = absl_flags.FlagValues()
    dataclass_flags.define(configurations.run_fields(), configurations.Config, known)
    dataclass_flags.define(dataclass_flags.fields(knobs), knobs, known)
    values = dataclass_flags.values(known, argv)
    return configurations.configure(**({"method": method, "dataset": dataset} | values))
