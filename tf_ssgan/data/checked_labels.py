"""Labels that a person has checked, in data that say so: which ones count as checked, and refusals.

Methods that tell labels that are right from labels that may be wrong take the checked ones as right
(`splits.make`). Equal pictures need one answer: what is said of one counts for all its copies, and
two classes are refused if one of them is checked.
"""

from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import counts, errors
from tf_ssgan.common.plain_text import escape

# pandas writes 1.0 in a column of whole numbers with empty cells.
_WORDS = {
    **dict.fromkeys(("1", "1.0", "true", "yes"), True),
    **dict.fromkeys(("", "0", "0.0", "false", "no"), False),
}
EXPECTED = "1 or 0 (or true, false, yes, no, or nothing for 0)"


def read_word(text: str) -> bool | None:
    """Returns whether a word of a table means that a label is checked; None for other words."""
    return _WORDS.get(text.lower())


def settle(
    name: str,
    keys: np.ndarray,
    labels: np.ndarray,
    checked: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str],
) -> np.ndarray:
    """Decides which labels count as checked: those that are, and those of their copies.

    Args:
        name: the data set, for messages.
        keys: uint64 [n], `content_hash.keys` of the images.
        labels: int64 [n], -1 for unknown labels.
        checked: bool [n], none of them without a label.
        names: [n], the names of the images in messages.
        classes: names of the classes.

    Returns:
        bool [n].

    Raises:
        UserError: Images with the same pixels are of two classes, one of which is checked.
    """
    known = np.flatnonzero(labels >= 0)
    found, picture = np.unique(keys[known], return_inverse=True)
    is_checked = np.zeros(len(found), bool)
    is_checked[picture[checked[known]]] = True
    lowest, highest = np.full(len(found), len(classes)), np.full(len(found), -1)
    np.minimum.at(lowest, picture, labels[known])
    np.maximum.at(highest, picture, labels[known])
    clashes = np.flatnonzero(is_checked & (lowest < highest))
    if len(clashes):
        copies = [known[picture == clash] for clash in clashes]
        first = min(copies, key=lambda own: own[0])
        sentence = _contradiction(first, labels, checked, names, classes, len(copies) - 1)
        raise errors.UserError(f"--dataset={name}: {sentence}")
    result = np.zeros(len(labels), bool)
    result[known] = is_checked[picture]
    return result


def check_fraction(clean_fraction: float) -> None:
    """Refuses to choose labels that are right at random if the data say which are checked."""
    if clean_fraction:
        raise errors.UserError(
            f"--clean_fraction={clean_fraction:g} takes labels at random as right, but these data "
            "say which of their labels are checked: leave --clean_fraction out."
        )


def check_held_out(validation: int, checked: np.ndarray | None) -> None:
    """Refuses to hold out all checked labels or more: others may be wrong and judge nothing."""
    count = 0 if checked is None else int(checked.sum())
    if count and validation >= count:
        raise errors.UserError(
            f"--validation={validation}: only images with a checked label are held out, and "
            f"{counts.say(count, 'label', 'are checked')}. Give less, or check more labels."
        )


def check_noise(labeled: int, checked: int, noise: str) -> None:
    """Refuses noise, which changes labels that are not checked only, if all are.

    Args:
        labeled: number of labeled images.
        checked: how many of them are checked.
        noise: kind of label noise.
    """
    if checked and checked == labeled and noise != "none":
        raise errors.UserError(
            f"--noise={noise} changes only labels that are not checked, but all "
            f"{counts.things(labeled, 'label')} are checked: leave --noise out."
        )


def _contradiction(
    copies: np.ndarray,
    labels: np.ndarray,
    checked: np.ndarray,
    names: Sequence[str],
    classes: Sequence[str],
    more: int,
) -> str:
    """The sentence on the copies of a picture that are of two classes; `more` pictures are."""
    one = copies[checked[copies]][0]
    others = copies[labels[copies] != labels[one]]
    other = others[np.argmax(checked[others])]  # a checked one, or else the first
    said = "checked" if checked[other] else "not checked"
    further = f" {counts.things(more, 'more picture')} like this." if more else ""
    return (
        f"{escape(names[one])} and {escape(names[other])} have the same pixels, but the first is "
        f"checked to be {classes[labels[one]]!r} and the second is {classes[labels[other]]!r}, "
        f"{said}. Correct one of them, or remove it.{further}"
    )
