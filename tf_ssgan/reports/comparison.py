"""Which method is ahead, in sentences that claim no more than the runs show."""

from collections.abc import Iterator

from tf_ssgan.common import few_images
from tf_ssgan.metrics.across_seeds import MIN_SPLITS, PairedDifference
from tf_ssgan.reports import cell_text, ranking, reference_levels
from tf_ssgan.reports.ranking import Ranking
from tf_ssgan.reports.result_table import ResultTable, compare_cells, values_by_split

AHEAD = "ahead"  # the mark of a row that is told apart from all others


def compare_methods(table: ResultTable) -> Iterator[str]:
    """Compares the best two methods of each column that has at least two, and all with guessing.

    Args:
        table: A table of errors or accuracies; other quantities are not compared.

    Yields:
        One to three sentences for each such column, then which methods do not beat the linear
        classifier of the same labels, and which are no better than guessing.
    """
    for column in table.columns:
        if ranked := _ranked(table, column):
            yield (
                _compare(table, column, ranked)
                if ranked.means
                else (f"{column}: no two rows have a split in common, so none can be compared.")
            )
        yield from reference_levels.compare(table, column)
        yield from _lacking_folds(table, column)


def _lacking_folds(table: ResultTable, column: str) -> Iterator[str]:
    """The rows that are not ranked because folds are missing."""
    for row in table.rows:
        if table.cell(row, column).lacks_folds:
            missing = sorted({k for run in table.cell(row, column).runs for k in run.missing_folds})
            folds = (
                f"fold {missing[0]} is"
                if len(missing) == 1
                else (f"folds {', '.join(map(str, missing))} are")
            )
            yield f"{column}: not compared with anything before {folds} finished too: {row}."


def mark_of_best(table: ResultTable, column: str) -> tuple[str, str] | None:
    """The row that ranks first in a column, and what may be said of it.

    Returns:
        The row, and `AHEAD` if it is told apart from all that are ranked, else "lowest" or
        "highest". None if no rows are ranked, if the first two are equal, or if a row that is not
        ranked has a better mean: on the splits that it shares with the first one, or else on its
        own.
    """
    ranked = _ranked(table, column)
    if not (ranked and ranked.means):
        return None
    best, second, *_ = ranked.means
    if any(_has_better_mean(table, column, row, best) for row in ranked.lacking):
        return None
    paired = _paired(table, column, best, second)
    if paired.differences.mean == 0:
        return None
    words = {"lower": "lowest", "higher": "highest"}
    return best, words[table.measure.better] if _near(table, column, ranked) else AHEAD


def _ranked(table: ResultTable, column: str) -> Ranking | None:
    """The ranks of a column; None without two rows, and for tables without errors."""
    if not cell_text.is_error_or_accuracy(table):
        return None
    cells = {row: table.cell(row, column) for row in table.rows}
    ranked = ranking.rank(cells, table.measure.better)
    return ranked if len(ranked.means) + len(ranked.lacking) > 1 else None


def _near(table: ResultTable, column: str, ranked: Ranking) -> list[str]:
    """The ranked rows from which the best one is not told apart."""
    best, *others = ranked.means
    paired = {row: _paired(table, column, best, row) for row in others}
    return [row for row in others if not (paired[row] and paired[row].tells_apart)]


def _paired(table: ResultTable, column: str, one: str, two: str) -> PairedDifference | None:
    return compare_cells(table.cell(one, column), table.cell(two, column))


def _ahead_of(table: ResultTable, column: str, row: str, best: str) -> PairedDifference | None:
    """The difference of a row to the best one, if the row is ahead on the splits of both."""
    paired = _paired(table, column, row, best)
    sign = -1 if table.measure.better == "higher" else 1
    return paired if paired and sign * paired.differences.mean < 0 else None


def _has_better_mean(table: ResultTable, column: str, row: str, best: str) -> bool:
    """Whether a row has a better mean than the best one, on the splits of both if there are any."""
    if _paired(table, column, row, best):
        return _ahead_of(table, column, row, best) is not None
    splits = (values_by_split(table.cell(name, column)) for name in (row, best))
    own, theirs = (ranking.mean_over(values, values).mean for values in splits)
    return own > theirs if table.measure.better == "higher" else own < theirs


