"""Names are shown as they are, whatever they mean to a format."""

import html
import re

import pytest

from tf_ssgan.reports import escaping


@pytest.mark.parametrize("text", ["frgan", "a_b", "5.0 ± 0.5 (3)", "frgan, 50 labels: 4 %", "−1.5",
                                  "a; b", "c++", "Bär 猫", "x-y/z.png", "(a) !"])  # fmt: skip
def test_usual_text_stays_as_it_is(text):
    assert escaping.markdown(text) == escaping.markdown_block(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>", "&lt;script&gt;"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("[x](javascript:y)", r"\[x\](javascript:y)"),
        ("![x](y)", r"!\[x\](y)"),
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("`a`", r"\`a\`"),
        ("*a* _a_ __a__ a_a ~~a~~ $a$", r"\*a\* \_a\_ \_\_a\_\_ a_a \~\~a\~\~ \$a\$"),
        ("a\nb\r\n# c", r"a\\nb\\r\\n# c"),
        ("\x1b[2J\u202e\x00", r"\\x1b\[2J\\u202e\\x00"),
    ],
)  # fmt: skip
def test_markdown(text, expected):
    assert escaping.markdown(text) == expected
    # What a reader sees, but for escapes of control characters.
    seen = html.unescape(re.sub(r"\\([!-/:-@[-`{-~])", r"\1", expected))
    assert seen == text or not text.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("# a", r"\# a"), ("- a", r"\- a"), ("+ a", r"\+ a"), ("--- ", r"\--- "), ("=== ", r"\=== "),
     ("1. a", r"1\. a"), ("12) a", r"12\) a"), ("> a", "&gt; a"), ("1.5 a", "1.5 a")],
)  # fmt: skip
def test_a_line_begins_no_block(text, expected):
    assert escaping.markdown_block(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a/b c", "`a/b c`"), ("a|b", r"`a\|b`"), ("a\udce9", r"`a\udce9`"), ("a`b", r"a\`b"),
     ("<b>", "&lt;b&gt;"), (" a", " a"), ("a\\|b", r"a\\\|b"), ("a\n|", r"a\\n\|")],
)  # fmt: skip
def test_paths_are_code_if_nothing_in_them_ends_it(path, expected):
    assert escaping.markdown_path(path) == expected


@pytest.mark.parametrize(
    "text, expected",
    [("a_b & 5 %", r"a\_b \& 5 \%"), ("5 ± 1", r"5 $\pm$ 1"), ("−1", "$-$1"), ("–", "--"), ("a\n|", r"a\textbackslash{}n$|$"), ("[2] *", r"{[}2] {*}"),
     ("\\", r"\textbackslash{}"), ("{$#}", r"\{\$\#\}"), ("<~^>", r"$<$\textasciitilde{}\textasciicircum{}$>$")],
)  # fmt: skip
def test_special_characters_of_latex_are_escaped(text, expected):
    assert escaping.latex(text) == expected


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1",
                                  "\n=1", "＝1", "-a", "--5"])  # fmt: skip
def test_a_cell_is_no_formula(text):
    assert escaping.csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, 0, None, True, "a", "", "-1.5", "+2e-7", "a=1", "a\tb"])
def test_numbers_and_usual_cells_stay(value):
    assert escaping.csv_cell(value) is value or escaping.csv_cell(value) == value


def test_code_is_one_line_that_nothing_ends():
    text = escaping.markdown_code("run --a='<b> `c`\n# d'")
    assert text == "    run --a='<b> `c`\\n# d'"
