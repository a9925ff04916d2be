"""docs/faults.md names tests that exist."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| .+ \| .+ \| `(tests/[\w/]+\.py)::(\w+)(?:\[([^\]]+)\])?` \|$",
    (ROOT / "docs/faults.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_every_row_of_the_table_is_understood():
    text = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    headers = [
        line
        for line in lines
        if line.startswith(("| what is on disk", "| what happens |", "| ---"))
    ]
    assert len(ROWS) == len(lines) - len(headers) > 90


@pytest.mark.parametrize("module, test, case", ROWS)
def test_the_test_of_a_row_exists(module, test, case):
    source = (ROOT / module).read_text(encoding="utf-8")
    assert f"def {test}(" in source
    assert f'"{case}"' in source or not case
