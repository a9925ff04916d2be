"""Flags are made from dataclasses of options, and so are their help texts."""

import dataclasses
from typing import Literal

import pytest
from absl import flags as absl_flags

from flags import dataclass_flags
from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.common.options import option
from tf_ssgan.data import datasets
from tf_ssgan.training import config, precheck


@dataclasses.dataclass(frozen=True)
class PaintOptions:
    color: Literal["red", "blue"] = option("red", "Color of the paint.")
    coats: int = option(2, "How many coats.", low=1)
    liters: float = option(0.5, "Paint for each coat.")
    wall: str = option("north", "Which wall.")
    dry: bool = option(False, "Whether to let it dry.")


@pytest.fixture
def flag_values():
    defined = absl_flags.FlagValues()
    dataclass_flags.define(dataclass_flags.fields(PaintOptions), PaintOptions, defined)
    return defined


def test_defaults_and_types_are_those_of_the_fields(flag_values):
    assert dataclass_flags.parse(flag_values, ["paint"]) == {}
    assert {n: flag_values[n].default for n in flag_values} == dataclasses.asdict(PaintOptions())
    argv = ["paint", "--coats=3", "--liters=2", "--wall=5", "--dry", "--color=blue"]
    assert dataclass_flags.parse(flag_values, argv) == {
        "coats": 3, "liters": 2.0, "wall": "5", "dry": True, "color": "blue",
    }  # fmt: skip


def test_only_flags_that_are_set_are_returned(flag_values):
    assert dataclass_flags.parse(flag_values, ["paint", "--coats", "2"]) == {"coats": 2}


def test_some_fields_can_be_chosen():
    defined = absl_flags.FlagValues()
    (chosen,) = (f for f in dataclass_flags.fields(PaintOptions) if f.name == "wall")
    dataclass_flags.define((chosen,), PaintOptions, defined)
    assert list(defined) == ["wall"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--wal=south"], "Did you mean: wall"),
        (["--coats=many"], "coats"),
        (["south"], "'south' is not a flag. Flags look like --name=value."),
    ],
)
def test_strict_parsing_refuses_everything_else(flag_values, words, message):
    with pytest.raises(absl_flags.Error, match=message):
        dataclass_flags.parse(flag_values, ["paint", *words])


def test_other_flags_and_words_can_be_ignored(flag_values):
    argv = ["paint", "--roof=red", "south", "--coats=4"]
    assert dataclass_flags.parse(flag_values, argv, known_only=True) == {"coats": 4}


def test_fields_of_other_types_are_refused():
    @dataclasses.dataclass(frozen=True)
    class Odd:
        size: complex = option(1j, "Size.")

    with pytest.raises(TypeError, match="Odd.size: no flag can be made of"):
        dataclass_flags.define(dataclass_flags.fields(Odd), Odd, absl_flags.FlagValues())


def test_given_flags_are_those_of_every_run():
    argv = ["train_main.py", "--method=frgan", "--labels", "20", "--width=8", "word"]
    assert dataclass_flags.given_flags(argv) == {"method": "frgan", "labels": 20}


def test_given_flags_are_read_from_a_flagfile_too(tmp_path):
    (tmp_path / "run.flags").write_text("--seed=3\n--width=8\n")
    argv = ["train_main.py", f"--flagfile={tmp_path}/run.flags"]
    assert dataclass_flags.given_flags(argv) == {"seed": 3}


@pytest.mark.parametrize("old", precheck.RENAMED)
def test_old_names_of_flags_are_refused_by_one_sentence(tmp_path, old):
    (tmp_path / "run.flags").write_text(f"--{old}=1\n")
    for word in (f"--{old}=1", f"--flagfile={tmp_path}/run.flags"):
        with pytest.raises(errors.UserError, match=f"--{precheck.RENAMED[old]};") as refused:
            dataclass_flags.given_flags(["train_main.py", word])
        assert refused.value.status == 2 and "\n" not in str(refused.value)


def test_general_help_has_all_flags_with_their_defaults_and_choices():
    text = dataclass_flags.general_help("train_main.py")
    for field in config.run_fields():
        assert f"--{field.name}={field.default}" in text
    assert "(balanced, proportional)" in " ".join(text.split())
    words = text.split()
    assert all(name in words for name in (*methods.names(), *datasets.names()))
    assert max(map(len, text.splitlines())) <= 100


def test_general_help_lists_methods_by_their_groups():
    text = dataclass_flags.general_help("train_main.py")
    assert "\n  Baselines:\n    alexnet supervised\n  GAN classifiers:\n    acgan " in text


def test_help_of_a_method_has_the_values_of_the_run():
    settings = config.resolve_flags("supervised", "digits", {"width": 7})
    text = dataclass_flags.method_help("train_main.py", "supervised", settings)
    assert "hyperparameters of supervised, with the values of this run:\n" in text
    own = text.index("  --width=7\n")
    assert own < text.index("\nflags of every run:\n") < text.index("  --labels=50\n")


def test_the_help_of_a_program_has_its_flags_their_defaults_and_choices():
    @dataclasses.dataclass
    class Options:
        images: int = option(50, "Images to generate.", low=1)
        form: Literal["", "csv", "html"] = option("", "What to write.")

    text = dataclass_flags.options_help("Draws.\n\nMore of it.\n", Options)
    assert text == (
        "Draws.\n\nMore of it.\n\nflags:\n  --images=50\n        Images to generate.\n"
        "  --form=\n        What to write. (csv, html)"
    )


def test_a_very_long_name_is_no_flag():
    """absl compares it with all names, recursively."""
    with pytest.raises(absl_flags.Error, match=r"'--aaa.*'... is not a flag: its name is too long"):
        dataclass_flags.given_flags(["program", "--" + "a" * 100_000])
    assert dataclass_flags.given_flags(["program", "--seed=" + "0" * 999 + "3"]) == {"seed": 3}
