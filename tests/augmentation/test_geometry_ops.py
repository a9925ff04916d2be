"""The operations that move pixels compute what Pillow computes."""

import pytest
from support import pillow_reference
from support.pillow_reference import apply_to_row


@pytest.mark.parametrize("channels", [3, 1], ids=["color", "gray"])
@pytest.mark.parametrize("name", pillow_reference.GEOMETRY)
def test_each_operation_equals_pillows(name, channels):
    pillow_reference.check_random_amounts(name, channels)


@pytest.mark.parametrize("name", pillow_reference.GEOMETRY)
def test_the_ends_of_the_range_and_the_authors_amounts_equal_pillows(name):
    pillow_reference.check_special_amounts(name)


@pytest.mark.parametrize("name", pillow_reference.GEOMETRY)
def test_an_operation_accepts_an_empty_batch(name):
    pillow_reference.check_empty_batch(name)


def test_small_examples_by_hand():
    assert apply_to_row("translate_x", [1, 2, 3, 4], 0.25) == [2, 3, 4, 0]
    assert apply_to_row("translate_x", [1, 2, 3, 4], -0.3) == [0, 1, 2, 3]
