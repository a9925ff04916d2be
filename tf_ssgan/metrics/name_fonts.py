"""Names in figures: in fonts that have their characters, or else as numbers.

Matplotlib's own font has Latin, Greek, Cyrillic, Arabic and Hebrew letters. For other characters an
installed font is sought, and Matplotlib shapes the text (Arabic joins its letters, Devanagari
reorders them). A class whose name no font has is drawn as its number, such as "#3".
"""

import functools
import itertools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tf_ssgan.common import plain_text

LONGEST_NAME = 24  # columns of a class name
NOTE = "#: numbers of classes; their names are in report.txt"
_MOST_FONTS = 2000  # fonts that are opened, about 0.1 ms each
_MOST_FAMILIES = 3  # further fonts in one text
_NO_FONTS = ("lastresort", "adobeblank", "notdef")  # they draw the same box for every character


class ClassNames:
    """The names of classes, as one figure shows them."""

    def __init__(self, names: Sequence[str], labels: Iterable[int]):
        """Seeks the fonts for all names of the figure at once.

        Args:
            names: Names of all classes.
            labels: The classes that the figure names.
        """
        self._names = {int(k): _short(names[k]) for k in labels}
        missing = frozenset().union(*map(_missing, self._names.values()))
        homes = _homes(missing) if missing else {}
        self._families = {k: _families(name, homes) for k, name in self._names.items()}
        self.note = NOTE if None in self._families.values() else ""

    def text(self, label: int) -> str:
        """The name of a class, or its number."""
        return f"#{label}" if self._families[label] is None else self._names[label]

    def write(self, artist: Any, label: int, before: str = "") -> None:
        """Makes a text of Matplotlib the name of a class, after some words."""
        _set(artist, before + self.text(label), self._families[label] or ())

    def write_ticks(
        self,
        axis: Any,
        labels: Sequence[int],
        places: Iterable[float] | None = None,
        marked: int | None = None,
        **style: Any,
    ) -> None:
        """Sets the ticks of an axis and names them.

        Args:
            axis: An axis of Matplotlib.
            labels: The class at each tick.
            places: Where the ticks are; 0, 1, 2, ... if not given.
            marked: The class that gets a check mark.
            **style: Properties of the texts.
        """
        marks = ["\N{CHECK MARK} " if k == marked else "" for k in labels]
        texts = [mark + self.text(k) for mark, k in zip(marks, labels, strict=True)]
        axis.set_ticks(range(len(labels)) if places is None else places, texts, **style)
        for tick, mark, k in zip(axis.get_major_ticks(), marks, labels, strict=True):
            self.write(tick.label1, k, mark)

    def write_note(self, figure: Any) -> None:
        """Says below a figure where the names are, if some classes are shown as numbers."""
        if self.note:
            figure.supxlabel(self.note, fontsize=7)


def write(artist: Any, text: str) -> None:
    """Makes a text of Matplotlib another one, such as a title with the name of a folder.

    Lines stay lines. If no font has some characters, all that are not ASCII become escapes.
    """
    text = "\n".join(map(plain_text.escape, text.split("\n")))
    joined = text.replace("\n", " ")
    missing = _missing(joined)
    families = _families(joined, _homes(missing) if missing else {})
    if families is None:
        text, families = text.encode("ascii", "backslashreplace").decode(), ()
    _set(artist, text, families)


def _set(artist: Any, text: str, families: tuple[str, ...]) -> None:
    artist.set_parse_math(False)  # a dollar is a dollar
    artist.set_text(text)
    if families:
        artist.set_fontfamily([*_default(), *families])


def _short(name: str) -> str:
    return plain_text.shorten(plain_text.escape(name), LONGEST_NAME)


def _default() -> list[str]:
    import matplotlib

    return list(matplotlib.rcParams["font.family"])


@functools.lru_cache(maxsize=1024)
def _missing(text: str) -> frozenset[str]:
    """The characters that Matplotlib's own font does not have."""
    if text.isascii():
        return frozenset()
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont(_property(_default())))
    return frozenset(c for c in text if _is_seen(c) and not font.get_char_index(ord(c)))


