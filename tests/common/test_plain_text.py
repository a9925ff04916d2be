"""Names from outside become text that every terminal and table can take."""

import io
import os
import pathlib
import subprocess
import sys

import pytest

from tf_ssgan.common import plain_text

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text", ["cat", "猫 \u3000ねこ", "می\u200cخواهم", "👨\u200d👩", "a\u0301", "$_^\\"]
)
def test_names_in_any_language_stay(text):
    assert plain_text.escape(text) == text


@pytest.mark.parametrize(
    "text, escaped",
    [
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31m", r"\x1b[31m"),
        ("Gr\udcf6e", r"Gr\udcf6e"),
        ("\u202eabc", r"\u202eabc"),
        ("\ue000", r"\ue000"),
    ],
)
def test_what_a_line_of_text_cannot_hold_is_escaped(text, escaped):
    assert plain_text.escape(text) == escaped
    assert escaped.encode("utf-8")


def test_texts_are_cut_to_columns():
    assert plain_text.shorten("abcdef", 6) == "abcdef"
    assert plain_text.shorten("abcdefg", 6) == "abcde…"
    assert plain_text.shorten("漢字漢", 6) == "漢字漢"
    assert plain_text.shorten("漢字漢字", 6) == "漢字…"
    assert plain_text.shorten("", 6) == ""
    assert plain_text.shorten("👨\u200d👩", 4) == "👨…"


def test_texts_are_filled_to_columns():
    assert plain_text.pad("ab", 4) == "ab  " and plain_text.pad("漢", 4) == "漢  "
    assert plain_text.pad("abcdef", 4) == "abc…" and plain_text.pad("漢字漢", 5) == "漢字…"
    assert plain_text.pad("漢字漢", 4) == "漢… "


def test_output_is_escaped_in_the_context_alone(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    with plain_text.escaped_output():
        print("猫 \udcf6", flush=True)
    assert stream.buffer.getvalue().strip() == rb"\u732b \udcf6"
    assert stream.errors == "strict"


def test_an_output_of_another_kind_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with plain_text.escaped_output():
        print("猫")
    assert sys.stdout.getvalue() == "猫\n"


def test_every_program_escapes_what_its_terminal_cannot_show():
    code = "from flags import program; program.main(lambda argv: print('猫 \\udcf6'))"
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert (done.returncode, done.stdout.strip()) == (0, rb"\u732b \udcf6"), done.stderr


@pytest.mark.parametrize(
    "path", ["runs/digits-50-frgan-s0-1234abcd", "/a/b.c", "Bär/猫", "folder:a,b", "."]
)
def test_a_path_without_signs_of_a_shell_stays_in_a_command(path):
    assert plain_text.shell_word(path) == plain_text.shell_word(pathlib.PurePath(path)) == path


@pytest.mark.parametrize("path", ["my runs", "a'b", "$HOME", "a;b", "(a)", "*", "a\nb", "~x", "", "a&b", "#"])  # fmt: skip
def test_a_shell_reads_the_path_of_a_command_as_it_is(path):
    command = f"printf %s {plain_text.shell_word(path)}"
    assert subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout == path
