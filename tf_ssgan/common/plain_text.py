"""Names that come from outside, as text that every terminal, table and figure can take."""

import bisect
import contextlib
import itertools
import re
import shlex
import sys
import unicodedata
from collections.abc import Iterator

_SHELL_SIGNS = re.compile(r"[^\w@%+=:,./-]")
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # in Persian and emoji


def escape(text: str) -> str:
    r"""Returns a text in one line: other characters than letters, signs and spaces become escapes.

    Escaped are control characters, line ends, marks that turn the direction of a line, and bytes
    that are not UTF-8, which Python reads as \udc80 to \udcff.
    """
    if text.isprintable():
        return text
    return "".join(c if _is_plain(c) else c.encode("unicode_escape").decode() for c in text)


def _is_plain(character: str) -> bool:
    spaces = unicodedata.category(character) == "Zs"  # of any width
    return character.isprintable() or spaces or character in _JOINERS


def shell_word(text: object) -> str:
    """Returns a path or another text as a word of a command that a user may copy into a shell.

    Letters of any language, digits and signs without a meaning to a shell need no quotes.
    """
    word = str(text)
    return word if word and not _SHELL_SIGNS.search(word) else shlex.quote(word)


def shorten(text: str, columns: int) -> str:
    """Cuts a text that is too wide, with an ellipsis; Chinese characters count as two columns."""
    ends = list(itertools.accumulate(map(_width, text)))
    if not ends or ends[-1] <= columns:
        return text
    kept = bisect.bisect_right(ends, columns - 1)
    return text[:kept].rstrip(_JOINERS) + "\N{HORIZONTAL ELLIPSIS}"


def pad(text: str, columns: int) -> str:
    """Fills a text with spaces to a number of columns, or cuts it as `shorten` does."""
    text = shorten(text, columns)
    return text + " " * (columns - sum(map(_width, text)))


def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@contextlib.contextmanager
def escaped_output() -> Iterator[None]:
    """A context in which standard output and error escape what their encoding cannot write.

    Else a class named in Chinese ends a program whose output is ASCII, as in many batch systems.
    """
    before = []
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):  # None, closed, a notebook's
            errors = stream.errors
            stream.reconfigure(errors="backslashreplace")
            before.append((stream, errors))
    try:
        yield
    finally:
        for stream, errors in before:
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors=errors)
