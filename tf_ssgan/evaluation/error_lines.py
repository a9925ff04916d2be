"""What an evaluation says of the errors on some test images. Free of TensorFlow."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_ssgan.common import few_images
from tf_ssgan.common.plain_text import escape, shorten
from tf_ssgan.metrics import intervals
from tf_ssgan.metrics.significance import SIGNIFICANT
from tf_ssgan.training import verdicts

_SHOWN = 3  # images with other labels that are named
_CLASSES = 20  # at most so many classes have a recall of their own; else the lowest ones do
_LONGEST_NAME = 40  # columns of the name of a class
_USES = {
    "labeled": ("labeled training image", "labeled training images"),
    "unlabeled": ("unlabeled training image", "unlabeled training images"),
    "held_out": ("held-out image", "held-out images"),
}


def lines(entry: Mapping[str, Any]) -> list[str]:
    """The lines on one set of test images.

    Args:
        entry: See `training.evaluation_contents.TestSetErrors`; fields that older evaluations lack
            may be missing.
    """
    noun = "image" if entry["images"] == 1 else "images"
    first = f"\n{entry['images']:,} {entry['part']} {noun} of {entry['dataset']}"
    more = (*_judges(entry), *_errors(entry, entry["images"]), *_beside(entry), *_against(entry))
    return [first, *(f"  {line}" for line in more)]


def describe_left_out(counts: Mapping[str, int]) -> str:
    """Says what images are to a run: "40 labeled training images, 3 held-out images".

    Args:
        counts: Their number by use, as in `evaluation_contents.LeftOut`.
    """
    uses = ((counts[use], _USES[use]) for use in _USES)
    return ", ".join(f"{count:,} {names[count != 1]}" for count, names in uses if count)


def _judges(entry: Mapping[str, Any]) -> Iterator[str]:
    """Which images judge, which do not, and what they cannot show."""
    left_out = entry.get("left_out") or {}
    count = sum(left_out.get(use, 0) for use in _USES)
    if entry["part"] == "labeled":
        its = "its" if count else "all its"
        yield f"judged by {its} labeled images: none is named as a test image"
    elif unused := entry.get("not_used"):
        where = "of test/" if entry["dataset"].startswith("folder:") else "that are test images"
        judging = f"{entry['images']:,} images {where}"
        yield (
            f"judged by {judging if count else f'the {judging}'}; {unused:,} labeled images beside "
            "them are not used"
        )
    if count:
        yield _left_out(entry, count)
    yield from _relabeled(entry)
    if (near := entry.get("near_copies")) and near["count"]:
        yield _near_copies(near, _who(entry))
    if reason := entry.get("not_checked"):
        yield f"whether the run has learned some of them could not be checked: {escape(reason)}"
    if not entry.get("own") and (tested := entry.get("own_test_images")):
        they_are = "is a test image" if tested == 1 else "are test images"
        yield f"{tested:,} of them {they_are} of {_who(entry)}"
    if missing := few_images.untested(entry["classes_without_test_images"]):
        yield missing


def _who(entry: Mapping[str, Any]) -> str:
    return "one of the runs" if "against" in entry else "the run"


def _left_out(entry: Mapping[str, Any], count: int) -> str:
    noun, they = ("image", "it") if count == 1 else ("images", "them")
    counted = f"; result.json counts {they}" if entry.get("own") else ""
    return (
        f"left out: {count:,} {noun} that {_who(entry)} knows: "
        f"{describe_left_out(entry['left_out'])}{counted}"
    )


def _relabeled(entry: Mapping[str, Any]) -> Iterator[str]:
    """Names images that a run learned as other classes."""
    images = entry.get("relabeled") or ()
    for image in images[:_SHOWN]:
        name, learned, here = (escape(image[key]) for key in ("image", "learned", "here"))
        yield f"left out, {name}: {_who(entry)} learned it as {learned}, here it is {here}"
    more = entry["left_out"]["relabeled"] - _SHOWN if images else 0
    if more > 0:
        yield f"left out, {more:,} more that {_who(entry)} learned as another class"


def _near_copies(near: Mapping[str, Any], who: str) -> str:
    one, count = near["count"] == 1, near["count"]
    pairs = [
        f"{escape(pair['image'])} ~ {escape(pair['training_image'])}"
        for pair in near["pairs"][:_SHOWN]
    ]
    return (
        f"{count:,} of them nearly {'equals' if one else 'equal'} a training image of {who} and "
        f"{'is' if one else 'are'} not left out; remove what shows the same: {', '.join(pairs)}"
    )


def _errors(measured: Mapping[str, Any], images: int, run: str = "") -> Iterator[str]:
    """The error, and how much higher it is than on the run's own test images."""
    error = _share(measured["test_error"], images)
    yield f"test_error {error}{f', of {run}' if run else ''}"
    if "test_error_raw" in measured:
        yield f"test_error_raw {_share(measured['test_error_raw'], images)}"
    if "drop" in measured:
        yield _drop(measured)


