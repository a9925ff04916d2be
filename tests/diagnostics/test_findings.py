"""Findings have advice, and become text and JSON; failed checks are findings too."""

import json

import pytest

from tf_ssgan.common import errors
from tf_ssgan.diagnostics import findings
from tf_ssgan.diagnostics.findings import Finding


def test_everything_but_ok_has_advice():
    for level in ("note", "warning", "error"):
        with pytest.raises(ValueError, match="invalid finding"):
            Finding("Data", level, "something is odd")
    with pytest.raises(ValueError, match="invalid finding"):
        Finding("Data", "ok", "all is well", "do nothing")
    with pytest.raises(ValueError, match="invalid finding"):
        Finding("Data", "bad", "something is odd", "fix it")


def test_a_section_has_a_line_for_each_finding_and_its_advice():
    results = [
        Finding("Data", "ok", "two classes\nclass  labeled\ncat          3"),
        Finding("Data", "warning", "one is empty", "fill it", ("cat/1.png",)),
    ]
    assert findings.format_section("Data", results).splitlines() == [
        "Data",
        "  ok       two classes",
        "           class  labeled",
        "           cat          3",
        "  warning  one is empty: cat/1.png",
        "           -> fill it",
    ]


def test_long_lists_are_cut_in_the_text_and_whole_in_json():
    names = tuple(f"{n}.png" for n in range(1025))
    results = [Finding("Data", "note", "odd names", "nothing", names)]
    text = findings.format_section("Data", results)
    assert "19.png and 1,005 more (--json=FILE has all)" in text and "20.png" not in text
    assert json.loads(json.dumps(findings.as_json(results)))[0]["names"] == list(names)
    exactly = Finding("Data", "note", "odd names", "nothing", names[:20])
    assert "more" not in findings.format_section("Data", [exactly])


def test_any_name_can_be_printed():
    name = "a\udcff\n\x1b[2J.png"
    results = [Finding("Data", "note", f"odd {name[:2]}", "nothing", (name,))]
    text = findings.format_section("Data", results)
    assert text.encode() and len(text.splitlines()) == 3 and "\x1b" not in text
    assert findings.as_json(results)[0]["names"] == ["a\\udcff\\n\\x1b[2J.png"]


def test_a_check_that_raises_is_a_finding_and_keeps_earlier_findings():
    def check(word):
        yield Finding("Data", "ok", word)
        raise KeyError("gone")

    first, last = findings.run_check("Data", "the sizes", check, "begun")
    assert first.text == "begun" and last.level == "error" and findings.has_errors([first, last])
    assert last.text == "the sizes: could not be checked (KeyError: 'gone')" and last.advice


def test_a_user_error_is_a_finding_with_the_same_text():
    def check():
        raise errors.UserError("No such thing.\nMake one.")

    (finding,) = findings.run_check("Data", "the things", check)
    assert finding.text == "No such thing. Make one." and finding.level == "error"


def test_a_value_or_a_finding():
    assert findings.call_or_finding("Data", "the half", lambda n: n // 2, 4) == (2, [])
    value, (finding,) = findings.call_or_finding("Data", "the share", lambda n: 1 // n, 0)
    assert value is None and "ZeroDivisionError" in finding.text


def test_an_interrupted_check_stops():
    def check():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        findings.run_check("Data", "anything", check)


def test_findings_are_counted_by_level():
    def finding(level):
        return Finding("Data", level, "x", "" if level == "ok" else "y")

    assert findings.format_counts([finding("ok")]) == "nothing to fix"
    many = [finding(level) for level in ("ok", "note", "warning", "warning", "error")]
    assert findings.format_counts(many) == "1 error, 2 warnings, 1 note"
    assert findings.has_errors(many) and not findings.has_errors(many[:-1])
