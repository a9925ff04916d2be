"""The charts of a table."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tf_ssgan import papers
from tf_ssgan.reports import by_protocol, cell_text, reference_levels, svg_charts
from tf_ssgan.reports.finished_runs import FinishedRun
from tf_ssgan.reports.result_table import ResultCell, ResultTable

Charts = Iterator[tuple[str, str]]
Curve = Mapping[float, list[float]]  # x -> the value of each run there
Share = tuple[float, float, str]  # of wrong labels: rate, minus the clean fraction, in words


def table_charts(table: ResultTable) -> Charts:
    """The charts of a table; if it is a figure with one kind of chart, only these.

    Args:
        table: The table.

    Yields:
        Title and `svg` element. A chart is drawn when it is asked for.
    """
    kinds: dict[str, Callable[[ResultTable], Charts]] = {
        "label_curves": _label_charts,
        "noise_curves": _noise_charts,
        "dots": _dot_charts,
        "learning_curves": _learning_charts,
    }
    shown = [kind for kind in kinds if kind in table.shows]
    return itertools.chain.from_iterable(kinds[kind](table) for kind in shown or kinds)


def _filled_columns(table: ResultTable) -> Iterator[tuple[str, dict[str, ResultCell]]]:
    """The columns that have runs, each with its cells that have runs."""
    for column in table.columns:
        cells = {row: cell for row in table.rows if (cell := table.cell(row, column)).runs}
        if cells:
            yield column, cells


def _label_charts(table: ResultTable) -> Charts:
    """Each method over the number of labels, if the columns differ in nothing else.

    Figure 7 of Dravid et al. (2022).
    """
    series = collections.defaultdict(lambda: collections.defaultdict(list))
    others = set()
    for row, _, cell in cell_text.filled_cells(table):
        for run, value in zip(cell.runs, cell.values, strict=True):
            series[row][run.protocol["labels"]].append(value)
            others.add(str({k: v for k, v in run.protocol.items() if k != "labels"}))
    counts = {count for values in series.values() for count in values}
    if len(others) == 1 and len(counts) > 2 and min(counts) > 0:
        title, label = "by number of labels", cell_text.quantity_label(table)
        yield title, svg_charts.curves(series, title, "labels", label, log_x=True)


def _dot_charts(table: ResultTable) -> Charts:
    """Each run as a dot, a chart for each column that has something to compare."""
    for column, cells in _filled_columns(table):
        scale = table.measure.published_scale  # a number of another scale has no place here
        published = {r: c.published.value for r, c in cells.items() if c.published and not scale}
        values = {row: cell.values for row, cell in cells.items()}
        if published or sum(map(len, values.values())) > 1:
            label = cell_text.quantity_label(table)
            levels = _levels(table, column)
            yield column, svg_charts.dots(values, published, column, label, levels)


def _learning_charts(table: ResultTable) -> Charts:
    """Test error over the steps, a chart for each column."""
    for column, cells in _filled_columns(table):
        curves = {row: _error_curve(cell.runs, "step") for row, cell in cells.items()}
        if curves := {row: curve for row, curve in curves.items() if curve}:
            levels = reference_levels.levels(table, column)
            chart = svg_charts.curves(curves, column, "step", "test error (%)", levels=levels)
            yield column, chart


def _levels(table: ResultTable, column: str) -> dict[str, float]:
    """The levels of guessing and of the linear classifier, if a table is one of errors."""
    is_error = table.measure == papers.QUANTITIES["test_error"]
    return reference_levels.levels(table, column) if is_error else {}


def _noise_charts(table: ResultTable) -> Charts:
    """Test accuracy over the epochs by share of wrong labels, a chart for each method.

    Figure 4 of Jiang, Zhang and Liu (2019). All charts have the same range of accuracies, and a
    share has the same color, line and marker in each of them.
    """
    charts = {title: curves for title, curves in _noise_curves(table) if len(curves) > 1}
    shares = sorted({share for curves in charts.values() for share in curves})
    for title, curves in charts.items():
        yield (
            title,
            svg_charts.curves(
                {name: curves[rate, clean, name] for rate, clean, name in sorted(curves)},
                title,
                "epoch",
                "test accuracy (%)",
                legend=[name for *_, name in shares],
                y_range=_value_range(charts.values()),
            ),
        )


def _noise_curves(table: ResultTable) -> Iterator[tuple[str, dict[Share, Curve]]]:
    """Title and accuracies in percent of each method by its share of wrong labels."""
    places = [(row, column) for row in table.rows for column in table.columns]
    runs = [(row, run) for row, column in places for run in table.cell(row, column).runs]
    names = by_protocol.names_without_noise([run for _, run in runs])
    grouped = collections.defaultdict(lambda: collections.defaultdict(list))
    for (row, run), name in zip(runs, names, strict=True):
        rate, clean = run.protocol["noise_rate"], run.protocol["clean_fraction"]
        share = rate, -clean, by_protocol.describe_noise(run.protocol)
        grouped[row, run.protocol["dataset"], name][share].append(run)
    for (row, _, name), shares in grouped.items():
        errors = {share: _error_curve(own, "epoch") for share, own in shares.items()}
        yield (
            f"{row}, {name}, label noise",
            {
                share: {x: [100 - value for value in values] for x, values in curve.items()}
                for share, curve in errors.items()
                if curve
            },
        )


def _value_range(charts: Iterable[Mapping[Share, Curve]]) -> tuple[float, float]:
    """The smallest and the largest value of all curves."""
    curves = [curve for chart in charts for curve in chart.values()]
    values = [value for curve in curves for own in curve.values() for value in own]
    return min(values), max(values)


def _error_curve(runs: Sequence[FinishedRun], x: str) -> Curve:
    """Test errors of runs at the steps or epochs that all of them have; empty without any."""
    curves = [{line[x]: line["test_error"] for line in run.history} for run in runs]
    shared = set.intersection(*map(set, curves)) if curves else set()
    return {place: [curve[place] for curve in curves] for place in sorted(shared)}
