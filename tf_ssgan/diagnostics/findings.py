"""What a checkup says: findings, each with a level and a remedy, as text and as JSON."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.data.sources import user_images

LEVELS = ("ok", "note", "warning", "error")
LISTED = 20  # names, or rows of a table, that the text has room for


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        section: the part of the checkup that it belongs to.
        level: one of `LEVELS`; only "error" says that training would fail.
        text: what was found; further lines are a table.
        advice: what to do; empty for "ok" alone.
        names: all the files, pairs of files or folders that it is about.
        listed: how many of them the text names.
    """

    section: str
    level: str
    text: str
    advice: str = ""
    names: tuple[str, ...] = ()
    listed: int = LISTED

    def __post_init__(self):
        """Refuses a finding that leaves a person alone with it.

        Raises:
            ValueError: An unknown level, or anything but "ok" without advice.
        """
        if self.level not in LEVELS or (self.level == "ok") == bool(self.advice):
            raise ValueError(f"no finding: {self}")


def guarded(
    section: str, what: str, check: Callable[..., Iterable[Finding]], *arguments: Any
) -> list[Finding]:
    """Makes a check, whose failure is a finding too.

    Args:
        section: where it belongs.
        what: what is looked at, as in "the duplicates: could not be looked at".
        check: gives its findings one after another.
        *arguments: what it is called with.

    Returns:
        Its findings; those before a failure stay.
    """
    found: list[Finding] = []

    def collect() -> None:
        for finding in check(*arguments):
            found.append(finding)

    return found + attempted(section, what, collect)[1]


def attempted(
    section: str, what: str, make: Callable[..., Any], *arguments: Any
) -> tuple[Any, list[Finding]]:
    """Calls something whose failure is a finding.

    Args:
        section: where it belongs.
        what: what is looked at.
        make: what is called.
        *arguments: what it is called with.

    Returns:
        What it returned and no findings, or None and one.
    """
    try:
        return make(*arguments), []
    except errors.UserError as error:
        text, advice = " ".join(str(error).split("\n")), "mend this, then ask again"
    except Exception as error:  # whatever it is, the other checks have their say
        said = (str(error).splitlines() or [""])[0]
        text = f"{what}: could not be looked at ({type(error).__name__}: {said})"
        advice = "the other findings stand without this one"
    return None, [Finding(section, "error", text, advice)]


def failed(found: Iterable[Finding]) -> bool:
    """Returns whether something would make training fail."""
    return any(finding.level == "error" for finding in found)


def format_findings(section: str, found: Iterable[Finding]) -> str:
    """Returns a section for people: a line a finding, below it the advice."""
    lines = [section]
    for finding in found:
        first, *table = f"{finding.text}{_listed(finding)}".split("\n")
        lines.append(f"  {finding.level:<8} {first}")
        lines += [f"{'':11}{row}" for row in table]
        lines += [f"{'':11}-> {finding.advice}"] * bool(finding.advice)
    return "\n".join(map(user_images.printable, lines))


def summary(found: Sequence[Finding]) -> str:
    """Returns how many findings of each level there are."""
    many = {level: sum(finding.level == level for finding in found) for level in LEVELS}
    words = (f"{count} {level}{'s' * (count > 1)}" for level, count in reversed(many.items())
             if count and level != "ok")  # fmt: skip
    return ", ".join(words) or "nothing to mend"


def as_json(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Returns what `json.dump` takes, with all names."""
    fields = ("section", "level", "text", "advice")
    return [
        {field: user_images.printable(getattr(finding, field)) for field in fields}
        | {"names": [shown(name) for name in finding.names]}
        for finding in found
    ]


def shown(name: str) -> str:
    """Returns a file's name as a terminal may show it: control characters become escapes."""
    kept = (
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in user_images.printable(name)
    )
    return "".join(kept)


def _listed(finding: Finding) -> str:
    """The first names, behind the text."""
    if not finding.names:
        return ""
    more = len(finding.names) - finding.listed
    rest = f" and {more:,} more (--json=FILE has all)" if more > 0 else ""
    return f": {'; '.join(map(shown, finding.names[: finding.listed]))}{rest}"
