"""Findings of the checks, each with a level and advice, as text and as JSON."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.common.plain_text import escape, shorten

LEVELS = ("ok", "note", "warning", "error")
MAX_LISTED = 20  # names, or rows of a table, that are printed
_LONGEST_NAME = 200  # columns of a name in a line


@dataclasses.dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        section: the group of checks that it belongs to.
        level: one of `LEVELS`; only "error" means that training would fail.
        text: what was found; further lines are a table.
        advice: what to do; empty for "ok" only.
        names: all files, pairs of files or folders that it is about.
        listed: how many of them are printed.
    """

    section: str
    level: str
    text: str
    advice: str = ""
    names: tuple[str, ...] = ()
    listed: int = MAX_LISTED

    def __post_init__(self):
        """Checks the level, and that there is advice unless all is well.

        Raises:
            ValueError: The level is unknown, or anything but "ok" has no advice.
        """
        if self.level not in LEVELS or (self.level == "ok") == bool(self.advice):
            raise ValueError(f"invalid finding: {self}")


def run_check(
    section: str, what: str, check: Callable[..., Iterable[Finding]], *arguments: Any
) -> list[Finding]:
    """Runs a check; if it fails, that is a finding too.

    Args:
        section: the section of the findings.
        what: what is checked, as in "duplicates: could not be checked".
        check: yields its findings.
        *arguments: the arguments of `check`.

    Returns:
        Its findings, including those before a failure.
    """
    findings: list[Finding] = []

    def collect() -> None:
        for finding in check(*arguments):
            findings.append(finding)

    return findings + call_or_finding(section, what, collect)[1]


def call_or_finding(
    section: str, what: str, function: Callable[..., Any], *arguments: Any
) -> tuple[Any, list[Finding]]:
    """Calls a function; if it fails, that is a finding.

    Args:
        section: the section of the finding.
        what: what is checked.
        function: the function.
        *arguments: its arguments.

    Returns:
        What it returned and no findings, or None and one finding.
    """
    try:
        return function(*arguments), []
    except errors.UserError as error:
        text, advice = " ".join(str(error).split("\n")), "fix this, then run the doctor again"
    except Exception as error:  # whatever it is, the other checks go on
        message = f"{type(error).__name__}: {errors.first_line(error)}"
        text = f"{what}: could not be checked ({message})"
        advice = "the other findings are valid without this one"
    return None, [Finding(section, "error", text, advice)]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Returns whether training would fail."""
    return any(finding.level == "error" for finding in findings)


def format_section(section: str, findings: Iterable[Finding]) -> str:
    """Returns a section as text: a line for each finding, and its advice below."""
    lines = [section]
    for finding in findings:
        first, *table = f"{finding.text}{_names(finding)}".split("\n")
        lines.append(f"  {finding.level:<8} {first}")
        lines += [f"{'':11}{row}" for row in table]
        lines += [f"{'':11}-> {finding.advice}"] * bool(finding.advice)
    return "\n".join(map(escape, lines))


def format_counts(findings: Sequence[Finding]) -> str:
    """Returns the number of findings of each level, as in "1 error, 2 warnings"."""
    counts = {level: sum(finding.level == level for finding in findings) for level in LEVELS}
    words = (f"{count} {level}{'s' * (count > 1)}" for level, count in reversed(counts.items())
             if count and level != "ok")  # fmt: skip
    return ", ".join(words) or "nothing to fix"


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Returns what `json.dump` takes, with all names."""
    fields = ("section", "level", "text", "advice")
    return [
        {field: _escape_lines(getattr(finding, field)) for field in fields}
        | {"names": [escape(name) for name in finding.names]}
        for finding in findings
    ]


def _escape_lines(text: str) -> str:
    """Escapes a text that may be a table of several lines."""
    return "\n".join(map(escape, text.split("\n")))


def _names(finding: Finding) -> str:
    """The first names, to follow the text."""
    if not finding.names:
        return ""
    more = len(finding.names) - finding.listed
    rest = f" and {more:,} more (--json=FILE has all)" if more > 0 else ""
    shown = "; ".join(
        shorten(escape(name), _LONGEST_NAME) for name in finding.names[: finding.listed]
    )
    return f": {shown}{rest}"
