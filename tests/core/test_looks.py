"""What a look offers is what runs and the looks of tests offer."""

import inspect

import pytest
from support import toy_looks

from tf_ssgan.core.looks import Look
from tf_ssgan.training.looks import PoolLook

PARTS = ("predict", "checked", "progress")


def parameters(kind, part):
    """Names and kinds of the parameters of a method."""
    return [(p.name, p.kind) for p in inspect.signature(getattr(kind, part)).parameters.values()]


def test_a_look_has_these_parts_and_no_others():
    assert {name for name in vars(Look) if not name.startswith("_")} == set(PARTS)


@pytest.mark.parametrize("kind", [PoolLook, toy_looks.ToyLook, toy_looks.GivenLook])
@pytest.mark.parametrize("part", PARTS)
def test_looks_take_the_same_arguments(kind, part):
    assert parameters(kind, part) == parameters(Look, part)
