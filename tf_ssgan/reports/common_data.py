"""Runs of different data have no common mean: of those that would share a place, some are left out.

Flags do not tell such runs apart: people's folders change, and keep their names.
"""

import collections
import pathlib
from collections.abc import Sequence

from tf_ssgan.reports.finished_runs import FinishedRun

LeftOut = tuple[pathlib.Path, str]  # folder of a run, and the reason
_DIGITS = 8  # of a fingerprint that is shown


def short(sha256: str) -> str:
    """A fingerprint of data as it is shown."""
    return sha256[:_DIGITS]


def keep_common_data(runs: Sequence[FinishedRun]) -> tuple[list[FinishedRun], list[LeftOut]]:
    """Keeps, of each data set, the runs on the data that most of them have.

    Args:
        runs: The runs of a table.

    Returns:
        The runs that are kept, in their order, and those that are left out. Of equally many, the
        first are kept.
    """
    by_dataset = collections.defaultdict(list)
    for run in runs:
        by_dataset[run.result["dataset"]].append(run)
    common = {name: _first_on_common_data(own) for name, own in by_dataset.items()}
    kept, left_out = [], []
    for run in runs:
        name, first = run.result["dataset"], common[run.result["dataset"]]
        mine, theirs = run.result["data_sha256"], first.result["data_sha256"]
        if mine == theirs:
            kept.append(run)
            continue
        reason = (
            f"was trained on other images or labels of {name} than {first.folder} (data "
            f"{short(mine)} and {short(theirs)}): they have no common mean. Report on it apart"
        )
        left_out.append((run.folder, reason))
    return kept, left_out


def _first_on_common_data(runs: Sequence[FinishedRun]) -> FinishedRun:
    """The first run on the data that most runs have."""
    counts = collections.Counter(run.result["data_sha256"] for run in runs)
    return max(runs, key=lambda run: counts[run.result["data_sha256"]])


def keep_common_splits(runs: Sequence[FinishedRun]) -> tuple[list[FinishedRun], list[LeftOut]]:
    """Keeps, of each split seed, the runs with the labeled images of the first of them.

    Args:
        runs: The runs of a cell, which have the same data.

    Returns:
        The runs that are kept, in their order, and those that are left out.
    """
    first_of_seed: dict[int, FinishedRun] = {}
    kept, left_out = [], []
    for run in runs:
        first = first_of_seed.setdefault(run.seeds[0], run)
        if first.result["split_sha256"] == run.result["split_sha256"]:
            kept.append(run)
            continue
        reason = (
            f"has the split seed {run.seeds[0]} and the data of {first.folder}, but not the same "
            "labeled images: other code has selected them. Report on it apart"
        )
        left_out.append((run.folder, reason))
    return kept, left_out
