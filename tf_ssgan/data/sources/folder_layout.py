"""Which folders of a data set are its parts, by their names: labeled/, unlabeled/, val/, Test/.

checked/ is a part too: that of labeled images whose classes somebody has checked.

Names of parts are never classes. A folder with such a name among folders of classes is refused
rather than learned as a class.
"""

import dataclasses
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import class_names
from tf_ssgan.data.sources.image_entries import LABELED, TEST, UNLABELED, VALIDATION

CHECKED = "checked"  # its images are labeled ones, so it is no use of images as `PARTS` are
_SYNONYMS = {
    LABELED: ("labeled", "labelled", "train", "training"),
    CHECKED: (CHECKED,),
    UNLABELED: ("unlabeled", "unlabelled"),
    VALIDATION: ("validation", "valid", "val", "dev", "heldout", "holdout"),
    TEST: ("test", "tests", "testing"),
}
_PARTS = {name: part for part, names in _SYNONYMS.items() for name in names}
# Of "trainset" and "test images".
_ENDINGS = re.compile(r"(?<=.)(set|data|images?|imgs?|pictures|photos)$")
_UNCHECKED = ("unchecked", "notchecked")  # names of the labeled images beside checked/
_LONG = ("label", "unlabel", "validation")  # beginnings of names that no other word resembles
_ALIKE = 0.85  # of `difflib`: one letter in seven is wrong
_SHORT = 3  # fewer letters resemble anything


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folders directly in the folder of a data set.

    Attributes:
        parts: part -> the name of its folder; empty if all folders are classes.
        others: the other folders: classes if there are no parts, otherwise what is not read.
    """

    parts: Mapping[str, str]
    others: Sequence[str]

    def renamed(self) -> list[str]:
        """How folders are read whose names are not those of their parts."""
        said = {VALIDATION: " (held-out images)", CHECKED: " (labeled images that are checked)"}
        return [f"{folder}/ is read as {part}/{said.get(part, '')}"
                for part, folder in self.parts.items() if folder != part]  # fmt: skip


def find_layout(folders: Iterable[str]) -> Layout:
    """Tells parts from other folders.

    Args:
        folders: names of the folders directly in the folder of a data set.

    Raises:
        UserError: Two folders are the same part.
    """
    parts: dict[str, str] = {}
    others = []
    for folder in folders:
        part = part_of(folder)
        if part is None:
            others.append(folder)
        elif part in parts:
            raise errors.UserError(
                f"{escape(parts[part])}/ and {escape(folder)}/ are both read as {part}/. "
                "Move the files of one into the other, or rename it."
            )
        else:
            parts[part] = folder
    return Layout({part: parts[part] for part in _SYNONYMS if part in parts}, others)


def part_of(folder: str) -> str | None:
    """Returns the part that a folder's name stands for; None if it is no such name."""
    name = _plain(folder)
    return _PARTS.get(name) or _PARTS.get(_ENDINGS.sub("", name))


def is_taken(folder: str) -> bool:
    """Returns whether a class cannot have this name, because it means a part."""
    return part_of(folder) is not None


def likely_part(folder: str) -> str | None:
    """Returns the part whose name a folder's name resembles, to be suggested; None for none."""
    name = _plain(folder)
    close = errors.closest(name, _PARTS) if len(name) >= _SHORT else None
    return part_in(folder) or (_PARTS[close] if close else None)


def part_in(folder: str) -> str | None:
    """Returns the first part that a word of a name stands for, as in "seg_train" and "test-2"."""
    if _plain(folder) in _UNCHECKED:
        return LABELED
    words = re.split(r"[\W\d_]+", class_names.fold(folder))
    return next((_PARTS[word] for word in words if word in _PARTS), None)


def misspelled_part(folder: str) -> str | None:
    """Returns the part that a name is a misspelling of, such as "unlabled" and "tset".

    Names that are words of their own, such as "rain", "nest" and "labels", are none.
    """
    name = _plain(folder)
    for known, part in _PARTS.items():
        swapped = sorted(name) == sorted(known) and name[:1] == known[:1]
        alike = difflib.SequenceMatcher(None, name, known).ratio() > _ALIKE
        if swapped or (known.startswith(_LONG) and abs(len(name) - len(known)) < 2 and alike):
            return part
    return None


def _plain(folder: str) -> str:
    """Returns a name without capitals, blanks, "-" and "_"."""
    return re.sub(r"[-_ ]", "", class_names.look(folder))
