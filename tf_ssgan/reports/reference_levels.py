"""What a method must beat to be of use: guessing, and a linear classifier of the same labels.

Results have both (`training.result_contents`); those of older runs have neither.
"""

import collections
import dataclasses
import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from tf_ssgan import papers
from tf_ssgan.metrics import intervals, significance
from tf_ssgan.metrics.across_seeds import MIN_SPLITS, MeanOverSeeds, paired_difference
from tf_ssgan.metrics.significance import SIGNIFICANT
from tf_ssgan.reports import cell_text
from tf_ssgan.reports.finished_runs import FinishedRun
from tf_ssgan.reports.result_table import ResultCell, ResultTable, split_of, values_by_split
from tf_ssgan.training import verdicts

GUESSING, LINEAR = "always the commonest class", "linear classifier"


@dataclasses.dataclass(frozen=True)
class Guess:
    """The error of always answering one class.

    Attributes:
        name: The class.
        error: In percent of the test images.
        images: Number of test images.
    """

    name: str
    error: float
    images: int


@dataclasses.dataclass(frozen=True)
class Linear:
    """The errors of the linear classifier in a column.

    Attributes:
        by_split: Split -> its error in percent; one value for each.
        images: Number of test images.
        kinds: What it is and what it sees, in words: one for all runs, usually.
    """

    by_split: Mapping[Any, list[float]]
    images: int
    kinds: tuple[str, ...]

    @property
    def mean(self) -> MeanOverSeeds:
        """Its mean over the splits."""
        return MeanOverSeeds(tuple(statistics.fmean(own) for own in self.by_split.values()))


def guess(table: ResultTable, column: str) -> Guess | None:
    """What guessing gives on the test images of a column; None if not known, or not one number."""
    found = {
        (saved["name"], saved["error"], run.result["test_images"])
        for run in _runs(table, column)
        if (saved := run.result.get("guessing"))
    }
    return Guess(*found.pop()) if len(found) == 1 else None


def linear(table: ResultTable, column: str) -> Linear | None:
    """What the linear classifier gives in a column; None if no run has it.

    Also None in a paper's table whose column has runs on test images of different numbers.
    """
    runs = [run for run in _runs(table, column) if run.result.get("linear")]
    images = {run.result["test_images"] for run in runs}
    if len(images) != 1:
        return None
    by_split = collections.defaultdict(list)
    for run in runs:
        by_split[split_of(run)].append(run.result["linear"]["error"])
    kinds = (f"{run.result['linear']['model']} on {run.result['linear']['features']}"
             for run in runs)  # fmt: skip
    return Linear(dict(sorted(by_split.items())), images.pop(), tuple(dict.fromkeys(kinds)))


def rows(table: ResultTable) -> dict[str, dict[str, str]]:
    """The rows below the methods: name -> column -> text. A row without any number is left out."""
    if not cell_text.is_error_or_accuracy(table):
        return {}
    texts = {
        GUESSING: {column: _guess_text(table, column) for column in table.columns},
        LINEAR: {column: _linear_text(table, column) for column in table.columns},
    }
    return {name: own for name, own in texts.items() if set(own.values()) != {cell_text.EMPTY}}


def levels(table: ResultTable, column: str) -> dict[str, float]:
    """Name -> error in percent, for lines in the charts of a column."""
    by_guess, by_linear = guess(table, column), linear(table, column)
    found = {GUESSING: by_guess.error} if by_guess else {}
    return found | ({LINEAR: by_linear.mean.mean} if by_linear else {})


def describe(table: ResultTable) -> Iterator[str]:
    """What the rows below the methods are, in one sentence for each."""
    names = rows(table)
    if GUESSING in names:
        yield f"“{GUESSING}” is the answer that is most often right on the test images."
    if LINEAR in names:
        own = (linear(table, column) for column in table.columns)
        kinds = dict.fromkeys(kind for one in own if one for kind in one.kinds)
        yield f"“{LINEAR}” learned from the same labels: {' or '.join(kinds)}."


