"""Names of classes: text that every file and terminal can hold, and which of them look alike.

Two programs write the same name in two ways: macOS writes an accent as a character of its own
(NFD), others as part of its letter (NFC, Unicode Standard Annex 15). Old tables and folders are in
Windows-1252 or Latin-1 rather than in UTF-8.
"""

import collections
import unicodedata
from collections.abc import Iterable

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
# Greek and Cyrillic letters that look like Latin ones (Unicode Technical Standard 39), folded.
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u03bf\u03b1\u03bd\u03b9\u03c1",
    "aeopcyxijsoavip",
)
_MISSING = ("nan", "none", "null", "na", "n/a", "<na>", "nil", "#n/a", "-")


def decode(name: str) -> str:
    """Returns a name as text in NFC; bytes that are not UTF-8 are read as Windows-1252 or Latin-1.

    Args:
        name: a name from a file system or a file, with surrogate escapes for undecodable bytes.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        content = name.encode("utf-8", "surrogateescape")
        try:
            name = content.decode("cp1252")
        except UnicodeDecodeError:  # five bytes have no meaning there
            name = content.decode("latin-1")
    return unicodedata.normalize("NFC", name)


def fold(name: str) -> str:
    """Returns a key that is equal for names that differ in capitals, accents' form or blanks."""
    folded = unicodedata.normalize("NFKC", decode(name).translate(_INVISIBLE)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def look_alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Returns groups of different names that a reader would take for the same one.

    They are equal after `fold`, have letters of other alphabets that look the same, or are the same
    number, as "0" and "0.0".
    """
    groups = collections.defaultdict(list)
    for name in names:
        groups[_number(name) or fold(name).translate(_LOOKALIKES)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def stand_for_nothing(names: Iterable[str]) -> list[str]:
    """Returns the names that programs write for a missing value, such as "nan"."""
    return [name for name in names if fold(name) in _MISSING]


def _number(name: str) -> str:
    """Returns the shortest form of the number that a name is; empty if it is none."""
    text = fold(name).replace(",", ".")
    try:
        number = float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return ""
    return "" if number is None or number != number else repr(number + 0.0)
