"""Ranges and choices of options, and the messages about values outside of them."""

import dataclasses
from typing import Literal

import pytest

from tf_ssgan.common import errors, options


@dataclasses.dataclass(frozen=True)
class Record:
    share: float = options.option(0.5, "A share.", above=0, high=1)
    count: int = options.option(3, "A count.", low=1)
    free: float = options.option(0.0, "Anything.")
    kind: Literal["", "red", "blue"] = options.option("", "A kind.")


@pytest.mark.parametrize("share", [1e-30, 0.5, 1.0])
def test_values_in_the_range_are_accepted(share):
    options.check(Record(share=share, count=1, free=-3.4e38))


@pytest.mark.parametrize(
    "value, shown",
    [(float("nan"), "nan"), (float("inf"), "inf"), (float("-inf"), "-inf"), (3.5e38, "3.5e+38"),
     (-1e308, "-1e+308"), (10**400, "1e40 or more"), (-(10**4000), "-1e40 or more")],
)  # fmt: skip
def test_a_number_is_finite_in_32_bits(value, shown):
    with pytest.raises(errors.UserError) as error:
        options.check(Record(free=value))
    expected = f"--free={shown}: expected a finite number, from -3.4e+38 to 3.4e+38. Anything."
    assert str(error.value) == expected


def test_a_count_has_an_end():
    options.check(Record(count=10**12))
    for count, shown in ((10**12 + 1, "1000000000001"), (10**5000, "1e40 or more")):
        with pytest.raises(errors.UserError, match=f"--count={shown}: expected a finite number"):
            options.check(Record(count=count))


@pytest.mark.parametrize("share", [0, 0.0, -1, 1.01, float("nan"), float("inf")])
def test_a_value_must_be_above_an_open_bound(share):
    with pytest.raises(errors.UserError) as error:
        options.check(Record(share=share))
    assert str(error.value) == f"--share={share}: expected above 0 and at most 1. A share."


def test_a_value_must_not_be_below_a_closed_bound():
    with pytest.raises(errors.UserError, match="--count=0: expected at least 1. A count."):
        options.check(Record(count=0))


def test_only_choices_that_can_be_named_are_suggested():
    options.check(Record(kind="red"))
    with pytest.raises(errors.UserError, match="--kind=x is not one of its values. Known: red, b"):
        options.check(Record(kind="x"))


def test_some_values_are_checked_before_there_is_a_record():
    options.check_values(Record, {"count": 1, "other": None})
    with pytest.raises(errors.UserError, match="--count=0: expected at least 1"):
        options.check_values(Record, {"count": 0})


@pytest.mark.parametrize("kind", [3, None, ["red"]])
def test_a_choice_is_a_text(kind):
    with pytest.raises(errors.UserError, match="^--kind: expected a text, got "):
        options.check_values(Record, {"kind": kind})


def test_a_field_is_inherited_with_its_meaning_and_range():
    @dataclasses.dataclass(frozen=True)
    class Other:
        share: float = options.inherited(Record, "share", 0.25, "Smith 2020")
        count: int = options.inherited(Record, "count")

    share, count = dataclasses.fields(Other)
    assert (Other().share, Other().count) == (0.25, 3)
    assert share.metadata["doc"] == "A share. Default: Smith 2020."
    noted = options.inherited(Record, "share", 0.25, "Smith 2020", note="None for red.")
    assert noted.metadata["doc"] == "A share. Default: Smith 2020. None for red."
    assert options.inherited(Record, "share", note="Ah.").metadata["doc"] == "A share. Ah."
    assert count.metadata == dataclasses.fields(Record)[1].metadata
    with pytest.raises(errors.UserError, match="--share=2: expected above 0 and at most 1"):
        options.check(Other(share=2))


def test_options_that_earlier_versions_lack_have_a_default():
    @dataclasses.dataclass(frozen=True)
    class Options:
        width: int = options.option(3, "Width.", low=1)
        late: float = options.option(0.5, "Added.", since="0.2.0")

    @dataclasses.dataclass(frozen=True)
    class Inherited(Options):
        late: float = options.inherited(Options, "late", 0.7)

    assert options.added_since(Options) == {"late": 0.5}
    assert options.added_since(Inherited) == {"late": 0.7}

    @dataclasses.dataclass(frozen=True)
    class Later(Options):
        width: int = options.inherited(Options, "width", since="0.3.0")

    assert options.added_since(Later) == {"width": 3, "late": 0.5}
