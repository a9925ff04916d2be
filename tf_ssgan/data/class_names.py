"""Names of classes: text that every file and terminal can hold, and which of them look alike.

Two programs write the same name in two ways: macOS writes an accent as a character of its own
(NFD), others as part of its letter (NFC, Unicode Standard Annex 15). Old tables and folders are in
Windows-1252 or Latin-1 rather than in UTF-8.
"""

import collections
import contextlib
import fractions
import re
import unicodedata
from collections.abc import Iterable

# Greek and Cyrillic letters that look like Latin ones (Unicode Technical Standard 39), folded.
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u03bf\u03b1\u03bd\u03b9\u03c1",
    "aeopcyxijsoavip",
)
_MISSING = ("nan", "none", "null", "na", "n/a", "<na>", "nil", "#n/a", "-")
# A comma before three digits separates thousands. Names of more digits are no measured numbers.
_NUMBER = re.compile(r"[+-]?\d{1,40}([.,]\d{1,2}|[.,]\d{4,40}|\.\d{3})?(e[+-]?\d{1,2})?")
_TURN_TEXT = range(0x202A, 0x202F), range(0x2066, 0x206A)  # from left to right, and back


def decode(name: str) -> str:
    """Returns a name as text in NFC; bytes that are not UTF-8 are read as Windows-1252 or Latin-1.

    Args:
        name: a name from a file system or a file, with surrogate escapes for undecodable bytes.
    """
    text = _as_bytes(name).decode(encoding_of(name) or "utf-8")
    return unicodedata.normalize("NFC", text)


def encoding_of(name: str) -> str:
    """Returns how `decode` reads a name that is not UTF-8: "cp1252" or "latin-1"; empty if it is.

    Args:
        name: as for `decode`.
    """
    content = _as_bytes(name)
    # Python has surrogate escapes for UTF-8 too, if it was told that file names are ASCII.
    for encoding in ("utf-8", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):  # five bytes have no meaning in Windows-1252
            content.decode(encoding)
            return encoding.removeprefix("utf-8")
    return "latin-1"


def fold(name: str) -> str:
    """Returns a key that is equal for names that differ in capitals, accents' form or blanks.

    Characters that cannot be seen, such as a joiner or a byte order mark, do not count.
    """
    visible = "".join(c for c in decode(name) if not _is_invisible(c))
    folded = unicodedata.normalize("NFKC", visible).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def look(name: str) -> str:
    """Returns a key that is equal for names that a reader would take for the same one.

    They are equal after `fold`, have letters of other alphabets that look the same, or are the same
    number, as "0" and "0.0".
    """
    folded = fold(name)
    if _NUMBER.fullmatch(folded):
        return str(fractions.Fraction(folded.replace(",", ".")))
    return folded.translate(_LOOKALIKES)


def look_alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Returns groups of different names that a reader would take for the same one, see `look`."""
    groups = collections.defaultdict(dict)  # the keys of a dictionary have an order
    for name in names:
        groups[look(name)][name] = None
    return [tuple(group) for group in groups.values() if len(group) > 1]


def match(names: Iterable[str], known: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Finds which known names others stand for.

    Args:
        names: the names to look up.
        known: the names to find, as text (`decode`).

    Returns:
        Name -> the known name that is the same text, or all that look the same. None or several
        are for the caller to refuse.
    """
    known = dict.fromkeys(known)
    groups = collections.defaultdict(tuple)
    for name in known:
        groups[look(name)] += (name,)
    texts = ((name, decode(name)) for name in names)
    return {name: (text,) if text in known else groups[look(name)] for name, text in texts}


def extend(known: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    """Returns known names, and after them those of others that stand for none, see `match`."""
    found = match(names, known)
    return known + tuple(sorted({decode(name) for name, same in found.items() if not same}))


def stand_for_nothing(names: Iterable[str]) -> list[str]:
    """Returns the names that programs write for a missing value, such as "nan"."""
    return [name for name in names if fold(name) in _MISSING]


def can_be_shown(name: str) -> bool:
    """Returns whether a name is one line of text that says what it looks like.

    It is not if it is empty or blank, or has a control character, a line break, or a character
    that turns the direction of text.
    """
    return bool(name.strip()) and not any(
        unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")
        or any(ord(c) in characters for characters in _TURN_TEXT)
        for c in name
    )


def _as_bytes(name: str) -> bytes:
    """Returns the bytes that surrogate escapes stand for; other surrogates become escapes."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # from a file that is not a name of the file system
        return name.encode("utf-8", "backslashreplace")


def _is_invisible(character: str) -> bool:
    variation = "\ufe00" <= character <= "\ufe0f"  # of the same character, as for emoji
    return variation or unicodedata.category(character) == "Cf"
