"""Patterns of users find groups, are refused in a sentence, and cannot hang."""

import time

import pytest

from tf_ssgan.common import errors
from tf_ssgan.data import group_patterns


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        (r"^(p\d+)_", ["p1", "p2", "", "", ""]),
        (r"^p\d+", ["p1", "p2", "p7", "", ""]),
        (r"(p\d)_|(q\d)-", ["p1", "p2", "", "q3", ""]),
        (r"(x*)", [""] * 5),  # an empty group is none
        (r"(?P<patient>\udce4)", ["", "", "", "", "\udce4"]),
    ],
)
def test_the_first_capture_group_or_the_match_is_the_group(pattern, groups):
    names = ["p1_1.png", "p2_1.png", "p7.png", "q3-p.png", "\udce4.png"]
    assert group_patterns.search(pattern, names) == groups


@pytest.mark.parametrize(
    "pattern", ["(p", "*", "a{99999999999}", "(?P<1>x)", "(" * 400, "[z-a]", "\\", "a\n(\x1b"]
)
def test_what_is_no_regular_expression_is_refused(pattern):
    with pytest.raises(errors.UserError, match="is no regular expression") as caught:
        group_patterns.search(pattern, ["p1_1.png"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*$", "(.*)*x", "(?:.*.*.*.*.*.*.*.*)x"])
def test_an_expression_that_takes_years_is_refused(monkeypatch, pattern):
    monkeypatch.setattr(group_patterns, "SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(errors.UserError, match="takes longer than 0.5 seconds for 20 names"):
        group_patterns.search(pattern, [f"{'a' * 60}{k}.png" for k in range(20)])
    assert time.monotonic() - began < 20


def test_a_long_expression_is_refused():
    with pytest.raises(errors.UserError, match="1,001 characters.*at most 1,000"):
        group_patterns.search("a" * 1_001, ["a"])
