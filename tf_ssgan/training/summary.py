"""The result of a run as a few lines of text."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_ssgan.common import few_images, plain_text
from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.metrics import intervals
from tf_ssgan.training import verdicts

_COLUMNS = 100
_NAME, _CLASS, _SHORT = 30, 26, 18  # columns of the names of numbers, of those of classes
HEADING = f"  {'':<{_NAME}} error    images  95 % interval"  # of a table of errors
_MOST_CLASSES = 12  # a line each; of more, only the `_WORST` are shown
_WORST = 5
_RARE = 3  # a class with a third of the mean number of labels, or less, has few


def format_summary(result: dict[str, Any], workdir: str) -> str:
    """Formats the content of `result.json` as a table to read.

    Results of older runs lack some fields; their lines are left out.

    Args:
        result: The content of `result.json`.
        workdir: Folder of the run.
    """
    fold = f", fold {result['fold']} of {result['folds']}" if result.get("folds") else ""
    return "\n".join(
        [
            f"\n{result['method']} on {plain_text.escape(result['dataset'])}{fold}, "
            f"{_count(result['labels'], 'label')}, {result['steps']} steps in "
            f"{result['seconds']:.0f} s ({result['images_per_second']:.0f} images/s"
            f"{_waiting(result)})",
            *_errors(result),
            *_sentences(result),
            *recall_lines(result.get("class_recall") or ()),
            *_quality(result),
            *_bound(result),
            *_searched(result),
            f"Everything is in {workdir}",
            *_export(result, workdir),
        ]
    )


def _export(result: dict[str, Any], workdir: str) -> Iterator[str]:
    """The command that exports the run; not of a fold, which measures and leaves images out."""
    if not result.get("folds"):
        yield (
            f"Export it: python -m export.export_main --run={shell_word(workdir)} "
            f"--to=served/{result['method']}"
        )


def _errors(result: dict[str, Any]) -> Iterator[str]:
    """A table of the errors, and of what they are compared with."""
    tests, held_out = result["test_images"], result["validation_images"]
    best, validation = result["test_error_at_best_validation"], result["validation_error"]
    yield HEADING
    yield error_line("test_error", result["test_error"], tests, "exported weights, last step")
    yield error_line("test_error_raw", result["test_error_raw"], tests, "without EMA")
    # Of several classifiers, so it has no interval.
    name, median = "test_error_median20", result["test_error_median20"]
    yield f"  {name:<{_NAME}}{median:6.2f} %{tests:8,}  {'':16}  (median of up to 20 evaluations)"
    if best is not None:
        note = f"best step by {held_out:,} held-out images"
        yield error_line("test_error_at_best_validation", best, tests, note)
    if held_out and validation is not None:
        yield error_line("validation_error", validation, held_out, "held-out images, last step")
    yield from baseline_lines(result, tests)


def baseline_lines(result: Mapping[str, Any], images: int) -> Iterator[str]:
    """The errors of guessing and of the linear classifier, if they are known.

    Args:
        result: Has "guessing" and "linear", as `result.json`.
        images: The number of images that the errors are of.
    """
    if guessing := result.get("guessing"):
        name = plain_text.shorten(plain_text.escape(guessing["name"]), _SHORT)
        yield error_line("guessing", guessing["error"], images, f"always answers {name}")
    if linear := result.get("linear"):
        model = plain_text.escape(linear["model"])
        yield error_line("linear classifier", linear["error"], images, model)


def error_line(name: str, error: float, images: int, note: str) -> str:
    """A line of the table of errors, below `HEADING`.

    Args:
        name: What it is the error of.
        error: In percent.
        images: The number of images that it is of.
        note: What else to know.
    """
    low, high = intervals.of_error(error, images)
    interval = f"{low:5.1f} to {high:5.1f} %"
    return f"  {name:<{_NAME}}{error:6.2f} %{images:8,}  {interval}  ({note})"


def _sentences(result: dict[str, Any]) -> Iterator[str]:
    """What the errors show, and what their images are too few for, in lines."""
    notes = [
        _describe_known(result),
        few_images.why_nothing(result["validation_images"]),
        few_images.not_learned(result.get("classes_without_labels", [])),
        few_images.untested(result["classes_without_test_images"]),
        _advice(result),
    ]
    yield from verdict_lines(result)
    for note in filter(None, notes):
        yield from _wrap(f"{note[0].upper()}{note[1:]}.")


def verdict_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Whether the run beats guessing and the linear classifier, and what it never answers.

    Args:
        result: Has "method", "test_images", "guessing", "linear" and "class_recall", as
            `result.json`; the last three may be missing.
    """
    classes = result.get("class_recall") or ()
    never = [own["name"] for own in classes if own["images"] and not own["predicted"]]
    text = few_images.never_predicted(never, result["test_images"], "test image")
    for sentence in (
        verdicts.of_guessing(result),
        _describe_linear(result),
        verdicts.of_linear(result),
        f"{text[0].upper()}{text[1:]}." if text else "",
    ):
        yield from _wrap(sentence)


