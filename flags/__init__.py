"""From a command line to a configuration. Only this folder and `common.startup` import absl.

The command line is parsed twice. The first pass reads the flags that every run has, such as
--method and --dataset, and reports mistakes in names, paths and data before TensorFlow is imported.
The second pass defines one flag for each hyperparameter of that method, whose default is the value
that this run would use, and parses strictly: a misspelt flag is an error, and
`--method=frgan --help` shows the hyperparameters of frgan only.
"""

from flags import first  # noqa: F401

# isort: split

import dataclasses
from typing import Any

from absl import flags as absl_flags

from flags import dataclass_flags, flagfiles, program
from tf_ssgan import methods
from tf_ssgan.common import errors, few_images, startup
from tf_ssgan.data import datasets
from tf_ssgan.training import config as configurations
from tf_ssgan.training import precheck

_SHOWN = 6  # methods that are named


def parse(argv: list[str]) -> configurations.Config:
    """Reads the command line of train_main.py.

    Args:
        argv: The program's name and its arguments.

    Returns:
        The configuration of the run.

    Raises:
        SystemExit: Status 2 after a user's mistake, with a sentence on standard error; 0 after
            help.
    """
    with program.exit_on_user_error():
        argv = flagfiles.expand(argv)
        wants_help = any(word in program.HELP_FLAGS for word in argv)
        argv = [word for word in argv if not word.lstrip("-").startswith("help") and word != "-h"]
        given = dataclass_flags.given_flags(argv)
        if wants_help and "method" not in given:
            print(dataclass_flags.general_help(argv[0]))
            raise SystemExit(0)
        if wants_help:
            _print_method_help(argv[0], given, precheck.check_for_help(given))
            raise SystemExit(0)
        return _parse_strictly(argv, given, precheck.check_run(given))


def config_of_command_line(argv: list[str], source: datasets.DataSource) -> configurations.Config:
    """Returns the configuration of a command line of train_main.py; imports TensorFlow.

    Args:
        argv: The program's name and its arguments, which `precheck.check_run` accepts.
        source: The data set that it returned.

    Raises:
        UserError: A value is out of range.
        absl.flags.Error: A flag is unknown, or its value has the wrong type.
    """
    return _parse_strictly(argv, dataclass_flags.given_flags(argv), source)


def _print_method_help(
    program_name: str, given: dict[str, Any], source: datasets.DataSource
) -> None:
    """Prints the help of the method, with the values that this run would use."""
    method = given["method"]
    with startup.start_up():
        methods.find(method)
    settings = configurations.resolve_flags(method, source.name, given, source)
    print(dataclass_flags.method_help(program_name, method, settings))


def _parse_strictly(
    argv: list[str], given: dict[str, Any], source: datasets.DataSource
) -> configurations.Config:
    """Parses again, now with the flags of the method; unknown flags are errors."""
    method = given.get("method", configurations.Config.method)
    with startup.start_up():
        hparams = methods.find(method).HParams
    flag_values = absl_flags.FlagValues()
    dataclass_flags.define(configurations.run_fields(), configurations.Config, flag_values)
    dataclass_flags.define(dataclass_flags.fields(hparams), hparams, flag_values)
    try:
        values = dataclass_flags.parse(flag_values, argv)
    except absl_flags.UnrecognizedFlagError as error:
        _refuse_flag_of_others(method, error.flagname)
        raise
    values = {"method": method, "dataset": source.name} | values
    return configurations.configure(**values, source=source)


def _refuse_flag_of_others(method: str, flag: str) -> None:
    """Says which methods have a flag, if any; raises UserError then."""
    with startup.start_up():
        owners = [n for n in methods.names() if _has_flag(methods.find(n).HParams, flag)]
    if owners:
        raise errors.UserError(
            f"--{flag} is no flag of --method={method}, but of {few_images.join(owners, _SHOWN)}. "
            f"For those of {method}: python train_main.py --method={method} --help"
        )


def _has_flag(hparams: type, flag: str) -> bool:
    return any(field.name == flag for field in dataclasses.fields(hparams))
