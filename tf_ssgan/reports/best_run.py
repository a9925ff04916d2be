"""Which run of a data set to export, and the command; the test set does not choose it if it can be.

The rule is one: with enough held-out images (`common.few_images`) in all runs, the run with the
lowest validation error. Otherwise nothing but the test images tells methods apart. Then the method
with the lowest mean error is named, and of its runs that of the lowest seed: no choice among seeds.
Folds measure a method, and each leaves out what it tests: then a run is trained without them.
"""

import collections
import dataclasses
import pathlib
import re
from collections.abc import Iterator, Sequence

from tf_ssgan.common import few_images, plain_text
from tf_ssgan.reports import cell_text, common_data
from tf_ssgan.reports.finished_runs import FinishedRun
from tf_ssgan.reports.result_table import ResultTable
from tf_ssgan.training import run_folders

TITLE = "The run to export"
_NO_NAME = re.compile(r"[^\w.-]+")
Place = tuple[str, str, FinishedRun]  # row, column, run


@dataclasses.dataclass(frozen=True)
class BestRun:
    """The run to export.

    Attributes:
        reason: Why this one, in sentences.
        command: What exports it; of folds, what trains the run that is to be exported.
        by_test_images: Whether the test images have chosen its method.
    """

    reason: str
    command: str
    by_test_images: bool = False


def best_runs(table: ResultTable) -> Iterator[BestRun]:
    """The run to export of a table by protocol, one for each version of its data.

    Args:
        table: A table; those of papers have none.
    """
    by_data = collections.defaultdict(list)
    for row in table.rows:
        for column in table.columns:
            for run in (
                table.cell(row, column).runs if not table.cell(row, column).lacks_folds else ()
            ):
                by_data[run.protocol["data"]].append((row, column, run))
    for data, places in by_data.items() if not table.source else ():
        where = f" Data {common_data.short(data)}." if len(by_data) > 1 else ""
        best = _best(table, places)
        yield dataclasses.replace(best, reason=f"{best.reason}{where}")


def _best(table: ResultTable, places: Sequence[Place]) -> BestRun:
    single = [place for place in places if not place[2].fold_count]
    if not single:
        return _of_folds(table, places)
    places = single
    held_out = [run.result["validation_images"] for *_, run in places]
    errors = [run.result["validation_error"] for *_, run in places]
    if few_images.may_choose(min(held_out)) and None not in errors:
        return _by_validation(places)
    return _by_method(table, places, min(held_out))


def _by_validation(places: Sequence[Place]) -> BestRun:
    """The run with the lowest validation error; of equal ones that of the lowest seed."""
    row, column, run = min(
        places, key=lambda place: (place[2].result["validation_error"], place[2].seeds, place[0])
    )
    result = run.result
    error = cell_text.format_share(result["validation_error"], 1, result["validation_images"])
    tested = cell_text.format_share(result["test_error"], 1, result["test_images"])
    return BestRun(
        f"{_named(row, column, run)} has the lowest error on held-out images of all runs of this "
        f"table, in percent {error}, of {result['validation_images']:,} images. Test images had no "
        f"part in this choice: its error on {result['test_images']:,} of them is {tested}.",
        _command(run),
    )


def _by_method(table: ResultTable, places: Sequence[Place], held_out: int) -> BestRun:
    """The run of the lowest seed of the method with the lowest mean error on the test images."""
    row, column = _lowest_mean(table, places)
    run = min((run for r, c, run in places if (r, c) == (row, column)), key=lambda one: one.seeds)
    if len(places) == 1:
        return BestRun(f"{_named(row, column, run)} is the only run.", _command(run))
    reason = few_images.too_few(held_out, "to choose a run by")
    reason = reason or "not every run has a validation error"
    mean = cell_text.format_error(table.cell(row, column), "test_error", 1)
    seed = f"that of the lowest seed is taken, {seed_words(run)}, because nothing but chance"
    if len(_cells(places)) == 1:
        text = f"{reason[0].upper()}{reason[1:]}. Of the runs of {row} {seed} tells them apart."
        return BestRun(text, _command(run))
    return BestRun(
        f"{reason[0].upper()}{reason[1:]}, so nothing but the test images tells which method is "
        f"best. On them {row} ({column}) has the lowest mean error, in percent {mean}. Of its runs "
        f"{seed} tells seeds apart. The error is slightly optimistic: the test images have chosen "
        "the method.",
        _command(run),
        by_test_images=True,
    )


def _cells(places: Sequence[Place]) -> set[tuple[str, str]]:
    return {(row, column) for row, column, _ in places}


def _of_folds(table: ResultTable, places: Sequence[Place]) -> BestRun:
    """The command that trains without folds: each of them has left out what it tests."""
    row, column = _lowest_mean(table, places)
    run = min((run for r, c, run in places if (r, c) == (row, column)), key=lambda one: one.seeds)
    how = run_folders.no_folds(run.result["dataset"])
    advice = f"Each fold has left out what it tests. This trains {how}; export that run."
    if len(_cells(places)) == 1:
        return BestRun(advice, run_folders.final_command(run.parts[0].folder))
    mean = cell_text.format_error(table.cell(row, column), "test_error", 1)
    return BestRun(
        f"{row} ({column}) has the lowest error over all folds, in percent {mean}. It is slightly "
        f"optimistic, because the tested images have chosen the method. {advice}",
        run_folders.final_command(run.parts[0].folder),
        by_test_images=True,
    )


def _lowest_mean(table: ResultTable, places: Sequence[Place]) -> tuple[str, str]:
    """The row and column with the lowest mean error of the last step."""
    means = {
        (row, column): mean.mean
        for row, column, _ in places
        if (mean := cell_text.mean_error(table.cell(row, column), "test_error"))
    }
    return min(means, key=lambda place: means[place])


def _named(row: str, column: str, run: FinishedRun) -> str:
    return f"{row} ({column}, {seed_words(run)})"


def seed_words(run: FinishedRun) -> str:
    """Its seed, its split seed if they differ, and its fold if it is one."""
    split, seed = run.seeds
    text = f"seed {seed}" if split == seed else f"seed {seed}, split seed {split}"
    return text if run.fold is None else f"{text}, fold {run.fold}"


def _command(run: FinishedRun) -> str:
    """The command that exports a run, for a shell."""
    words = f"--run={run.folder}", f"--to=served/{_model_name(run.result['dataset'])}"
    return f"python -m export.export_main {' '.join(map(plain_text.shell_word, words))}"


def _model_name(dataset: str) -> str:
    """A name of a folder for a data set: that of its own folder or file, without odd signs."""
    place = pathlib.PurePath(dataset.rpartition(":")[2])
    name = place.stem if ":" in dataset else dataset
    return _NO_NAME.sub("-", name).strip(".-") or "model"
