"""The result of a run in a few lines for a person."""

from typing import Any


def told(result: dict[str, Any], workdir: str) -> str:
    """What `result.json` says, in a few lines.

    Args:
        result: Its content.
        workdir: Where it lies.
    """
    best = result["test_error_at_best_validation"]
    lines = [
        f"\n{result['method']} on {result['dataset']}, {result['labels']} labels, "
        f"{result['steps']} steps in {result['seconds']:.0f} s "
        f"({result['images_per_second']:.0f} images/s)",
        f"  test_error                    {result['test_error']:.2f} %   (shipped weights, last step)",
        f"  test_error_raw                {result['test_error_raw']:.2f} %   (without averaging)",
        f"  test_error_median20           {result['test_error_median20']:.2f} %   (last 20 evaluations)",
    ]
    if best is not None:
        lines.append(f"  test_error_at_best_validation {best:.2f} %")
    lines += [
        f"Everything is in {workdir}",
        f"Export it: python -m export.export_main --run={workdir} --to=served/{result['method']}",
    ]
    return "\n".join(lines)
