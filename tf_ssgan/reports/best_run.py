"""Which run of a data set to export, and the command; the test set does not choose it if it can be.

The rule is one: with enough held-out images (`common.few_images`) in all runs, the run with the
lowest validation error. Runs that held-out labels tuned are no candidates for that: these labels do
not measure them. Otherwise nothing but the test images tells methods apart. Then the method with
the lowest mean error is named, and of its runs that of the lowest seed: no choice among seeds.
Folds measure a method, and each leaves out what it tests: then a run is trained without them.
"""

import collections
import dataclasses
import itertools
import pathlib
import re
from collections.abc import Iterator, Sequence

from tf_ssgan.common import counts, few_images, plain_text
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
        title: A heading, which tells it apart from the other ones of its table.
    """

    reason: str
    command: str
    by_test_images: bool = False
    title: str = TITLE


def best_runs(table: ResultTable) -> Iterator[BestRun]:
    """The run to export of a table by protocol, one for each version of its data.

    Args:
        table: A table; those of papers have none.
    """
    by_data = collections.defaultdict(list)
    for row, column in itertools.product(table.rows, table.columns):
        cell = table.cell(row, column)
        for run in () if table.source or cell.lacks_folds else cell.runs:
            by_data[run.protocol["data"], bool(run.fold_count)].append((row, column, run))
    names = _names([[run for *_, run in places] for places in by_data.values()])
    for places, name in zip(by_data.values(), names, strict=True):
        if len(by_data) == 1:
            name = ""
        folds = places[0][2].fold_count
        best = _of_folds(table, places) if folds else _of_runs(table, places, name)
        yield dataclasses.replace(best, title=f"{TITLE}, {name}" if name else TITLE)


def _names(groups: Sequence[Sequence[FinishedRun]]) -> list[str]:
    """What the runs of each group are, with no more words than tell them apart."""
    names: list[str] = []
    for words in range(1, 4):
        names = [", ".join(_describe(runs)[:words]) for runs in groups]
        if len(set(names)) == len(names):
            break
    return names


def _describe(runs: Sequence[FinishedRun]) -> tuple[str, str, str]:
    """How runs are tested, of how many images they are, and the fingerprint of their data."""
    protocol = runs[0].protocol
    data = f"data {common_data.short(protocol['data'])}"
    if folds := sorted({run.fold_count for run in runs} - {0}):
        of = counts.things(protocol["test_images"], "labeled image")
        return f"of the runs with {' or '.join(map(str, folds))} folds", of, data
    tested = counts.things(protocol["test_images"], "test image")
    of = counts.things(protocol["images"], "training image")
    return f"of the runs on {tested}", of, data


def _of_runs(table: ResultTable, places: Sequence[Place], name: str) -> BestRun:
    """The run of those without folds; those that held-out labels tuned are not chosen by these."""
    if len(places) == 1:
        return _only(table, *places[0], name)
    measured = [place for place in places if not place[2].tuned_by_held_out]
    held_out = min((run.result["validation_images"] for *_, run in measured), default=0)
    if len(measured) < len(places) and len(_cells(measured)) < 2:
        reason = "a run that held-out labels tuned is not measured by them"
    elif None in (run.result["validation_error"] for *_, run in measured if held_out):
        reason = "not every run has a validation error"
    else:
        reason = few_images.too_few(held_out, "to choose a run by")
    if reason:
        return _by_method(table, places, f"{reason[0].upper()}{reason[1:]}")
    return _by_validation(table, places, measured, name)


def _only(table: ResultTable, row: str, column: str, run: FinishedRun, name: str) -> BestRun:
    """The run that is not compared with any other one."""
    among = f"one {name}" if name else "run"
    if len(table.runs) > 1 and not name:
        among = "run that lacks no fold"
    return BestRun(f"{_named(row, column, run)} is the only {among}.", _command(run))


def _by_validation(
    table: ResultTable, places: Sequence[Place], measured: Sequence[Place], name: str
) -> BestRun:
    """The run with the lowest validation error; of equal ones that of the lowest seed."""
    row, column, run = min(
        measured, key=lambda place: (place[2].result["validation_error"], place[2].seeds, place[0])
    )
    result, digits = run.result, cell_text.table_decimals(table)
    error, tested = (
        cell_text.format_share(result[f"{kind}_error"], digits, result[f"{kind}_images"])
        for kind in ("validation", "test")
    )
    among = name or "of all runs of this table"
    if len(places) < len(table.runs) and not name:
        among = "of all runs that are compared here"  # others lack folds
    if len(measured) < len(places):
        among = f"{name or 'of the runs'} that held-out labels did not tune"
    return BestRun(
        f"{_named(row, column, run)} has the lowest error on held-out images {among}, in percent "
        f"{error}, of {result['validation_images']:,} images. Test images had no part in this "
        f"choice: its error on {result['test_images']:,} of them is {tested}."
        f"{_tuned(table, places)}",
        _command(run),
    )


def _tuned(table: ResultTable, places: Sequence[Place]) -> str:
    """Which methods held-out labels tuned, so that these do not choose them, and their errors."""
    cells = dict.fromkeys((row, column) for row, column, run in places if run.tuned_by_held_out)
    texts = [
        f"{row} ({column}), in percent {_mean(table, row, column)} on the test images"
        for row, column in cells
    ]
    if not texts:
        return ""
    return f" Not among these, because held-out labels tuned it: {'; '.join(texts)}."


def _mean(table: ResultTable, row: str, column: str) -> str:
    digits = cell_text.table_decimals(table)
    return cell_text.format_error(table.cell(row, column), "test_error", digits)


def _by_method(table: ResultTable, places: Sequence[Place], reason: str) -> BestRun:
    """The run of the lowest seed of the method with the lowest mean error on the test images."""
    row, column = _lowest_mean(table, places)
    own = [run for r, c, run in places if (r, c) == (row, column)]
    run = min(own, key=lambda one: one.seeds)
    seed = f"that of the lowest seed is taken, {seed_words(run)}, because nothing but chance"
    if len(_cells(places)) == 1:
        text = f"{reason}. Of the runs of {row} {seed} tells them apart."
        return BestRun(text, _command(run))
    of_seeds = f" Of its runs {seed} tells seeds apart." if len(own) > 1 else ""
    return BestRun(
        f"{reason}, so nothing but the test images tells which method is best. On them {row} "
        f"({column}) has the lowest mean error, in percent {_mean(table, row, column)}.{of_seeds} "
        "The error is slightly optimistic: the test images have chosen the method.",
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
    return BestRun(
        f"{row} ({column}) has the lowest error over all folds, in percent "
        f"{_mean(table, row, column)}. It is slightly optimistic, because the tested images have "
        f"chosen the method. {advice}",
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
    program = "python -m export.export_main"
    folder = plain_text.shell_word(f"--run={run.folder}")
    return f"{program} {folder} --to=served/{_model_name(run.result['dataset'])}"


def _model_name(dataset: str) -> str:
    """A name of a folder for a data set: that of its own folder or file, without odd signs."""
    place = pathlib.PurePath(dataset.rpartition(":")[2])
    name = place.stem if ":" in dataset else dataset
    return _NO_NAME.sub("-", name).strip(".-") or "model"
