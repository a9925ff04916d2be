"""Groups of user images: a column of a table, or a pattern of file names, tells them.

Images of one group are never divided between training, held-out and test images. If the folder or
the table names the test images, it must not divide a group. Otherwise whole groups become test
images, about as many as without groups. The choice depends on the names of the groups alone, so
that the labels of all parts are known before a file is opened. Unlabeled images of groups that are
tested or held out are left out. With folds, test images are not used, and none are chosen.
"""

import collections
import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape, shell_word, shorten
from tf_ssgan.data import class_names, group_patterns, groups
from tf_ssgan.data.sources.image_entries import (
    LABELED,
    TEST,
    UNLABELED,
    VALIDATION,
    Entry,
    Listing,
    Remark,
)

TEST_SHARE = 5  # one in so many labeled images of a class becomes a test image
_SHOWN = 3  # names in a message
_LONGEST_NAME = 100  # columns of one


def divide(listing: Listing, group_by: str, set_aside: bool = True) -> Listing:
    """Finds the groups of a listing, and divides its images by whole groups.

    Args:
        listing: the files; a column of its table may have told their groups already.
        group_by: the name of this column, or a regular expression that is searched in the names of
            files.
        set_aside: whether groups become test images if there are none; otherwise test images are
            not used, and their groups do not matter.

    Raises:
        UserError: There are no groups or only one, a group is divided by the folder or the table,
            or no group can become test images.
    """
    if not listing.group_by:
        found = group_patterns.search(group_by, [entry.within for entry in listing.entries])
        pairs = zip(listing.entries, found, strict=True)
        entries = tuple(dataclasses.replace(entry, group=group) for entry, group in pairs)
        listing = dataclasses.replace(listing, entries=entries)
        _check_found(listing, group_by)
        listing = dataclasses.replace(listing, group_by=group_by)
    elif not any(entry.group for entry in listing.entries):
        raise errors.UserError(f"{_flag(group_by)}: this column of the table is empty.")
    _check_several(listing)
    used = tuple(entry for entry in listing.entries if set_aside or entry.part != TEST)
    _check_parts(listing, used)
    remarks = [*_remarks_on_groups(used)]
    if set_aside and not listing.declares(TEST):
        listing = _choose_test(listing)
        remarks += _remarks_on_test(listing)
    kept, left_out = _without_groups_of(
        (TEST, VALIDATION) if set_aside else (VALIDATION,), listing.entries
    )
    if left_out:
        remarks.append(Remark(
            "note", f"{len(left_out):,} unlabeled image(s) are left out, because other images of "
            f"their groups are {'tested or ' * set_aside}held out", "nothing must be done",
            tuple(entry.name for entry in left_out),
        ))  # fmt: skip
    return dataclasses.replace(listing, entries=kept, remarks=(*listing.remarks, *remarks))


def ids(listing: Listing) -> np.ndarray:
    """Returns int64 [entries], the group of each entry."""
    entries = listing.entries
    return groups.ids([entry.group for entry in entries], [entry.name for entry in entries])


def names(listing: Listing) -> dict[int, str]:
    """Returns the names of the groups: group -> name; images of their own have none."""
    if not listing.group_by:
        return {}
    named = zip(ids(listing).tolist(), listing.entries, strict=True)
    return {group: entry.group for group, entry in named if entry.group}


# --- What is refused ------------------------------------------------------------------------------


def _check_found(listing: Listing, group_by: str) -> None:
    """Refuses a pattern that finds no groups, or is a word instead of a pattern."""
    entries, columns = listing.entries, listing.columns
    table = f"the table has no column {escape(group_by)!r}, and " if columns else ""
    close = errors.closest(group_by, columns)
    advice = (
        "Give a regular expression whose first pair of parentheses holds the name of the group, "
        "such as '^([^_]+)_' for p12_3.png"
    )
    if columns:
        advice = f"Give one of its columns ({', '.join(map(escape, columns))}), or such a pattern"
        advice = f"Did you mean the column {escape(close)!r}?" if close else f"{advice}."
    else:
        advice += "."
    found = {entry.group for entry in entries} - {""}
    if not found:
        examples = _join([entry.within for entry in entries])
        raise errors.UserError(
            f"{_flag(group_by)}: {table}as a regular expression it is found in none of the "
            f"{len(entries):,} names, which are such as {examples}. {advice}"
        )
    if len(found) == 1 and re.fullmatch(r"[\w -]+", group_by):
        raise errors.UserError(
            f"{_flag(group_by)}: {table}as a regular expression it makes one group of all the "
            f"images whose names have {escape(group_by)!r}. {advice}"
        )


def _check_several(listing: Listing) -> None:
    """Refuses one group of all labeled images: nothing is left to test with."""
    labeled = {entry.group for entry in listing.entries if entry.part == LABELED}
    if len(labeled) == 1 and "" not in labeled:
        raise errors.UserError(
            f"{_flag(listing.group_by)}: all labeled images are of one group, "
            f"{_show(*labeled)!r}. Each patient, plant or video should be a group of its own."
        )


