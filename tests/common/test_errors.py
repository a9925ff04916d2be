"""Near names and the error a person reads."""

import pytest

from tf_ssgan.common import errors


def test_a_near_name_is_suggested():
    assert errors.nearest("frgn", ["vat", "frgan"]) == "Did you mean 'frgan'? Known: vat, frgan."


def test_case_does_not_hide_a_near_name():
    assert errors.nearest("FRGAN", ["frgan"]).startswith("Did you mean 'frgan'?")


def test_the_beginning_of_a_name_is_nearer_than_a_similar_one():
    assert errors.nearest("cifar10_1", ["cifar10", "cifar10_1/v6"]).startswith(
        "Did you mean 'cifar10_1/v6'?"
    )


def test_without_a_near_name_the_known_ones_are_listed():
    assert errors.nearest("qqqq", (name for name in ("a", "b"))) == "Known: a, b."


def test_an_empty_name_suggests_nothing():
    assert errors.nearest("", ["a", "b"]) == "Known: a, b."


def test_a_user_error_prints_its_sentence():
    with pytest.raises(errors.UserError, match="^expected 1, got 2$"):
        raise errors.UserError("expected 1, got 2")
