"""Ranges of knobs, and the sentences that refuse what is out of them."""

import dataclasses

import pytest

from tf_ssgan.common import errors, options


@dataclasses.dataclass(frozen=True)
class Record:
    share: float = options.option(0.5, "A share.", above=0, high=1)
    count: int = options.option(3, "A count.", low=1)
    free: float = options.option(0.0, "Anything.")


@pytest.mark.parametrize("share", [1e-30, 0.5, 1.0])
def test_what_is_within(share):
    options.check(Record(share=share, count=1, free=float("nan")))


@pytest.mark.parametrize("share", [0, 0.0, -1, 1.01, float("nan"), float("inf")])
def test_an_open_end_is_out_of_the_range(share):
    with pytest.raises(errors.UserError) as refused:
        options.check(Record(share=share))
    assert str(refused.value) == f"--share={share}: expected above 0 and at most 1. A share."


def test_a_closed_end_is_in_it():
    with pytest.raises(errors.UserError, match="--count=0: expected at least 1. A count."):
        options.check(Record(count=0))
