"""Finds names of files that look like several images of one patient, one plant or one video.

Such as patient03_12.png, IMG_0041_b.jpg, slide-7/tile-3.png and vid1_frame0012.jpg: what stands
before the last number is shared by some images, but not by all, and not by those of a class.
Nothing is known of the images, so what is found is likely and no more.
"""

import collections
import dataclasses
import re
from collections.abc import Iterator, Sequence

# Each has the group in its parentheses; the first one that fits is suggested. In p03_left_2.png
# both p03 and p03_left may be groups: what ends with the first number is the larger one.
_FOLDERS = (r"^([^/]+)/", r"^(.+)/")
_NUMBER = r"([^\d/]*\d+)[-_ ]"  # p03_left_2.png, 10_left.png
_INDEX = r"([^/]+?)[-_. ]+(?:[A-Za-z]*\d+|[A-Za-z])\.\w+$"  # anna.12.png, S01E02_frame0012.png
# What is suggested instead, if it is more: IMG_0041.jpg belongs to IMG_0041_b.jpg. Alone it would
# find groups in mere numbers, which may be the same in two classes.
_WIDER = {_NUMBER: r"([^\d/]*\d+)[-_ .]"}
_DATE = re.compile(r"(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d")  # of all images of a day
_LONGEST = 500  # characters of a name; longer ones are passed over
_LEAST = 4  # groups of two images or more, if there are numbers in their names
_LEAST_WORDS = 10  # otherwise: few words name kinds of things, and no single ones
_LARGEST_WORDS = 30  # images that each of these has at most on average
_SHARE = 0.5  # of all images that are in a group of two or more
_OF_A_CLASS = 3  # groups that one class has at least; with fewer, they are the classes themselves


@dataclasses.dataclass(frozen=True)
class LikelyGroups:
    """Groups that names of files seem to have.

    Attributes:
        pattern: a regular expression for --group_by.
        groups: the group of each name; "" for none.
    """

    pattern: str
    groups: tuple[str, ...]


def find(names: Sequence[str], labels: Sequence[int]) -> LikelyGroups | None:
    """Finds groups in names of files.

    Args:
        names: the names, within the folders of their classes.
        labels: the class of each; -1 for none.

    Returns:
        The groups; None if the names are mere numbers, or tell nothing but the classes.
    """
    for pattern, suggested in _patterns(names):
        if _are_likely([_group(pattern, name) for name in names], labels):
            return LikelyGroups(suggested, tuple(_group(suggested, name) for name in names))
    return None


def shared(groups: Sequence[str]) -> dict[str, int]:
    """Returns how many images each group has, of groups of two images or more."""
    counts = collections.Counter(filter(None, groups))
    return {group: count for group, count in counts.items() if count > 1}


def _patterns(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The regular expressions that are tried, and those that are suggested."""
    folders = any("/" in name for name in names)
    for pattern in _FOLDERS if folders else ():
        yield pattern, pattern
    begin = "(?:^|/)" if folders else "^"
    for pattern in (_NUMBER, _INDEX):
        yield begin + pattern, begin + _WIDER.get(pattern, pattern)


def _group(pattern: str, name: str) -> str:
    """The group of a name; "" for none, and if it is the date of a day."""
    found = re.search(pattern, name) if len(name) <= _LONGEST else None
    if not found:
        return ""
    date = _DATE.search(name)
    return "" if date and date.start() < found.end(1) else found[1]


def _are_likely(groups: Sequence[str], labels: Sequence[int]) -> bool:
    """Whether groups are many, have several images each, and are not the classes."""
    sizes = shared(groups)
    images = sum(sizes.values())
    if images < _SHARE * len(groups):
        return False
    numbered = sum(bool(re.search(r"\d", group)) for group in sizes) > len(sizes) / 2
    many = len(sizes) >= _LEAST
    if not numbered:
        many = len(sizes) >= _LEAST_WORDS and images <= _LARGEST_WORDS * len(sizes)
    of_class = collections.defaultdict(set)
    for group, label in zip(groups, labels, strict=True):
        if label >= 0 and group in sizes:
            of_class[label].add(group)
    return many and max(map(len, of_class.values()), default=0) >= _OF_A_CLASS