def compare(table: ResultTable, column: str) -> Iterator[str]:
    """Which methods beat the linear classifier and guessing, in a sentence for each of the two.

    Only errors of the last step are compared: the others are not of the weights that a run keeps.
    """
    if table.measure != papers.QUANTITIES["test_error"] or table.number != "test_error":
        return
    cells = {row: table.cell(row, column) for row in table.rows}
    cells = {row: cell for row, cell in cells.items() if cell.runs and not cell.lacks_folds}
    digits = cell_text.table_decimals(table)
    if by_linear := linear(table, column):
        clauses = [_clause(row, cell, by_linear, digits) for row, cell in cells.items()]
        mean = cell_text.format_mean(by_linear.mean, digits, by_linear.images)
        yield f"{column}: the linear classifier has {mean}. {'; '.join(filter(None, clauses))}."
    if by_guess := guess(table, column):
        yield from _compare_guess(column, cells, by_guess, digits)


def _runs(table: ResultTable, column: str) -> list[FinishedRun]:
    """The runs of a column that are whole."""
    runs = (run for row in table.rows for run in table.cell(row, column).runs)
    return [run for run in runs if not run.missing_folds]


def _as_measured(table: ResultTable, error: float) -> float:
    return 100 - error if table.measure == papers.QUANTITIES["accuracy"] else error


def _guess_text(table: ResultTable, column: str) -> str:
    found, digits = guess(table, column), cell_text.table_decimals(table)
    if found is None:
        return cell_text.EMPTY
    share = cell_text.format_share(_as_measured(table, found.error), digits, found.images)
    return f"{share}, “{found.name}”"


def _linear_text(table: ResultTable, column: str) -> str:
    found, digits = linear(table, column), cell_text.table_decimals(table)
    if found is None:
        return cell_text.EMPTY
    mean = MeanOverSeeds(tuple(_as_measured(table, error) for error in found.mean.values))
    return cell_text.format_mean(mean, digits, found.images)


def _clause(row: str, cell: ResultCell, theirs: Linear, digits: int) -> str:
    """Whether a method beats the linear classifier; empty if their splits differ.

    Three splits tell them apart as they do methods. On fewer, McNemar's test on the test images
    tells whether these trained networks are better, as in the summary of a run.
    """
    images = cell.test_images, theirs.images
    paired = paired_difference(values_by_split(cell), theirs.by_split, images)
    if paired is None:
        return ""
    difference = cell_text.format_difference(paired, digits)
    if paired.differences.mean >= 0:
        return f"{row} does not beat it ({difference})"
    apart = paired.tells_apart
    if paired.differences.n < MIN_SPLITS:
        p = max((_linear_p(run) for run in cell.runs), default=1.0)
        apart = p < SIGNIFICANT
        shown = f"= {p:.2g}" if p >= 0.001 else "< 0.001"
        difference += f", McNemar's p {shown} on the test images"
    verb = "beats it" if apart else f"is {cell_text.NOT_TOLD_APART} from it"
    return f"{row} {verb} ({difference})"


def _linear_p(run: FinishedRun) -> float:
    """The p-value of a run's being better than the linear classifier; 1 if it is not."""
    test = run.result.get("linear")
    return test["p"] if test and test["only_run_right"] > test["only_linear_right"] else 1.0


def _compare_guess(
    column: str, cells: Mapping[str, ResultCell], guessed: Guess, digits: int
) -> Iterator[str]:
    """Names the methods that are not better than guessing; nothing if there are none."""
    level = f"always answering “{guessed.name}” ({guessed.error:.{digits}f})"
    for row, cell in cells.items():
        near = sum(not _beats_guess(run, guessed) for run in cell.runs)
        if cell.mean.mean >= guessed.error:
            yield f"{column}: {row} does not beat {level}."
        elif near:
            where = f" in {near} of {len(cell.runs)} runs" if len(cell.runs) > 1 else ""
            yield f"{column}: {row} is {cell_text.NOT_TOLD_APART} from {level}{where}."


def _beats_guess(run: FinishedRun, guessed: Guess) -> bool:
    """Whether McNemar's test on the test images tells a run apart from guessing, and it is better.

    Of an older run, whose counts are not known, the interval of the error tells.
    """
    counts = verdicts.against_guessing(run.result.get("class_recall") or (), guessed.name)
    if counts is None:
        return intervals.of_error(run.result["test_error"], guessed.images)[1] < guessed.error
    only_run, only_guess = counts
    return only_run > only_guess and significance.exact_p(*counts) < SIGNIFICANT
