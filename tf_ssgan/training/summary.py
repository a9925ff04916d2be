"""The result of a run in a few lines for a person."""

from typing import Any


def format_summary(result: dict[str, Any], workdir: str) -> str:
    """What `result.json` says, in a few lines.

    Args:
        result: Its content.
        workdir: Where it lies.
    """
    best = result["test_error_at_best_validation"]
    lines = [
        f"\n{result['method']} on {result['dataset']}, {result['labels']} labels, "
        f"{result['steps']} steps in {result['seconds']:.0f} s "
        f"({result['images_per_second']:.0f} images/s{_waiting(result)})",
        _line("test_error", result["test_error"], "shipped weights, last step"),
        _line("test_error_raw", result["test_error_raw"], "without averaging"),
        _line("test_error_median20", result["test_error_median20"], "last 20 evaluations"),
    ]
    if best is not None:
        lines.append(_line("test_error_at_best_validation", best, "where validation was best"))
    lines += _quality(result)
    lines += [
        f"  {name:<30}{value:6.3f}     (found: mean since the last evaluation)"
        for name, value in result.get("searched", {}).items()
    ]
    lines += [
        f"Everything is in {workdir}",
        f"Export it: python -m export.export_main --run={workdir} --to=served/{result['method']}",
    ]
    return "\n".join(lines)


def _quality(result: dict[str, Any]) -> list[str]:
    """Ranking and calibration, of runs that measured them."""
    if result.get("average_precision_macro") is None:
        return []
    fitted = "fitted on validation images"
    if result["validation_error"] is None:
        fitted = "there are no validation images to fit it on"
    macro = result["average_precision_macro"]
    before = result["expected_calibration_error"]
    after = result["expected_calibration_error_calibrated"]
    return [
        f"  {'average_precision_macro':<30}{macro:6.3f}     (mean over the classes)",
        f"  {'expected_calibration_error':<30}{before:6.3f} -> {after:.3f} "
        f"(temperature {result['temperature']:.3g}: {fitted})",
    ]


def _waiting(result: dict[str, Any]) -> str:
    """The share of a step spent waiting, of runs that measured it."""
    share = result.get("waiting_percent")
    return "" if share is None else f", {share:.1f} % of a step waiting for them"


def _line(name: str, value: float, note: str) -> str:
    return f"  {name:<30}{value:6.2f} %   ({note})"
