"""The result of a run as a few lines of text."""

from typing import Any

from tf_ssgan.common import few_images
from tf_ssgan.common.plain_text import shell_word


def format_summary(result: dict[str, Any], workdir: str) -> str:
    """Formats the content of `result.json` as a table to read.

    Args:
        result: The content of `result.json`.
        workdir: Folder of the run.
    """
    best, held_out = result["test_error_at_best_validation"], result["validation_images"]
    lines = [
        f"\n{result['method']} on {result['dataset']}, {result['labels']} labels, "
        f"{result['steps']} steps in {result['seconds']:.0f} s "
        f"({result['images_per_second']:.0f} images/s{_waiting(result)})",
        _line("test_error", result["test_error"], "exported weights, last step"),
        _line("test_error_raw", result["test_error_raw"], "without EMA"),
        _line("test_error_median20", result["test_error_median20"], "last 20 evaluations"),
    ]
    if best is not None:
        lines.append(_line("test_error_at_best_validation", best, "at best validation"))
    elif held_out and result["validation_error"] is not None:
        note = f"{few_images.counted(held_out).strip()}: {few_images.why_no_best(held_out)}"
        lines.append(_line("validation_error", result["validation_error"], note))
    lines += [f"  {text}" for text in _missing(result)]
    lines += _quality(result)
    lines += [
        f"  {name:<30}{value:6.3f}     (searched: mean since the last evaluation)"
        for name, value in result.get("searched", {}).items()
    ]
    lines += [
        f"Everything is in {workdir}",
        f"Export it: python -m export.export_main --run={shell_word(workdir)} "
        f"--to=served/{result['method']}",
    ]
    return "\n".join(lines)


def _missing(result: dict[str, Any]) -> list[str]:
    """What is missing of some classes."""
    found = [
        few_images.not_learned(result.get("classes_without_labels", [])),
        few_images.untested(result["classes_without_test_images"]),
    ]
    return [text for text in found if text]


def _quality(result: dict[str, Any]) -> list[str]:
    """Lines on ranking and calibration, if the run measured them."""
    if result.get("average_precision_macro") is None:
        return []
    macro, tested = result["average_precision_macro"], result["classes_with_test_images"]
    before = result["expected_calibration_error"]
    after = result["expected_calibration_error_calibrated"]
    if after is None:
        effect = f"     ({few_images.why_no_temperature(result['validation_images'])})"
    else:
        fitted = f"(temperature {result['temperature']:.3g}: fitted on validation images)"
        effect = f" -> {after:.3f} {fitted}"
    counted = "1 class that has" if tested == 1 else f"{tested} classes that have"
    over = f"mean over the {counted} test images"
    return [
        f"  {'average_precision_macro':<30}{macro:6.3f}     ({over})",
        f"  {'expected_calibration_error':<30}{before:6.3f}{effect}",
    ]


def _waiting(result: dict[str, Any]) -> str:
    """Share of the steps' time spent waiting for batches, if the run measured it."""
    share = result.get("waiting_percent")
    return "" if share is None else f", {share:.1f} % of the time waiting for them"


def _line(name: str, value: float, note: str) -> str:
    return f"  {name:<30}{value:6.2f} %   ({note})"
