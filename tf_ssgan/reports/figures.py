"""Which charts a table has."""

import collections
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from tf_ssgan.reports import by_protocol, cell_text, svg_charts
from tf_ssgan.reports.finished_runs import FinishedRun
from tf_ssgan.reports.result_table import ResultCell, ResultTable

Titled = Iterator[tuple[str, str]]


def of(sheet: ResultTable) -> Titled:
    """The charts of a table; of a figure that is one itself, that chart alone.

    Args:
        sheet: The table.

    Yields:
        Title and `svg` element, drawn when asked for.
    """
    kinds: dict[str, Callable[[ResultTable], Titled]] = {
        "label_curves": _label_charts,
        "dots": _dot_charts,
        "learning_curves": _learning_charts,
        "noise_curves": _noise_charts,
    }
    named = [kind for kind in kinds if kind in sheet.shows]
    return itertools.chain.from_iterable(kinds[kind](sheet) for kind in named or kinds)


def _columns(sheet: ResultTable) -> Iterator[tuple[str, dict[str, ResultCell]]]:
    """The columns with runs, and their cells that have some."""
    for column in sheet.columns:
        cells = {row: cell for row in sheet.rows if (cell := sheet.cell(row, column)).records}
        if cells:
            yield column, cells


def _label_charts(sheet: ResultTable) -> Titled:
    """Each method over the number of labels, where nothing else tells the columns apart.

    Figure 7 of Dravid et al. (2022).
    """
    series = collections.defaultdict(lambda: collections.defaultdict(list))
    others = set()
    for row, _, cell in cell_text.filled(sheet):
        for record, value in zip(cell.records, cell.values, strict=True):
            series[row][record.protocol["labels"]].append(value)
            others.add(str({k: v for k, v in record.protocol.items() if k != "labels"}))
    labels = {count for values in series.values() for count in values}
    if len(others) == 1 and len(labels) > 2 and min(labels) > 0:
        title = "by number of labels"
        yield title, svg_charts.curves(series, title, "labels", cell_text.label(sheet), log=True)


def _dot_charts(sheet: ResultTable) -> Titled:
    """Every run as a dot, a chart a column; of columns with something to compare."""
    for column, cells in _columns(sheet):
        printed = {row: cell.printed.value for row, cell in cells.items() if cell.printed}
        values = {row: cell.values for row, cell in cells.items()}
        if printed or sum(map(len, values.values())) > 1:
            yield column, svg_charts.dots(values, printed, column, cell_text.label(sheet))


def _learning_charts(sheet: ResultTable) -> Titled:
    """Test error over the steps, a chart a column."""
    for column, cells in _columns(sheet):
        learned = {row: _over(cell.records, "step") for row, cell in cells.items()}
        if learned := {row: values for row, values in learned.items() if values}:
            yield column, svg_charts.curves(learned, column, "step", "test error (%)")


def _noise_charts(sheet: ResultTable) -> Titled:
    """For each method with several shares of wrong labels, accuracy over the epochs.

    Figure 4 of Jiang, Zhang and Liu (2019).
    """
    rows = [
        (row, r) for row in sheet.rows for c in sheet.columns for r in sheet.cell(row, c).records
    ]
    names = by_protocol.named_without_noise([record for _, record in rows])
    alike = collections.defaultdict(lambda: collections.defaultdict(list))
    for (row, record), name in zip(rows, names, strict=True):
        protocol = record.protocol
        share = protocol["noise_rate"], -protocol["clean_fraction"], by_protocol.noise(protocol)
        alike[row, protocol["dataset"], name][share].append(record)
    for (row, _, name), shares in alike.items():
        errors = {share[-1]: _over(shares[share], "epoch") for share in sorted(shares)}
        if len(errors) > 1 and all(errors.values()):
            right = {
                told: {x: [100 - value for value in values] for x, values in found.items()}
                for told, found in errors.items()
            }
            title = ", ".join(filter(None, (row, name, "label noise")))
            yield title, svg_charts.curves(right, title, "epoch", "test accuracy (%)")


def _over(records: Sequence[FinishedRun], across: str) -> Mapping[float, list[float]]:
    """Test errors of all runs where all of them were evaluated; empty where that is nowhere."""
    found = [{line[across]: line["test_error"] for line in r.history} for r in records]
    shared = set.intersection(*map(set, found)) if found else set()
    return {x: [curve[x] for curve in found] for x in sorted(shared)}
