"""Formats measurements of steps as Markdown."""

import importlib.metadata
import os
import pathlib
import platform
import statistics
from typing import Any

Measurements = dict[
    str, dict[str, list[dict[str, Any]]]
]  # method -> implementation -> one per round

NAMES = {"ours": "ours", "stock": "stock Keras", "pytorch": "PyTorch", "roofline": "roofline"}
PACKAGES = ("tensorflow", "keras", "torch", "numpy")


def machine() -> dict[str, Any]:
    """The machine and the versions of the packages."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    facts = dict(reversed([[s.strip() for s in x.split(":", 1)] for x in lines if ":" in x]))
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "cpu": facts.get("model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "amx_bf16": "amx_bf16" in facts.get("flags", "").split(),
        "allocator": pathlib.Path(os.environ.get("LD_PRELOAD", "") or "the C library's").name,
        "versions": versions,
    }


def summary(measurements: Measurements) -> dict[str, dict[str, float]]:
    """Milliseconds, ratios and images per second of each method.

    Times are medians over the rounds of the medians over the steps of a round.
    """
    return {method: _row(measured) for method, measured in measurements.items()}


def _row(measured: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    ms = {
        name: 1e3 * statistics.median(statistics.median(one["seconds"]) for one in rounds)
        for name, rounds in measured.items()
    }
    images = measured["ours"][0]["images"]
    row = {f"{name}, ms": value for name, value in ms.items()}
    row |= {f"ours / {k}": ms["ours"] / ms[k] for k in ("stock", "pytorch") if k in ms}
    row["roofline / ours"] = ms["roofline"] / ms["ours"]
    speeds = {k: 1e3 * images / ms[k] for k in ("ours", "stock", "pytorch") if k in ms}
    return row | {f"{name}, images/s": value for name, value in speeds.items()}


def render(measurements: Measurements, facts: dict[str, Any], layers: bool = False) -> str:
    """The whole report.

    Args:
        measurements: The measurements.
        facts: Result of `machine`, with "sizes", "rounds" and "repeats".
        layers: Whether to list the layers of each method's step.
    """
    rows = summary(measurements)
    columns = ["method", *next(iter(rows.values()))]
    body = [[method, *map(_number, row.values())] for method, row in rows.items()]
    parts = [
        _machine_lines(facts),
        table([_column_title(c) for c in columns], body),
        _formats(measurements),
    ]
    if layers:
        parts += [_layers(method, measured) for method, measured in measurements.items()]
    return "\n\n".join(parts)


def table(columns: list[str], body: list[list[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    ruler = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (columns, ruler, *body))


def _column_title(column: str) -> str:
    return column.replace("pytorch", NAMES["pytorch"]).replace("stock", NAMES["stock"])


def _number(value: float) -> str:
    """Three significant digits; integers from 100 on."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _machine_lines(facts: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    amx = "yes" if facts["amx_bf16"] else "no"
    return (
        f"Machine: {facts['cpu']}, {facts['cores']} cores, amx_bf16: {amx}, "
        f"allocator: {facts['allocator']}.\nVersions: {versions}.\n"
        f"Sizes: {facts['sizes']}; {facts['rounds']} round(s) of {facts['repeats']} step(s)."
    )


def _formats(measurements: Measurements) -> str:
    """The number format, variant and device of each implementation."""
    lines = ["Number formats:"]
    for name, title in NAMES.items():
        used = {
            f"{one['format']} on {one['device']} ({method})"
            for method, measured in measurements.items()
            for one in measured.get(name, [])
        }
        if used:
            lines.append(f"- {title}: {merged(used)}")
    return "\n".join(lines)


def merged(used: set[str]) -> str:
    """Lists texts "LABEL (METHOD)" as "LABEL (METHODS)", without methods if all labels agree."""
    groups: dict[str, list[str]] = {}
    for text in sorted(used):
        label, method = text.rsplit(" (", 1)
        groups.setdefault(label, []).append(method.rstrip(")"))
    if len(groups) == 1:
        return next(iter(groups))
    return "; ".join(f"{label} ({', '.join(methods)})" for label, methods in groups.items())


def _layers(method: str, measured: dict[str, list[dict[str, Any]]]) -> str:
    """The layers of a method's step, from the first round."""
    columns = ["layer", "kind", "input", "kernel", "dtype", "batch", "pass", "times", "ms"]
    body = [
        [row["name"], row["kind"], _shape(row["inputs"]), _shape(row["kernel"]), row["dtype"],
         str(row["batch"]), row["direction"], str(row["times"]), _number(1e3 * row["seconds"])]
        for row in measured["roofline"][0]["layers"]
    ]  # fmt: skip
    return f"Layers of the step of {method}:\n\n" + table(columns, body)


def _shape(shape: list[int]) -> str:
    return " x ".join(map(str, shape))
