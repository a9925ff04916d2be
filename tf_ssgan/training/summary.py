"""The result of a run as a few lines of text."""

from typing import Any


def format_summary(result: dict[str, Any], workdir: str) -> str:
    """Formats the content of `result.json` as a table to read.

    Args:
        result: The content of `result.json`.
        workdir: Folder of the run.
    """
    best = result["test_error_at_best_validation"]
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
    lines += _quality(result)
    lines += [
        f"  {name:<30}{value:6.3f}     (searched: mean since the last evaluation)"
        for name, value in result.get("searched", {}).items()
    ]
    lines += [
        f"Everything is in {workdir}",
        f"Export it: python -m export.export_main --run={workdir} --to=served/{result['method']}",
    ]
    return "\n".join(lines)


def _quality(result: dict[str, Any]) -> list[str]:
    """Lines on ranking and calibration, if the run measured them."""
    if result.get("average_precision_macro") is None:
        return []
    origin = "fitted on validation images"
    if result["validation_error"] is None:
        origin = "there are no validation images to fit it on"
    macro = result["average_precision_macro"]
    before = result["expected_calibration_error"]
    after = result["expected_calibration_error_calibrated"]
    return [
        f"  {'average_precision_macro':<30}{macro:6.3f}     (mean over the classes)",
        f"  {'expected_calibration_error':<30}{before:6.3f} -> {after:.3f} "
        f"(temperature {result['temperature']:.3g}: {origin})",
    ]


def _waiting(result: dict[str, Any]) -> str:
    """Share of the steps' time spent waiting for batches, if the run measured it."""
    share = result.get("waiting_percent")
    return "" if share is None else f", {share:.1f} % of the time waiting for them"


def _line(name: str, value: float, note: str) -> str:
    return f"  {name:<30}{value:6.2f} %   ({note})"
