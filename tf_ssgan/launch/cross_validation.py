"""Cross-validation: a run for each fold, one process after another, and their summary.

Nothing but the files of the runs is stored, so the same command goes on after any interruption: it
skips folds that are finished and continues the one that was stopped.
"""

import pathlib
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.common.options import flag_text
from tf_ssgan.data import fingerprint, folds
from tf_ssgan.launch import cross_validated, jobs, scheduler
from tf_ssgan.training import build, config, same_data
from tf_ssgan.training.workdir import Workdir


class FoldsFailed(errors.UserError):
    """The runs of some folds failed; the others are finished."""

    status = 1


def run(settings: config.Config) -> dict[str, Any]:
    """Trains the runs of all folds that are not finished, and sums their results.

    Args:
        settings: A configuration with `folds` and without `fold`.

    Returns:
        What `cross_validation.json` holds.

    Raises:
        UserError: The images cannot be divided, or a folder holds another run.
        FoldsFailed: A run failed.
        Interrupted: A signal arrived; the run that was training has saved.
    """
    folder = pathlib.Path(settings.workdir)
    statuses = scheduler.run_all(make_jobs(settings))
    if failed := scheduler.report_failures(statuses):
        number = f"{len(failed)} of {settings.folds} folds"
        raise FoldsFailed(f"{number} failed, see above. The same command trains only these.")
    summary = cross_validated.summarize(folder, settings.folds)
    print(cross_validated.format_summary(summary, folder), flush=True)
    return summary


def make_jobs(settings: config.Config) -> list[jobs.Job]:
    """The runs of all folds. Whatever would be refused by one of them is refused here.

    Raises:
        UserError: As `run`.
    """
    each = [settings.of_fold(fold) for fold in range(settings.folds)]
    for one in each:
        Workdir(pathlib.Path(one.workdir)).finished_result(one)
    hashes = _check_data(settings, each)
    return [
        jobs.Job(pathlib.Path(one.workdir), _flags(one), data=lambda own=own: own)
        for one, own in zip(each, hashes, strict=True)
    ]


def _check_data(settings: config.Config, each: list[config.Config]) -> list[str]:
    """Loads the data once and divides them as the runs do; says how.

    Returns:
        The fingerprint of the data of each fold.
    """
    whole = same_data.load_whole(settings)
    hashes, sizes = [], []
    outlines = folds.outlines(whole, settings.folds, each[0].split_seed)
    for one, arrays in zip(each, outlines, strict=True):
        build.make_protocol(one, arrays)
        hashes.append(fingerprint.record(arrays).sha256)
        sizes.append(len(arrays.test_labels))
    least, most = min(sizes), max(sizes)
    size = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    print(
        f"{settings.method} on {settings.dataset}: {settings.folds} folds of {size} test images, "
        f"{sum(sizes):,} in all. Their runs are in {settings.workdir}, with the output of each in "
        "a log beside it.",
        flush=True,
    )
    return hashes


def _flags(settings: config.Config) -> tuple[str, ...]:
    """All flags of a run, with the values that the recipe has chosen."""
    return tuple(
        f"--{name}={flag_text(value)}" for name, value in settings.as_flags().items() if value != ""
    )