def _share(error: float, images: int) -> str:
    """An error in percent with what it is of: "33.33 % (4 wrong of 12 images; 13.8 to 60.9 %)"."""
    return f"{error:.2f} % ({intervals.describe_error(round(error * images / 100), images)})"


def _drop(measured: Mapping[str, Any]) -> str:
    drop = f"{measured['drop']:+.2f} points compared with its own test images"
    if not (ends := measured.get("drop_interval")):
        return drop
    low, high = ends
    apart = "told apart" if low > 0 or high < 0 else "not told apart"
    return f"{drop} ({measured['own_images']:,} of them; {low:+.1f} to {high:+.1f}: {apart})"


def _beside(entry: Mapping[str, Any]) -> Iterator[str]:
    """What stands beside the error: guessing, a linear classifier, and each class."""
    if guessing := entry.get("guessing"):
        yield _guessing(guessing, entry)
    if linear := entry.get("linear"):
        yield _linear(linear, entry)
    if classes := entry.get("class_recall"):
        yield from _recall(classes)


def _guessing(guessing: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    name = _name(guessing["name"])
    if not guessing["error"]:
        return f"guessing {name} is always right here: there are no images of other classes"
    error = _share(guessing["error"], entry["images"])
    note = ""
    if entry["test_error"] >= guessing["error"]:
        note = ": this run is not better"
    elif entry.get("guessing_p", 0.0) >= SIGNIFICANT:
        note = ": this run is not told apart from it"
    return f"guessing {error}, always {name}, the commonest class here{note}"


def _linear(linear: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    error = _share(linear["error"], entry["images"])
    compared = {"method": "this run", "test_images": entry["images"], "linear": linear}
    return (
        f"a linear classifier of the same labels ({escape(linear['model'])}, "
        f"{escape(linear['features'])}) {error}: {verdicts.of_linear(compared).removesuffix('.')}"
    )


def _recall(classes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The share of right answers of each class, or of the worst ones, and what is never said."""
    tested = [kind for kind in classes if kind["images"]]
    title = "right of each class"
    if len(tested) > _CLASSES:
        tested = sorted(tested, key=lambda kind: kind["right"] / kind["images"])[:_CLASSES]
        title = f"right of each of the {_CLASSES} worst classes"
    parts = (f"{_name(kind['name'])} {kind['right']:,} of {kind['images']:,}" for kind in tested)
    yield f"{title}: {', '.join(parts)}"
    never = [_name(k["name"]) for k in classes if k["images"] and not k["predicted"]]
    if never:
        more = f" and {len(never) - _CLASSES:,} more" if len(never) > _CLASSES else ""
        yield f"never predicted: {', '.join(never[:_CLASSES])}{more}"


def _against(entry: Mapping[str, Any]) -> Iterator[str]:
    """The errors of another run, and whether the two are told apart."""
    if not (other := entry.get("against")):
        return
    yield from _errors(other, entry["images"], other["run"])
    first, second = other["only_first"], other["only_second"]
    noun = "image" if first + second == 1 else "images"
    yield (
        f"only one is right on {first + second:,} {noun}: this run on {first:,}, the other on "
        f"{second:,}; p = {other['p']:.3g} (McNemar, exact, two-sided)"
    )
    yield _verdict(other["p"], first, second, "this run", "the other")


def _verdict(p: float, first: int, second: int, one: str, two: str) -> str:
    """Whether two classifiers are told apart by the images on which only one is right."""
    if p < SIGNIFICANT:
        return f"told apart: {one if first > second else two} is better on images like these"
    return "not told apart" + (": such a difference may be chance" if first != second else "")


def _name(name: str) -> str:
    return shorten(escape(name), _LONGEST_NAME)
