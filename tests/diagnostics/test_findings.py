"""Findings: a remedy for each, as text and as JSON, and no traceback."""

import json

import pytest

from tf_ssgan.common import errors
from tf_ssgan.diagnostics import findings
from tf_ssgan.diagnostics.findings import Finding


def test_whatever_is_not_ok_comes_with_advice():
    for level in ("note", "warning", "error"):
        with pytest.raises(ValueError, match="no finding"):
            Finding("Data", level, "something is odd")
    with pytest.raises(ValueError, match="no finding"):
        Finding("Data", "ok", "all is well", "do nothing")
    with pytest.raises(ValueError, match="no finding"):
        Finding("Data", "bad", "something is odd", "mend it")


def test_a_section_is_a_line_a_finding_and_a_line_of_advice():
    found = [
        Finding("Data", "ok", "two classes\nclass  labeled\ncat          3"),
        Finding("Data", "warning", "one is empty", "fill it", ("cat/1.png",)),
    ]
    assert findings.format_findings("Data", found).splitlines() == [
        "Data",
        "  ok       two classes",
        "           class  labeled",
        "           cat          3",
        "  warning  one is empty: cat/1.png",
        "           -> fill it",
    ]


def test_long_lists_are_cut_in_the_text_and_whole_in_json():
    names = tuple(f"{n}.png" for n in range(1025))
    found = [Finding("Data", "note", "odd names", "nothing", names)]
    text = findings.format_findings("Data", found)
    assert "19.png and 1,005 more (--json=FILE has all)" in text and "20.png" not in text
    assert json.loads(json.dumps(findings.as_json(found)))[0]["names"] == list(names)
    exactly = Finding("Data", "note", "odd names", "nothing", names[:20])
    assert "more" not in findings.format_findings("Data", [exactly])


def test_any_name_can_be_printed():
    name = "a\udcff\n\x1b[2J.png"
    found = [Finding("Data", "note", f"odd {name[:2]}", "nothing", (name,))]
    text = findings.format_findings("Data", found)
    assert text.encode() and len(text.splitlines()) == 3 and "\x1b" not in text
    assert findings.as_json(found)[0]["names"] == ["a\\udcff\\n\\x1b[2J.png"]


def test_a_check_that_raises_is_a_finding_and_keeps_those_before():
    def check(word):
        yield Finding("Data", "ok", word)
        raise KeyError("gone")

    first, last = findings.guarded("Data", "the sizes", check, "begun")
    assert first.text == "begun" and last.level == "error" and findings.failed([first, last])
    assert last.text == "the sizes: could not be looked at (KeyError: 'gone')" and last.advice


def test_a_persons_mistake_is_told_in_its_own_words():
    def check():
        raise errors.UserError("No such thing.\nMake one.")

    (found,) = findings.guarded("Data", "the things", check)
    assert found.text == "No such thing. Make one." and found.level == "error"


def test_a_value_or_a_finding():
    assert findings.attempted("Data", "the half", lambda n: n // 2, 4) == (2, [])
    value, (found,) = findings.attempted("Data", "the share", lambda n: 1 // n, 0)
    assert value is None and "ZeroDivisionError" in found.text


def test_an_interrupted_checkup_stops():
    def check():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        findings.guarded("Data", "anything", check)


def test_the_sum_of_it():
    def of(level):
        return Finding("Data", level, "x", "" if level == "ok" else "y")

    assert findings.summary([of("ok")]) == "nothing to mend"
    many = [of(level) for level in ("ok", "note", "warning", "warning", "error")]
    assert findings.summary(many) == "1 error, 2 warnings, 1 note"
    assert findings.failed(many) and not findings.failed(many[:-1])
