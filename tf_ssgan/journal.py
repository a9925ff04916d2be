"""The curves of a run as files: `metrics.jsonl` and `history.csv`, one line an evaluation."""

import contextlib
import csv
import io
import json
import pathlib
from typing import Any


def append(path: pathlib.Path, line: dict[str, Any]) -> None:
    """Adds a line to `metrics.jsonl` and to `history.csv` beside it."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    table = path.with_name("history.csv")
    fresh = not table.exists() or not table.stat().st_size
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, line)
        if fresh:
            writer.writeheader()
        writer.writerow(line)


def history(path: pathlib.Path, until: int | None = None) -> list[dict[str, Any]]:
    """The lines of `metrics.jsonl`; a last one cut short by a kill is left out.

    Args:
        path: The file; it may be missing.
        until: Leave out lines of later steps.
    """
    lines = []
    for text in path.read_text().splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError):
            lines.append(json.loads(text))
    return [line for line in lines if until is None or line["step"] <= until]


def rewind(path: pathlib.Path, step: int) -> None:
    """Cuts both files back to a step: what comes after will be written again."""
    kept = history(path, until=step)
    table = io.StringIO()
    if kept:
        writer = csv.DictWriter(table, dict.fromkeys(name for line in kept for name in line))
        writer.writeheader()
        writer.writerows(kept)
    lines = "".join(json.dumps(line) + "\n" for line in kept)
    for target, text in ((path, lines), (path.with_name("history.csv"), table.getvalue())):
        partial = target.with_name(target.name + ".partial")
        partial.write_text(text, newline="")  # the table has its own line ends
        partial.replace(target)