def _is_seen(character: str) -> bool:
    """Whether fonts need a glyph for it; joiners and the variants of emoji have none."""
    return character.isprintable() and character not in "\ufe0e\ufe0f"


@functools.lru_cache(maxsize=64)
def _homes(characters: frozenset[str]) -> dict[str, list[str]]:
    """The installed font families that have each of the characters, the plainest first."""
    homes: dict[str, list[str]] = {c: [] for c in characters}
    for family, path, face in itertools.islice(_installed(), _MOST_FONTS):
        for character in _in_font(path, face, characters):
            homes[character].append(family)
    if not all(homes.values()):
        for family, found in _new_families(characters):
            for character in found:
                homes[character].append(family)
    return homes


def _installed() -> Iterator[tuple[str, str, int]]:
    """Name, file and number of the face of each font family that Matplotlib knows."""
    from matplotlib import font_manager

    faces: dict[str, Any] = {}
    for entry in font_manager.fontManager.ttflist:
        if entry.name not in faces or _oddity(entry) < _oddity(faces[entry.name]):
            faces[entry.name] = entry
    for entry in sorted(faces.values(), key=lambda e: (*_oddity(e), "Sans" not in e.name, e.name)):
        yield entry.name, str(entry.fname), entry.index


def _oddity(entry: Any) -> tuple[bool, bool, bool]:
    """How far a font is from an upright text in normal weight."""
    return entry.style != "normal", entry.weight not in ("normal", 400), "Mono" in entry.name


def _new_families(characters: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """Fonts that were installed after Matplotlib made its list, and which characters they have."""
    from matplotlib import font_manager

    known = {str(entry.fname) for entry in font_manager.fontManager.ttflist}
    new = sorted(set(map(str, font_manager.findSystemFonts())) - known)
    for path in new[:_MOST_FONTS]:
        found = _in_font(path, 0, characters)
        if found:
            count = len(font_manager.fontManager.ttflist)
            try:
                font_manager.fontManager.addfont(path)
            except Exception:  # a font of bitmaps, or a damaged one
                continue
            for entry in font_manager.fontManager.ttflist[count : count + 1]:
                yield entry.name, found


def _in_font(path: str, face: int, characters: frozenset[str]) -> list[str]:
    """Those of the characters that a font has; none if it cannot be used."""
    from matplotlib import ft2font

    try:
        font = ft2font.FT2Font(path, face_index=face)
    except Exception:  # damaged, deleted or not readable
        return []
    name = f"{font.family_name}{path}".lower().replace(" ", "").replace("-", "")
    if not font.scalable or any(word in name for word in _NO_FONTS):
        return []
    return [c for c in characters if font.get_char_index(ord(c))]


def _families(text: str, homes: dict[str, list[str]]) -> tuple[str, ...] | None:
    """Further font families with which a text can be drawn; None if it cannot."""
    rest, chosen = set(_missing(text)), []
    while rest and len(chosen) < _MOST_FAMILIES:
        counts: dict[str, int] = {}
        for family in itertools.chain.from_iterable(homes[c] for c in sorted(rest)):
            counts[family] = counts.get(family, 0) + 1
        if not counts:
            return None
        chosen.append(max(counts, key=lambda family: counts[family]))
        rest = {c for c in rest if chosen[-1] not in homes[c]}
    return None if rest or not _draws(text, tuple(chosen)) else tuple(chosen)


@functools.lru_cache(maxsize=1024)
def _draws(text: str, families: tuple[str, ...]) -> bool:
    """Whether Matplotlib draws a text without a warning about a character."""
    if text.isascii():
        return True
    from matplotlib import font_manager

    fonts = [font_manager.findfont(_property([name])) for name in (*_default(), *families)]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        font_manager.get_font(fonts).set_text(text)
    return not warned


def _property(families: list[str]) -> Any:
    from matplotlib import font_manager

    return font_manager.FontProperties(family=families)
