"""Cells and tables in words and figures, the same in every form of a report."""

import statistics
from collections.abc import Iterator, Sequence

from tf_ssgan import papers
from tf_ssgan.metrics.across_seeds import MeanOverSeeds, PairedDifference
from tf_ssgan.reports.finished_runs import ERROR_COLUMNS
from tf_ssgan.reports.result_table import ResultCell, ResultTable

EMPTY = "–"


def filled(sheet: ResultTable) -> Iterator[tuple[str, str, ResultCell]]:
    """The cells with runs or a printed number: (row, column, cell), row by row."""
    for row in sheet.rows:
        for column in sheet.columns:
            cell = sheet.cell(row, column)
            if cell.records or cell.printed:
                yield row, column, cell


def mean(found: MeanOverSeeds | None, decimals: int) -> str:
    """5.1 ± 0.4 (3): mean, standard deviation and number of seeds; or 5.1 (1)."""
    if found is None:
        return EMPTY
    spread = "" if found.std is None else f" ± {found.std:.{decimals}f}"
    return f"{found.mean:.{decimals}f}{spread} ({found.n})"


def printed(cell: ResultCell) -> str:
    """What a paper has, with its digits: 13.41 ± 0.20; an asterisk where ours had other images."""
    if cell.printed is None:
        return EMPTY
    values = [value for value in (cell.printed.value, cell.printed.spread) if value is not None]
    digits = max(len(repr(float(value)).partition(".")[2]) for value in values)
    told = " ± ".join(f"{value:.{digits}f}" for value in values)
    return f"{told}{'*' if cell.other_images else ''}"


def signed(value: float | None, decimals: int) -> str:
    """+1.2 or −1.2."""
    return EMPTY if value is None else f"{value:+.{decimals}f}".replace("-", "−")


def against(found: PairedDifference | None, decimals: int, better: str = "lower") -> str:
    """−10.4 [−13.4, −7.4], 3 of 3 lower: paired difference, its 95 % interval, and how many."""
    if found is None:
        return EMPTY
    return f"{difference(found, decimals)}, {how_many(found, better)}"


def difference(found: PairedDifference, decimals: int) -> str:
    """−10.4 [−13.4, −7.4]: the mean difference, and its interval where there is one."""
    differences = found.differences
    told = signed(differences.mean, decimals)
    if (half := differences.half_width) is not None:
        low, high = differences.mean - half, differences.mean + half
        told += f" [{signed(low, decimals)}, {signed(high, decimals)}]"
    return told


def how_many(found: PairedDifference, better: str) -> str:
    """3 of 3 lower, or higher where that is what is wished for."""
    higher = better == "higher"
    ahead = found.more if higher else found.fewer
    return f"{ahead} of {found.differences.n} {'higher' if higher else 'lower'}"


def decimals(sheet: ResultTable) -> int:
    """1 where that says all that the sheet's numbers hold, else 2."""
    values = [value for *_, cell in filled(sheet) for value in cell.values]
    values += [cell.printed.value for *_, cell in filled(sheet) if cell.printed]
    return 1 if all(abs(value - round(value, 1)) < 1e-6 for value in values) else 2


def seconds(cell: ResultCell) -> float | None:
    """How long a run took, in seconds; the median."""
    known = [record.result.get("seconds") for record in cell.records]
    known = [value for value in known if isinstance(value, (int, float))]
    return statistics.median(known) if known else None


def steps(cell: ResultCell) -> int | None:
    """How many steps its runs have, which all share."""
    return cell.records[0].result["steps"] if cell.records else None


def number(cell: ResultCell, name: str) -> MeanOverSeeds | None:
    """Another of the runs' errors in percent, by its key in `result.json`."""
    values = tuple(record.result.get(name) for record in cell.records)
    known = values and all(isinstance(value, (int, float)) for value in values)
    return MeanOverSeeds(values) if known else None


def label(sheet: ResultTable) -> str:
    """What the numbers of a table are, with their unit."""
    unit = f" ({sheet.measure.unit})" if sheet.measure.unit else ""
    return f"{sheet.measure.label}{unit}"


def of_errors(sheet: ResultTable) -> bool:
    """Whether the numbers of a table are a run's errors, or what is left of them."""
    return sheet.measure in (papers.QUANTITIES["test_error"], papers.QUANTITIES["accuracy"])


def about(sheet: ResultTable) -> list[str]:
    """What a reader must know of a table, a sentence or two each."""
    better = f", {sheet.measure.better} is better" if sheet.measure.better else ""
    which = f"; {_which(sheet.number)}" if of_errors(sheet) else ""
    lines = [f"{label(sheet)}{better}{which}; mean ± standard deviation over seeds (n)."]
    lines += [*_published(sheet), *_budgets(sheet)]
    if any(cell.other_images for *_, cell in filled(sheet)):
        lines.append(
            "*Not the images of the published number: these runs had another part of the data set."
        )
    if sheet.baseline and any(cell.paired for *_, cell in filled(sheet)):
        lines.append(
            f"Against {sheet.baseline}: differences between runs of the same split seed, mean, "
            "95 % interval of the mean (Student's t), and how many are ahead."
        )
    return lines + ([sheet.note] if sheet.note else [])


def _which(number: str) -> str:
    """Of which weights a number is, and when."""
    return ERROR_COLUMNS[number] if "raw" in number else f"shipped weights, {ERROR_COLUMNS[number]}"


def _published(sheet: ResultTable) -> Iterator[str]:
    """Whose the printed numbers are, and what the differences to them are of."""
    printed = [cell.printed for *_, cell in filled(sheet) if cell.printed]
    if sources := ([sheet.source] if sheet.source else dict.fromkeys(p.source for p in printed)):
        yield f"Published: {'; '.join(sources)}."
    others = sorted({p.number for p in printed} - {sheet.number})
    if others and of_errors(sheet):
        told = " or ".join(_which(number) for number in others)
        yield f"Differences are of what the paper reports, where that is another number: {told}."


def _budgets(sheet: ResultTable) -> Iterator[str]:
    """How long the runs were, and which budget that is."""
    cells = [cell for *_, cell in filled(sheet) if cell.records]
    if not cells:
        return
    budgets = {cell.budget for cell in cells}
    name = f"Budget {budgets.pop()}" if len(budgets) == 1 and "" not in budgets else "Length"
    told = [f"{_range([steps(cell) for cell in cells], ',')} steps a run"]
    epochs = [r.result["epochs"] for c in cells for r in c.records if r.result.get("epochs")]
    if epochs:
        told.append(f"{_range(epochs, '.3g')} passes over the images")
    yield f"{name}: {', '.join(told)}."


def _range(values: Sequence[float], form: str) -> str:
    """The least and the greatest; one where they are written alike."""
    return " to ".join(dict.fromkeys((f"{min(values):{form}}", f"{max(values):{form}}")))
