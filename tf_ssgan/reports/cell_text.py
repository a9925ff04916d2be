"""Cells and tables as text, the same in every format of a report."""

import statistics
from collections.abc import Iterator, Sequence

from tf_ssgan import papers
from tf_ssgan.common import counts, few_images
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference
from tf_ssgan.reports import run_code
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS
from tf_ssgan.reports.result_table import ResultCell, ResultTable

EMPTY = "–"


def filled_cells(table: ResultTable) -> Iterator[tuple[str, str, ResultCell]]:
    """The cells with runs or a published number: (row, column, cell), row by row."""
    for row in table.rows:
        for column in table.columns:
            cell = table.cell(row, column)
            if cell.runs or cell.published:
                yield row, column, cell


def format_mean(mean: MeanOverSeeds | None, decimals: int) -> str:
    """5.1 ± 0.4 (3): mean, standard deviation and number of seeds; or 5.1 (1)."""
    if mean is None:
        return EMPTY
    spread = "" if mean.std is None else f" ± {mean.std:.{decimals}f}"
    return f"{mean.mean:.{decimals}f}{spread} ({mean.n})"


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
    """−10.4 [−13.4, −7.4], 3 of 3 lower: paired difference, its 95 % interval, and a count."""
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
    """3 of 3 lower; or 3 of 3 higher if higher values are better."""
    higher = better == "higher"
    ahead = paired.more if higher else paired.fewer
    return f"{ahead} of {paired.differences.n} {'higher' if higher else 'lower'}"


def table_decimals(table: ResultTable) -> int:
    """1 if one decimal shows all digits of the table's numbers, else 2."""
    values = [value for *_, cell in filled_cells(table) for value in cell.values]
    values += [cell.published.value for *_, cell in filled_cells(table) if cell.published]
    return 1 if all(abs(value - round(value, 1)) < 1e-6 for value in values) else 2


def median_seconds(cell: ResultCell) -> float | None:
    """The median training time of its runs, in seconds."""
    values = [run.result["seconds"] for run in cell.runs]
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


def describe_table(table: ResultTable) -> list[str]:
    """What a reader must know of a table, in lines of one or two sentences."""
    better = f", {table.measure.better} is better" if table.measure.better else ""
    weights = f"; {_describe_number(table.number)}" if is_error_or_accuracy(table) else ""
    lines = [f"{quantity_label(table)}{better}{weights}; mean ± standard deviation over seeds (n)."]
    lines += [*_describe_published(table), *_describe_budgets(table)]
    lines += [run_code.describe_code(table.runs)] if table.runs else []
    if any(cell.other_images for *_, cell in filled_cells(table)):
        lines.append(
            "*Not the images of the published number: these runs had another part of the data set."
        )
    lines += describe_few_images(table)
    if table.baseline and any(cell.paired for *_, cell in filled_cells(table)):
        lines.append(_describe_differences(table))
    return lines + ([table.note] if table.note else [])


def _describe_differences(table: ResultTable) -> str:
    """What the differences to the baseline and their intervals are."""
    shares = any(cell.test_images for *_, cell in filled_cells(table))
    floor = ", but no narrower than the binomial errors of both on the test images" * shares
    return (
        f"Against {table.baseline}: differences between runs of the same split seed, mean, 95 % "
        f"interval of the mean (Student's t over the splits{floor}), and how many are ahead. Fewer "
        "than three splits are not enough to distinguish two methods."
    )


def describe_few_images(table: ResultTable) -> list[str]:
    """What the images of its runs are too few for, in sentences."""
    return [*_describe_lacking(table), *_describe_missing(table)]


def _describe_lacking(table: ResultTable) -> Iterator[str]:
    """The runs without a best step, whose held-out images are too few to choose one."""
    if not (is_error_or_accuracy(table) and "at_best_validation" in table.number):
        return
    lacking = [run for cell in table.cells.values() for run in cell.lacking]
    counts = sorted({run.result["validation_images"] for run in lacking})
    reasons = [few_images.why_no_best(count) for count in counts]
    if reasons := [reason for reason in reasons if reason]:
        yield f"{len(lacking):,} run(s) are left out: {' or '.join(reasons)}."


def _describe_missing(table: ResultTable) -> Iterator[str]:
    """The classes that runs could not learn, and those of which their test images show nothing."""
    unknown = [tuple(run.result.get("classes_without_labels", ())) for run in table.runs]
    if len(different := {*unknown} - {()}) > 1:  # each split leaves out others
        lacking = counts.say(sum(map(bool, unknown)), "run", "have no labeled image of some class")
        yield f"{lacking}: the classifier does not know it."
        different = set()
    untested = dict.fromkeys(tuple(run.result["classes_without_test_images"]) for run in table.runs)
    texts = [*map(few_images.not_learned, different), *map(few_images.untested, untested)]
    yield from (f"{text[0].upper()}{text[1:]}." for text in texts if text)


def _describe_number(number: str) -> str:
    """The weights that a number of a run belongs to, and the step."""
    column = ERROR_COLUMNS[number]
    return column if "raw" in number else f"exported weights, {column}"


def _describe_published(table: ResultTable) -> Iterator[str]:
    """The sources of the published numbers, and which numbers the differences compare."""
    published = [cell.published for *_, cell in filled_cells(table) if cell.published]
    sources = [table.source] if table.source else dict.fromkeys(p.source for p in published)
    if sources:
        yield f"Published: {'; '.join(sources)}."
    if published and (scale := table.measure.published_scale):
        yield f"Published numbers are measured {scale}: no difference to them is formed."
    others = sorted({p.number for p in published} - {table.number})
    if others and is_error_or_accuracy(table):
        text = " or ".join(_describe_number(number) for number in others)
        yield f"Differences to published numbers are of the number that the paper reports: {text}."


def _describe_budgets(table: ResultTable) -> Iterator[str]:
    """The length of the runs, and the budget that has this length."""
    cells = [cell for *_, cell in filled_cells(table) if cell.runs]
    if not cells:
        return
    budgets = {cell.budget for cell in cells}
    name = f"Budget {budgets.pop()}" if len(budgets) == 1 and "" not in budgets else "Length"
    lengths = [f"{_format_range([steps_per_run(cell) for cell in cells], ',')} steps per run"]
    epochs = [r.result["epochs"] for c in cells for r in c.runs if r.result["epochs"]]
    if epochs:
        lengths.append(f"{_format_range(epochs, '.3g')} passes over the images")
    yield f"{name}: {', '.join(lengths)}."


def _format_range(values: Sequence[float], spec: str) -> str:
    """5 to 9: the smallest and the largest value; one of them if both look the same."""
    return " to ".join(dict.fromkeys((f"{min(values):{spec}}", f"{max(values):{spec}}")))
