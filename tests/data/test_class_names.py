"""Names of classes: as text, and which of them look alike."""

import os
import unicodedata

import pytest

from tf_ssgan.data import class_names

NFC, NFD = "Caf\xe9", "Cafe\u0301"


@pytest.mark.parametrize(
    "content, text, encoding",
    [
        (b"cat", "cat", ""),
        (NFD.encode(), NFC, ""),
        ("犬".encode(), "犬", ""),
        (b"Gr\xf6\xdfe", "Größe", "cp1252"),
        (b"\x80 100", "€ 100", "cp1252"),
        (b"\x81\xf6", "\x81ö", "latin-1"),
    ],
)
def test_names_become_text_in_nfc(content, text, encoding):
    name = os.fsdecode(content)
    assert class_names.decode(name) == text and class_names.encoding_of(name) == encoding
    assert class_names.decode(text) == text


def test_a_surrogate_that_stands_for_no_byte_becomes_an_escape():
    assert class_names.decode("a\ud800b") == "a\\ud800b"


@pytest.mark.parametrize(
    "one, other",
    [
        (NFC, NFD),
        ("Cat", "cat"),
        ("Straße", "STRASSE"),
        (" big  cat", "big cat"),
        ("ca\u200bt", "cat"),
        ("\ufeffcat", "cat"),
        ("ｃａｔ", "cat"),
        ("\u2764\ufe0f", "\u2764"),  # a heart in color, and in black
    ],
)
def test_names_that_differ_in_form_have_one_key(one, other):
    assert class_names.fold(one) == class_names.fold(other)
    assert class_names.look_alike([one, other]) == [(one, other)]


@pytest.mark.parametrize(
    "one, other",
    [
        ("0", "0.0"),
        ("1", "01"),
        ("-0", "0"),
        ("1,5", "1.50"),
        ("100000", "1e+05"),
        ("cat", "c\u0430t"),  # with a Cyrillic letter
    ],
)
def test_equal_numbers_and_letters_of_other_alphabets_look_alike(one, other):
    assert class_names.look_alike(["x", one, other]) == [(one, other)]
    assert class_names.fold(one) != class_names.fold(other)


@pytest.mark.parametrize(
    "names",
    [
        ("cat", "cats"),
        ("1", "1,000"),
        ("12345678901234567890", "12345678901234567891"),
        ("nan", "inf"),
        ("1_0", "10"),
        ("e", "é"),
        ("1" * 50, "01" + "1" * 49),
        ("cat", "cat"),
    ],
)
def test_other_names_do_not_look_alike(names):
    assert class_names.look_alike(names) == []


def test_a_name_matches_the_same_text_or_all_that_look_the_same():
    latin = os.fsdecode(b"Gr\xf6\xdfe")
    found = class_names.match(
        [NFD, "CAT", "cat", latin, "dog", "0.0"], [NFC, "Cat", "cat", "Größe", "0"]
    )
    assert found == {
        NFD: (NFC,), "CAT": ("Cat", "cat"), "cat": ("cat",), latin: ("Größe",), "dog": (),
        "0.0": ("0",),
    }  # fmt: skip


def test_names_of_a_missing_value():
    names = ["NaN", "none", "NULL", " n/a", "nanny", "0", "cat"]
    assert class_names.stand_for_nothing(names) == names[:4]


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "\x1b[31m", "a\u2028b", "a\u202eb", "", "  ",
                                  "\x81"])  # fmt: skip
def test_control_characters_cannot_be_shown(name):
    assert not class_names.can_be_shown(name)


@pytest.mark.parametrize("name", ["cat", " cat", "große Katze", "犬", "قطة", "👩\u200d🚀", NFD])
def test_letters_of_all_alphabets_can_be_shown(name):
    assert class_names.can_be_shown(name)
    assert class_names.can_be_shown(unicodedata.normalize("NFD", name))


def test_known_names_are_extended_by_those_that_stand_for_none():
    assert class_names.extend(("cat", "b"), ["CAT", "dog", "ant", "dog", "b"]) == (
        "cat", "b", "ant", "dog",
    )  # fmt: skip


def test_utf8_bytes_are_utf8_where_python_takes_file_names_for_ascii():
    name = "Größe".encode().decode("ascii", "surrogateescape")
    assert class_names.decode(name) == "Größe" and class_names.encoding_of(name) == ""


def test_numbers_in_arabic_digits_are_the_same_numbers():
    assert class_names.look_alike(["1", "\u0661", "2"]) == [("1", "\u0661")]
