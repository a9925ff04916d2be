"""With which code runs were made, in a sentence and in columns."""

import collections
from collections.abc import Sequence
from typing import Any

from tf_ssgan.common import checkout
from tf_ssgan.reports.finished_runs import FinishedRun


def describe_code(runs: Sequence[FinishedRun]) -> str:
    """A sentence on the code of runs that are compared; empty without runs.

    It warns if the code differs, or may differ: which files were changed is not saved.
    """
    counts = collections.Counter(tuple(_code(run).items()) for run in runs)
    codes = [(dict(code), count) for code, count in counts.most_common()]
    if len(codes) > 1:
        parts = (f"{_describe(code, count)} ({_count(count)})" for code, count in codes)
        return f"Runs of different code are compared here: {'; '.join(parts)}."
    return "".join(f"Code: tf_ssgan {_describe(code, count)}." for code, count in codes)


def code_columns(run: FinishedRun) -> dict[str, Any]:
    """The code of a run for a table in CSV: version, whole hash, and whether files were changed."""
    code = _code(run)
    return {"version": code["tf_ssgan"], "commit": code["commit"], "changed": code["changed"]}


def short_code(run: FinishedRun) -> str:
    """The code of a run for a narrow column: 21e8348b5e3a, changed; or the version alone."""
    code = _code(run)
    if not code["commit"]:
        return code["tf_ssgan"] or "unknown"
    return code["commit"][: checkout.SHORT] + (", changed" if code["changed"] else "")


def _code(run: FinishedRun) -> checkout.Code:
    return checkout.saved_code(run.result)


def _describe(code: checkout.Code, count: int) -> str:
    text = checkout.format_code(code)
    return f"{text}, which may differ from run to run" if code["changed"] and count > 1 else text


def _count(number: int) -> str:
    return f"{number:,} run{'' if number == 1 else 's'}"
