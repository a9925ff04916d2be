"""Damaged JSON is a ValueError in plain words."""

import pytest

from tf_ssgan.common import json_text


def test_json_is_read():
    assert json_text.loads('{"a": [1, null]}') == json_text.loads(b'{"a": [1, null]}')


@pytest.mark.parametrize(
    "content, message",
    [
        ("[" * 100_000, "^it is nested too deeply$"),
        ('{"a":' * 100_000, "^it is nested too deeply$"),
        ("9" * 100_000, "^it holds a number of too many digits$"),
        (b'"\xff"', "^it is not text in UTF-8$"),
        ("", "Expecting value"),
    ],
)
def test_what_is_wrong_is_said(content, message):
    with pytest.raises(ValueError, match=message):
        json_text.loads(content)


def test_constants_that_are_no_json_are_read_or_given_to_the_caller():
    assert json_text.loads("Infinity") == float("inf")
    assert json_text.loads("[NaN]", parse_constant=str.lower) == ["nan"]
