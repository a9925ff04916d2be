"""Cells and tables as text, the same in every format of a report."""

import statistics
from collections.abc import Iterator

from tf_ssgan import papers
from tf_ssgan.metrics import intervals
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference
from tf_ssgan.reports.result_table import ResultCell, ResultTable

EMPTY = "–"
NOT_TOLD_APART = "not told apart"


def filled_cells(table: ResultTable) -> Iterator[tuple[str, str, ResultCell]]:
    """The cells with runs or a published number: (row, column, cell), row by row."""
    for row in table.rows:
        for column in table.columns:
            cell = table.cell(row, column)
            if cell.runs or cell.published:
                yield row, column, cell


def format_mean(mean: MeanOverSeeds | None, decimals: int, images: int = 0) -> str:
    """5.1 ± 0.4 (3): mean, standard deviation and number of seeds; or 5.1 [3.5, 7.4] (1).

    Args:
        mean: The mean; None gives a dash.
        decimals: Digits behind the point.
        images: Test images that a single value is a share of, whose 95 % interval is shown; 0 if
            it is not a share.
    """
    if mean is None:
        return EMPTY
    if mean.std is not None:
        return f"{mean.mean:.{decimals}f} ± {mean.std:.{decimals}f} ({mean.n})"
    return f"{format_share(mean.mean, decimals, images)} (1)"


def format_share(percent: float, decimals: int, images: int) -> str:
    """5.1 [3.5, 7.4]: a share of images and its 95 % interval; without images the value alone."""
    text = f"{percent:.{decimals}f}"
    if not images:
        return text
    low, high = intervals.of_error(percent, images)
    return f"{text} [{low:.{decimals}f}, {high:.{decimals}f}]"


def format_cell(cell: ResultCell, decimals: int) -> str:
    """The number of a cell, see `format_mean`."""
    return format_mean(cell.mean, decimals, cell.test_images)


def format_error(cell: ResultCell, name: str, decimals: int) -> str:
    """The mean of an error of its runs by its key in `result.json`, see `format_mean`."""
    images = cell.runs[0].result["test_images"] if cell.runs else 0
    if name == "test_error_median20":  # of several classifiers, so it has no interval
        images = 0
    return format_mean(mean_error(cell, name), decimals, images)


def format_published(cell: ResultCell) -> str:
    """13.41 ± 0.20, with the digits of the paper; an asterisk if our runs had other images."""
    if cell.published is None:
        return EMPTY
    values = [v for v in (cell.published.value, cell.published.spread) if v is not None]
    digits = max(len(repr(float(value)).partition(".")[2]) for value in values)
    text = " ± ".join(f"{value:.{digits}f}" for value in values)
    return f"{text}{'*' if cell.other_images else ''}"


def format_signed(value: float | None, decimals: int) -> str:
    """+1.2 or −1.2."""
    return EMPTY if value is None else f"{value:+.{decimals}f}".replace("-", "−")


def format_paired(paired: PairedDifference | None, decimals: int, better: str = "lower") -> str:
    """−10.4 [−13.4, −7.4], 3 of 3 lower: paired difference, its 95 % interval, and a count.

    Where the splits do not tell both apart, it says so.
    """
    if paired is None:
        return EMPTY
    return f"{format_difference(paired, decimals)}, {format_count_ahead(paired, better)}"


def format_difference(paired: PairedDifference, decimals: int) -> str:
    """−10.4 [−13.4, −7.4]: the mean difference, and its interval if it has one."""
    differences = paired.differences
    text = format_signed(differences.mean, decimals)
    if (half := paired.half_width) is not None:
        low, high = differences.mean - half, differences.mean + half
        text += f" [{format_signed(low, decimals)}, {format_signed(high, decimals)}]"
    return text


def format_count_ahead(paired: PairedDifference, better: str) -> str:
    """3 of 3 lower; 3 of 3 higher if higher values are better; or 1 of 1 lower, not told apart."""
    higher = better == "higher"
    ahead = paired.more if higher else paired.fewer
    text = f"{ahead} of {paired.differences.n} {'higher' if higher else 'lower'}"
    return text if paired.tells_apart else f"{text}, {NOT_TOLD_APART}"


def table_decimals(table: ResultTable) -> int:
    """1 if one decimal shows all digits of the table's numbers, else 2."""
    values = [value for *_, cell in filled_cells(table) for value in cell.values]
    values += [cell.published.value for *_, cell in filled_cells(table) if cell.published]
    return 1 if all(abs(value - round(value, 1)) < 1e-6 for value in values) else 2


def median_seconds(cell: ResultCell) -> float | None:
    """The median training time of its runs, in seconds."""
    values = [part.result["seconds"] for run in cell.runs for part in run.parts]
    return statistics.median(values) if values else None


def steps_per_run(cell: ResultCell) -> int | None:
    """The steps of its runs, which all have the same number."""
    return cell.runs[0].result["steps"] if cell.runs else None


def mean_error(cell: ResultCell, name: str) -> MeanOverSeeds | None:
    """The mean of an error of its runs, in percent, by its key in `result.json`."""
    values = tuple(run.result[name] for run in cell.runs)
    return MeanOverSeeds(values) if values and None not in values else None


def quantity_label(table: ResultTable) -> str:
    """What the numbers of a table are, with their unit."""
    unit = f" ({table.measure.unit})" if table.measure.unit else ""
    return f"{table.measure.label}{unit}"


def is_error_or_accuracy(table: ResultTable) -> bool:
    """Whether the numbers of a table are errors or accuracies."""
    return table.measure in (papers.QUANTITIES["test_error"], papers.QUANTITIES["accuracy"])