def _check_parts(listing: Listing, used: Sequence[Entry]) -> None:
    """Refuses groups that the folder or the table divides among the entries that are used."""
    examples: dict[str, dict[str, str]] = collections.defaultdict(dict)  # group -> part -> file
    for entry in used:
        if entry.group and entry.part != UNLABELED:
            examples[entry.group].setdefault(entry.part, entry.name)
    divided = {group: parts for group, parts in examples.items() if len(parts) > 1}
    if not divided:
        return
    shown = [
        f"{_show(group)} ({' and '.join(map(_show, parts.values()))})"
        for group, parts in list(divided.items())[:_SHOWN]
    ]
    more = f" and {len(divided) - _SHOWN:,} more" if len(divided) > _SHOWN else ""
    how = "Give all rows of a group the same split" if listing.columns else (
        "Move all images of a group into one part"
    )  # fmt: skip
    raise errors.UserError(
        f"{_flag(listing.group_by)}: {len(divided):,} group(s) are in more than one of the "
        f"training, validation and test images: {'; '.join(shown)}{more}. {how}, or name no test "
        "and validation images, and they are chosen by whole groups."
    )


# --- What is chosen -------------------------------------------------------------------------------


def _choose_test(listing: Listing) -> Listing:
    """Makes test images of whole groups: about a fifth of the labeled images of each class."""
    entries, own = listing.entries, ids(listing)
    labeled = np.array([entry.part == LABELED for entry in entries], bool)
    labels = np.array([entry.label for entry in entries], np.int64)[labeled]
    wanted = np.bincount(labels, minlength=len(listing.classes)) // TEST_SHARE
    chosen = groups.choose(own[labeled], labels, wanted, 0, groups.TEST_PART, needed=True)
    if wanted.any() and not len(chosen):
        raise errors.UserError(
            f"{_flag(listing.group_by)}: there are no test images, and no whole group can be set "
            "aside, because each has all labeled images of a class. Label images of more groups, "
            "or name the test images yourself."
        )
    tested = np.isin(own, chosen) & labeled
    made = (
        dataclasses.replace(entry, part=TEST) if is_test else entry
        for entry, is_test in zip(entries, tested, strict=True)
    )
    return dataclasses.replace(listing, entries=tuple(made), test_chosen=bool(tested.any()))


def _without_groups_of(
    parts: Sequence[str], entries: Sequence[Entry]
) -> tuple[tuple[Entry, ...], list[Entry]]:
    """Returns the entries without the unlabeled images of groups with images of some parts."""
    theirs = {entry.group for entry in entries if entry.part in parts} - {""}
    left_out = [entry for entry in entries if entry.part == UNLABELED and entry.group in theirs]
    gone = {id(entry) for entry in left_out}
    return tuple(entry for entry in entries if id(entry) not in gone), left_out


# --- What is said ---------------------------------------------------------------------------------


def _remarks_on_groups(entries: Sequence[Entry]) -> list[Remark]:
    """Images that are groups of their own, and groups that hold nothing together."""
    counts = collections.Counter(entry.group for entry in entries)
    alone = tuple(entry.name for entry in entries if not entry.group)
    found = []
    if alone:
        found.append(Remark(
            "note", f"{len(alone):,} of {len(entries):,} images are of no group, and each "
            "is a group of its own", "change --group_by if they are not", alone,
        ))  # fmt: skip
    if max((count for group, count in counts.items() if group), default=1) == 1:
        found.append(Remark(
            "warning", "no two images have the same group, so --group_by keeps none together",
            "change it if several images are of one patient, plant or video",
        ))  # fmt: skip
    if nothing := class_names.stand_for_nothing(filter(None, counts)):
        found.append(Remark(
            "warning", f"{sum(counts[group] for group in nothing):,} image(s) are of a group that "
            "is named like a missing value, and are kept together", "leave the column empty for "
            "images of no group", tuple(nothing),
        ))  # fmt: skip
    return found


def _remarks_on_test(listing: Listing) -> list[Remark]:
    """Says which share of the labeled images became test images."""
    if not listing.test_chosen:
        return []
    own = ids(listing)
    known = np.array([entry.part in (LABELED, TEST) for entry in listing.entries], bool)
    test = np.array([entry.part == TEST for entry in listing.entries], bool)
    return [
        Remark(
            "note", f"there are no test images: {len(np.unique(own[test])):,} of "
            f"{len(np.unique(own[known])):,} groups are set aside, with {test.sum():,} of "
            f"{known.sum():,} labeled images (about one in {TEST_SHARE} of each class, as far as "
            "whole groups permit)",
            "choose them yourself with test/<class>/, or split=test in a table",
        )
    ]  # fmt: skip


def _flag(group_by: str) -> str:
    return f"--group_by={escape(shell_word(group_by))}"


def _show(name: str) -> str:
    return shorten(escape(name), _LONGEST_NAME)


def _join(names: Sequence[str]) -> str:
    """A few of some names, spread over all of them."""
    step = max(1, len(names) // _SHOWN)
    return ", ".join(map(_show, dict.fromkeys(names[::step][:_SHOWN])))
