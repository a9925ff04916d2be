"""Every number of every program and method: what is no number, or none for it, is one sentence."""

import dataclasses
import typing

import pytest

import flags
from export import client, export_main, predict
from flags import program
from tf_ssgan import doctor, evaluate, methods, report, sweep
from tf_ssgan.common import errors, options
from tf_ssgan.evaluation.options import EvaluateOptions
from tf_ssgan.launch.sweep_plan import SweepOptions
from tf_ssgan.training import config

# Name of a program -> its options, what reads its command line, and the words that it needs.
PROGRAMS = {
    "train": (config.Config, flags.parse, ["--method=supervised", "--dataset=digits"]),
    "sweep": (SweepOptions, sweep.parse_args, ["--methods=supervised"]),
    "evaluate": (EvaluateOptions, evaluate.parse_args, ["--run=nowhere", "--generator"]),
    "report": (report.ReportOptions, report.parse_args, ["nowhere"]),
    "doctor": (doctor.DoctorOptions, doctor.parse_args, []),
    "predict": (predict.PredictOptions, predict.parse_args, ["--model=nowhere", "x.png"]),
    "client": (client.ClientOptions, client.parse_args, ["x.png"]),
    "export": (export_main.ExportOptions, export_main.parse_args, ["--run=nowhere", "--to=x"]),
}
ODD = ("nan", "inf", "-inf", "1e400", "1" + "0" * 30, "1" + "0" * 5_000, "-" + "9" * 400, "", " ",
       "True", "none", "1,5", "0x", "3.0e", "½", "1__0")  # fmt: skip
LARGE = (10**18, 10**30, 10**400, 10**5_000, -(10**30))
ODD_VALUES = (float("nan"), float("inf"), float("-inf"), 1e300, 10**400, -(10**5_000))


def numbers(dataclass):
    """The names of its options that are numbers, with their types."""
    kinds = typing.get_type_hints(dataclass)
    fields = [field.name for field in dataclasses.fields(dataclass)]
    return {name: kinds[name] for name in fields if kinds[name] in (int, float)}


@pytest.mark.parametrize("name", PROGRAMS)
def test_odd_numbers_on_a_command_line_are_one_sentence(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataclass, parse, words = PROGRAMS[name]
    for option in numbers(dataclass):
        for text in ODD:
            with pytest.raises(SystemExit) as stopped, program.exit_on_user_error():
                parse([name, *words, f"--{option}={text}"])
            said = capsys.readouterr().err.strip()
            assert stopped.value.code == 2 and option in said, (option, text, said)
            assert said.count("\n") <= 1 and "Traceback" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("method", methods.names())
def test_no_number_of_a_method_is_infinite(method):
    hparams = methods.find(method).HParams
    for option, kind in numbers(hparams).items():
        for value in ODD_VALUES if kind is float else LARGE:
            with pytest.raises(errors.UserError) as error:
                options.check_values(hparams, {option: value})
            assert str(error.value).startswith(f"--{option}=") and len(str(error.value)) < 600


def test_every_number_of_a_program_has_an_end():
    for dataclass, _, _ in PROGRAMS.values():
        for option, kind in numbers(dataclass).items():
            for value in ODD_VALUES if kind is float else LARGE:
                if value == 10**18 and option == "version":
                    continue  # a server may have it
                with pytest.raises(errors.UserError, match=f"^--{option}="):
                    options.check_values(dataclass, {option: value})


def test_every_seed_fits_into_32_bits():
    most = options.LARGEST_SEED
    settings = config.Config(seed=most, split_seed=most)
    assert settings.seed == settings.split_seed == 2**32 - 1
    assert SweepOptions(seeds=f"{most}-{most}").chosen_seeds == (most,)
    options.check(EvaluateOptions(seed=most))
    for dataclass in (config.Config, EvaluateOptions):
        for option in ("seed", "split_seed"):
            if option in numbers(dataclass):
                with pytest.raises(errors.UserError, match=f"{option}=4294967296: expected .*95"):
                    options.check_values(dataclass, {option: most + 1})
    with pytest.raises(errors.UserError, match="--seeds=4294967296-4294967296: expected seeds of"):
        _ = SweepOptions(seeds=f"{most + 1}-{most + 1}").chosen_seeds


def test_numbers_that_people_write_are_read():
    parsed = flags.parse(["train", "--method=supervised", "--dataset=digits", "--max_steps=1_000"])
    assert parsed.max_steps == 1_000
    parsed = flags.parse(["train", "--method=supervised", "--seed= 7 ", "--learning_rate=1e-3"])
    assert (parsed.seed, parsed.hparams.learning_rate) == (7, 1e-3)
    assert flags.parse(["train", "--method=supervised", "--seed=-0"]).seed == 0