def _wrap(sentence: str) -> list[str]:
    return textwrap.wrap(
        sentence,
        _COLUMNS,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _describe_linear(result: Mapping[str, Any]) -> str:
    """What the linear classifier learned from."""
    if not (linear := result.get("linear")):
        return ""
    features = plain_text.escape(linear["features"])
    return f"The linear classifier learned from the same labels, on {features}."


def _describe_known(result: dict[str, Any]) -> str:
    """Says how many test images the run has seen while it trained."""
    known = result.get("known_test_images") or {"labeled": 0, "unlabeled": 0}
    if not (count := sum(known[use] for use in ("labeled", "unlabeled"))):
        return ""
    labeled = f", {known['labeled']:,} of them with its label" if known["labeled"] else ""
    return (
        f"{count:,} of {result['test_images']:,} test images are training images too{labeled}: the "
        "error on new images may be higher"
    )


def _advice(result: dict[str, Any]) -> str:
    """What to do if the class that is recognized least has far fewer labels than others."""
    classes = [own for own in result.get("class_recall") or () if own["images"]]
    if not classes or any("labels" not in own for own in classes):
        return ""
    worst = min(classes, key=lambda own: (own["right"] / own["images"], own["labels"]))
    if not 0 < _RARE * worst["labels"] <= result["labels"] / len(result["class_recall"]):
        return ""
    name = plain_text.shorten(plain_text.escape(worst["name"]), _CLASS)
    weigh = "" if result.get("class_weight") == "balanced" else ", or try --class_weight=balanced"
    return (
        f"the class {name} has {worst['labels']:,} of {result['labels']:,} labels and is "
        f"recognized least: label more of it{weigh}"
    )


def recall_lines(classes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How many test images of each class are recognized: all classes, or the worst of many.

    Args:
        classes: "class_recall" of `result.json`.
    """
    if not classes:
        return
    tested = [own for own in classes if own["images"]]
    if len(classes) <= _MOST_CLASSES:
        yield "  Recognized test images of each class:"
        shown = classes
    else:
        # Of equal ones, those with more images.
        by_recall = sorted(tested, key=lambda own: (own["right"] / own["images"], -own["images"]))
        shown = by_recall[:_WORST]
        yield (
            f"  Recognized test images of the {len(shown)} classes where they are fewest, of "
            f"{len(tested):,}; report.txt has all:"
        )
    yield from map(_class_line, shown)


def _class_line(own: Mapping[str, Any]) -> str:
    name = plain_text.pad(plain_text.escape(own["name"]), _CLASS)
    if not own["images"]:
        return f"    {name}    no test images"
    share = 100.0 * own["right"] / own["images"]
    line = f"    {name}  {share:6.2f} %{own['right']:8,} of {own['images']:,}"
    return f"{line}  ({_count(own['labels'], 'label')})" if "labels" in own else line


def _quality(result: dict[str, Any]) -> list[str]:
    """Lines on ranking and calibration, if the run measured them."""
    if result.get("expected_calibration_error") is None:
        return []
    macro, tested = result["average_precision_macro"], result["classes_with_test_images"]
    before = result["expected_calibration_error"]
    after = result["expected_calibration_error_calibrated"]
    effect = "     (no temperature was fitted)"
    if after is not None:
        images = _count(result["validation_images"], "held-out image")
        effect = f" -> {after:.3f} (temperature {result['temperature']:.3g}: fitted on {images})"
    lines = [f"  {'expected_calibration_error':<{_NAME}}{before:6.3f}{effect}"]
    if macro is not None:
        over = f"mean over the {tested} classes that have test images"
        lines.insert(0, f"  {'average_precision_macro':<{_NAME}}{macro:6.3f}     ({over})")
    return lines


def _bound(result: dict[str, Any]) -> Iterator[str]:
    """The bound of a generative model, if the run measured one."""
    if (bound := result.get("test_bound")) is not None:
        yield f"  {'test_bound':<{_NAME}}{bound:9.2f}  (nats per image: lower bound of log p(x))"


def _searched(result: dict[str, Any]) -> Iterator[str]:
    """What a search for hyperparameters found."""
    for name, value in result.get("searched", {}).items():
        yield f"  {name:<{_NAME}}{value:6.3f}     (searched: mean since the last evaluation)"


def _waiting(result: dict[str, Any]) -> str:
    """Share of the steps' time spent waiting for batches, if the run measured it."""
    share = result.get("waiting_percent")
    return "" if share is None else f", {share:.1f} % of the time waiting for them"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
