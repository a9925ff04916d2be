"""What too few images cannot show: the numbers from which on they count, and what is said below.

Free of TensorFlow. Training, evaluation, export, reports and the doctor say it in these words.
"""

from collections.abc import Sequence

from tf_ssgan.common import counts
from tf_ssgan.common.plain_text import escape, shorten

# Held-out images that may choose something. An error of 10 % measured on n images has a standard
# error of 30 / sqrt(n) points, 3 points with 100: fewer do not tell two evaluations of a run apart.
# A temperature of 10 was fitted on 6 images; one of 8.67 on 8 images made a calibration error of 0
# one of 21 %.
ENOUGH_HELD_OUT = 100
# One of fewer test images is more than a point of the error in percent.
ENOUGH_TESTED = 100
_NAMES = 10  # classes that a sentence names
_COLUMNS = 40  # of the name of a class
# So many classes may have any number of images. More of them need two images each on average, one
# to learn from and one to test with: with fewer, what looks like labels are mostly the numbers or
# the names of the images themselves, and the last layer would have as many outputs.
UNQUESTIONED_CLASSES = 100
MOST_CLASSES = 100_000  # ImageNet-21k, the largest set of labeled images in use, has 21,841


def may_choose(held_out: int) -> bool:
    """Whether so many held-out images may fit a temperature, or choose a step or a parameter."""
    return held_out >= ENOUGH_HELD_OUT


def too_few(held_out: int, purpose: str) -> str:
    """Says that so many held-out images are too few; empty if they are not.

    Args:
        held_out: Number of held-out images.
        purpose: What they would do, say "to fit one".
    """
    if may_choose(held_out):
        return ""
    count = "no images are held out"
    if held_out:
        count = counts.say(held_out, "held-out image", "are too few")
    return f"{count} {purpose}; {ENOUGH_HELD_OUT} are needed"


def why_no_temperature(held_out: int) -> str:
    """Says why no temperature was fitted; empty if so many held-out images fit one."""
    reason = too_few(held_out, "to fit one")
    return f"no temperature: {reason}" if reason else ""


def why_no_best(held_out: int) -> str:
    """Says why no step is the best on held-out images; empty if so many choose one."""
    return too_few(held_out, "to choose a step by")


def why_nothing(held_out: int) -> str:
    """Says that held-out images choose nothing; empty if so many may."""
    return too_few(held_out, "to choose a step or to fit a temperature")


def counted(images: int) -> str:
    """What follows the error on images: " of 6 images" if they are few, otherwise nothing."""
    if may_choose(images):
        return ""
    return f" of {counts.things(images, 'image')}"


def too_many_classes(classes: int, labeled: int) -> str:
    """Says that there are more classes than can be learned; empty if there are not.

    Args:
        classes: Number of classes.
        labeled: Number of images with a label, those for testing included.
    """
    if classes > MOST_CLASSES:
        return f"there are {classes:,} classes, and at most {MOST_CLASSES:,} can be learned"
    if classes <= max(UNQUESTIONED_CLASSES, labeled // 2):
        return ""
    return (
        f"there are {classes:,} classes for {labeled:,} labeled images, but a class needs two "
        "images or more, on average"
    )


def none_held_out(labeled: int, of_a_fold: bool = False, checked: bool = False) -> str:
    """Says why no images are held out by default.

    Args:
        labeled: Number of labeled images that are no test images; a tenth of them are fewer than
            `ENOUGH_HELD_OUT`.
        of_a_fold: Whether they are those of the fold that has fewest, by which all folds decide.
        checked: Whether they are those with a checked label.
    """
    whose = " of the smallest fold" if of_a_fold else ""
    kind = "checked" if checked else "labeled"
    return (
        f"no images are held out: a tenth of the {labeled:,} {kind} ones{whose} would be too few "
        f"to choose anything by; --validation=N holds out N{' of them' if checked else ''}"
    )


def untested(names: Sequence[str]) -> str:
    """Names the classes without test images; empty without any.

    Args:
        names: Names of these classes.
    """
    if not names:
        return ""
    return f"no test image of {join(names)}: no test error says anything about {_them(names)}"


def few_tested(images: int) -> str:
    """Says how much one test image moves the error if there are few; empty if there are not.

    Args:
        images: Number of test images.
    """
    if not 0 < images < ENOUGH_TESTED:
        return ""
    if images == 1:
        return "there is only 1 test image: the test error is 0 % or 100 %"
    points = f"{round(100 / images, 1):g}"
    unit = "point" if points == "1" else "points"
    return f"there are only {images} test images: each moves the test error by {points} {unit}"


def tested_one_class(names: Sequence[str]) -> str:
    """Says that all test images are of one class; empty if they are of several.

    Args:
        names: Names of the classes that have test images.
    """
    if len(names) != 1:
        return ""
    name = escape(names[0])
    return f"all test images are of {name}: a classifier that always answers {name} makes no error"


def not_held_out(names: Sequence[str]) -> str:
    """Names the classes without held-out images; empty without any."""
    if not names:
        return ""
    them = _them(names)
    return f"no held-out image of {join(names)}: no validation error says anything about {them}"


def not_learned(names: Sequence[str]) -> str:
    """Names the classes without training images; empty without any."""
    if not names:
        return ""
    them = _them(names)
    return f"no labeled training image of {join(names)}: the classifier will not know {them}"


def never_predicted(names: Sequence[str], images: int, noun: str) -> str:
    """Names the classes that a classifier never answers; empty without any.

    Args:
        names: Names of these classes.
        images: Number of images that it classified.
        noun: What they are, such as "test image".
    """
    if not names:
        return ""
    asked = f"none of {counts.things(images, noun)} is" if images != 1 else f"the 1 {noun} is not"
    these = join(names)
    if len(names) <= _NAMES:
        these = " or ".join(these.rsplit(", ", 1))
    return f"{asked} predicted as {these}"


def _them(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def join(names: Sequence[str], most: int = _NAMES) -> str:
    """Returns at most so many names of classes in one line, and how many more there are."""
    more = len(names) - most
    shown = ", ".join(shorten(escape(name), _COLUMNS) for name in names[:most])
    return shown + (f" and {more:,} more" if more > 0 else "")