def _compare(table: ResultTable, column: str, ranked: Ranking) -> str:
    """The best method, the second best, their difference, and who is not ranked."""
    digits = cell_text.table_decimals(table)
    best, second, *_ = ranked.means
    means = {row: _mean(table, column, ranked, row) for row in (best, second)}
    paired = _paired(table, column, best, second)
    who = f"{best} has {means[best]}, {second} comes next with {means[second]}"
    if paired.differences.mean == 0:
        kind = "accuracy" if table.measure.better == "higher" else "error"
        who = f"{best} and {second} have the same {kind}, {means[best]}"
    where = f"{column}{_which_splits(table, column, ranked)}"
    text = f"{where}: {who}: {_difference(paired, digits)}"
    near = _near(table, column, ranked)
    if near and second not in near:
        text += f" {best} is not told apart from {' and '.join(near)}."
    return text + _not_ranked(table, column, ranked) + _held_out(table, column, ranked)


def _mean(table: ResultTable, column: str, ranked: Ranking, row: str) -> str:
    """A ranked mean; that of a single run with its interval."""
    cell, mean = table.cell(row, column), ranked.means[row]
    one_run_each = len(cell.runs) == len(values_by_split(cell))
    digits = cell_text.table_decimals(table)
    return cell_text.format_mean(mean, digits, cell.test_images if one_run_each else 0)


def _which_splits(table: ResultTable, column: str, ranked: Ranking) -> str:
    """Which splits the means are of, if a ranked row has others too; else empty."""
    own = (values_by_split(table.cell(row, column)) for row in ranked.means)
    if all(len(values) == len(ranked.splits) for values in own):
        return ""
    return f", on the {_count(len(ranked.splits))} that they share"


def _difference(paired: PairedDifference, digits: int) -> str:
    """The difference of two rows, and whether it tells them apart."""
    if paired.differences.n == 1:
        return "one split is not enough to distinguish them."
    text = f"{cell_text.format_difference(paired, digits)} on the same splits"
    if paired.differences.n < MIN_SPLITS:
        return f"{text}; two splits are not enough to distinguish them."
    return f"{text}{'' if paired.tells_apart else ', which is not enough to distinguish them'}."


def _not_ranked(table: ResultTable, column: str, ranked: Ranking) -> str:
    """The rows that lack some of the splits, and those of them that are ahead on the others."""
    if not ranked.lacking:
        return ""
    best, digits = next(iter(ranked.means)), cell_text.table_decimals(table)
    parts = []
    for row, count in ranked.lacking.items():
        text = _how_many(count, len(ranked.splits))
        if count and (paired := _ahead_of(table, column, row, best)):
            text += f", {_short_difference(paired, digits)} to {best} there"
        parts.append(f"{row} ({text})")
    return f" Not ranked: {', '.join(parts)}."


def _how_many(count: int, splits: int) -> str:
    """How many of the splits of a ranking a row has that lacks some."""
    if splits == 1:
        return "not on this split"
    return f"{f'only {count}' if count else 'none'} of these {_count(splits)}"


def _short_difference(paired: PairedDifference, digits: int) -> str:
    """A difference; its interval only if there are enough splits to distinguish two rows."""
    if paired.differences.n < MIN_SPLITS:
        return cell_text.format_signed(paired.differences.mean, digits)
    return cell_text.format_difference(paired, digits)


def _count(splits: int) -> str:
    return f"{splits:,} split{'' if splits == 1 else 's'}"


def _held_out(table: ResultTable, column: str, ranked: Ranking) -> str:
    """Which ranked row held-out images would have selected; empty if they do not apply.

    They apply to the errors of the last step, if all these runs have validation errors. Those of
    few images select none. Rows that held-out labels tuned are not measured by them.
    """
    runs = {row: table.cell(row, column).runs for row in ranked.means}
    tuned = [row for row in runs if any(run.tuned_by_held_out for run in runs[row])]
    rows = [row for row in runs if row not in tuned]
    validation = {row: values_by_split(table.cell(row, column), "validation_error") for row in rows}
    if table.number != "test_error" or not all(validation.values()):
        return ""
    not_measured = f" Held-out labels tuned {' and '.join(tuned)}: they do not measure"
    if len(rows) < 2:
        return f"{not_measured} it." if len(tuned) == 1 else f"{not_measured} them."
    fewest = min(run.result["validation_images"] for row in rows for run in runs[row])
    if few := few_images.too_few(fewest, "to select one"):
        return f" {few[0].upper()}{few[1:]}."
    but = f"; they do not measure {' and '.join(tuned)}, which their labels tuned" if tuned else ""
    means = {row: ranking.mean_over(own, ranked.splits).mean for row, own in validation.items()}
    chosen = [row for row in means if means[row] == min(means.values())]
    if len(chosen) > 1:
        return f" Held-out images do not distinguish {' from '.join(chosen)}{but}."
    if chosen == [next(iter(ranked.means))]:
        return f" Held-out images would have selected it too{but}."
    mean = _mean(table, column, ranked, chosen[0])
    return f" Held-out images would have selected {chosen[0]}, {mean}{but}."
