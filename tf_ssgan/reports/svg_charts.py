"""Charts as SVG in the colors of the page that contains them, light or dark."""

import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 4.6  # inches of 72 points: about the width of a phone
# Placeholder colors, which are replaced by the variables of the page.
_INK, _FAINT = "#010203", "#040506"
_SERIES = tuple(f"#0a0b{n:02x}" for n in range(8))
_PAGE = {_INK: "var(--ink)", _FAINT: "var(--line)"} | {
    color: f"var(--series-{n})" for n, color in enumerate(_SERIES)
}
_LONGEST, _SHORT = 52, 20  # letters of a name, and of a line of a name
_HALF = 16  # letters of a name that leave room for another one beside it
_TEXT = 12  # points, which the page shows as at least as many pixels
_DASHES, _MARKERS = ("-", "--", ":", "-."), "osD^vPX*"
_MARKERS_PER_CURVE = 12  # about
_STYLE = {
    "svg.fonttype": "none", "font.size": _TEXT, "font.family": "sans-serif", "text.color": _INK,
    "axes.edgecolor": _FAINT, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": _FAINT, "grid.linewidth": 0.6, "legend.frameon": False,
    "legend.fontsize": _TEXT, "xtick.labelsize": _TEXT, "ytick.labelsize": _TEXT,
    "axes.labelsize": _TEXT,
}  # fmt: skip


def dots(
    rows: Mapping[str, Sequence[float]],
    published: Mapping[str, float],
    title: str,
    label: str,
    levels: Mapping[str, float] | None = None,
) -> str:
    """Draws each run of some methods as a dot, a line for each method.

    Args:
        rows: Method -> its value for each seed; the first is on top.
        published: Method -> published number, for methods that have one.
        title: Title, which the page shows above the chart.
        label: Label of the values.
        levels: Name -> value, for thin lines that are drawn where the values leave room for them.

    Returns:
        An `svg` element.
    """
    with matplotlib.rc_context(_STYLE):
        names = [_wrapped(name) for name in rows]
        lines = sum(1 + name.count("\n") for name in names)
        height = 0.8 + 0.1 * len(rows) + 0.22 * lines + 0.24 * len(levels or {})
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        for place, (name, values) in enumerate(rows.items()):
            axes.plot(values, [place] * len(values), "o", color=_SERIES[0], alpha=0.55, ms=5)
            axes.plot([np.mean(values)] * 2, [place - 0.32, place + 0.32], color=_INK, lw=1.6)
            if name in published:
                axes.plot(published[name], place, "D", color=_SERIES[1], fillstyle="none", ms=6)
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set(xlabel=label)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
        if _draw_levels(levels or {}, axes.get_xlim(), axes.axvline, axes):
            figure.legend(loc="outside lower center", ncols=1, handlelength=2)
        return _svg(figure, f"{label} of each run, {title}")


def curves(
    series: Mapping[str, Mapping[float, Sequence[float]]],
    title: str,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    legend: Sequence[str] = (),
    y_range: tuple[float, float] | None = None,
    levels: Mapping[str, float] | None = None,
) -> str:
    """Draws curves: the mean over the runs of each series, and their range.

    Args:
        series: Name -> x -> the value of each run there.
        title: Title, which the page shows above the chart.
        x_label: Label of x.
        y_label: Label of y.
        log_x: Whether x is logarithmic, with a tick at each of its values.
        legend: Names of all series in several charts: each name has the same color, line and
            marker in all of them. Empty if the chart stands alone.
        y_range: The smallest and the largest y that the axis shows; None takes those of the series.
        levels: As in `dots`.

    Returns:
        An `svg` element.
    """
    with matplotlib.rc_context(_STYLE):
        levels = levels or {}
        columns = 1 if any(len(name) > _HALF for name in (*series, *levels)) else 2
        rows = -(-(len(series) + len(levels)) // columns)
        figure = Figure(figsize=(WIDTH, 2.8 + 0.24 * rows), layout="constrained")
        axes = figure.subplots()
        numbers = {name: number for number, name in enumerate(legend or series)}
        for name, values in series.items():
            _curve(axes, values, _shown(name), numbers[name])
        axes.set(xlabel=x_label, ylabel=y_label)
        if y_range:
            axes.set_ylim(*_padded(*y_range))
        _ticks(axes, sorted({x for values in series.values() for x in values}), log_x)
        _draw_levels(levels, axes.get_ylim(), axes.axhline, axes)
        figure.legend(loc="outside lower center", ncols=columns, handlelength=2)
        return _svg(figure, f"{y_label} against {x_label}, {title}")


def _curve(axes: Axes, values: Mapping[float, Sequence[float]], name: str, number: int) -> None:
    """Draws a series; series with different numbers differ in color or line, and in marker."""
    color = _SERIES[number % len(_SERIES)]
    dash = _DASHES[(number + number // len(_SERIES)) % len(_DASHES)]
    marker = _MARKERS[number % len(_MARKERS)]
    x = sorted(values)
    low, mean, high = ([pick(values[k]) for k in x] for pick in (min, np.mean, max))
    if low != high:
        axes.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
    # With markers, a run that was evaluated only once is visible as a point.
    often = max(1, len(x) // _MARKERS_PER_CURVE)
    axes.plot(x, mean, dash, marker=marker, markevery=often, ms=3, color=color, lw=1.6, label=name)


def _draw_levels(
    levels: Mapping[str, float],
    limits: tuple[float, float],
    draw: Callable[..., object],
    axes: Axes,
) -> int:
    """Draws a thin line at each value up to as far beyond the axis as it is long.

    Lines that nobody could tell apart look the same and share an entry of the legend. Those that
    are too far away have an entry with their value, and no line.

    Returns:
        How many are drawn or named.
    """
    low, high = limits
    room = high - low
    shown = {name: value for name, value in levels.items() if low - room <= value <= high + room}
    for number, names in enumerate(_near(shown, 0.015 * room)):
        dash = (0, (1, 2)) if number % 2 else (0, (6, 2))
        for name in names:
            label = _shown(" and ".join(names)) if name == names[0] else None
            draw(shown[name], color=_INK, lw=0.8, ls=dash, label=label)
    for name in (name for name in levels if name not in shown):
        axes.plot([], [], " ", label=f"{_shown(name)}: {levels[name]:.1f}, off the chart")
    return len(levels)


def _near(levels: Mapping[str, float], distance: float) -> list[list[str]]:
    """The names of levels, those together that are at most so far from the first of them."""
    groups: list[list[str]] = []
    for name, value in levels.items():
        near = [own for own in groups if abs(value - levels[own[0]]) <= distance]
        if near:
            near[0].append(name)
        else:
            groups.append([name])
    return groups


def _padded(low: float, high: float) -> tuple[float, float]:
    """A range with a margin, as Matplotlib has it by default."""
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def _ticks(axes: Axes, values: Sequence[float], log_x: bool) -> None:
    """Chooses the ticks of x."""
    if not log_x:
        return axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
    axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:,.0f}" for value in values])
    axes.xaxis.set_minor_locator(ticker.NullLocator())


def _shown(name: str) -> str:
    """A name of bounded length, whose dollar signs do not start a formula.

    Bytes of a path that are not valid text are escaped.
    """
    text = _shortened(name).encode(errors="backslashreplace").decode()
    return text.replace("$", r"\$")


def _wrapped(name: str) -> str:
    """A name broken into lines that leave room for the chart."""
    return "\n".join(_shown(line) for line in textwrap.wrap(_shortened(name), _SHORT))


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _svg(figure: Figure, description: str) -> str:
    """A figure as an `svg` element without a fixed size, in the colors of the page."""
    buffer = io.StringIO()
    # Equal charts give equal text; `html_page` makes the ids of different charts unique.
    with matplotlib.rc_context({"svg.hashsalt": "chart"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # these ids are the same in all charts, and unused
    head, rest = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    text = f'{head} role="img" aria-label="{label}">{rest}'
    return re.sub("|".join(_PAGE), lambda match: _PAGE[match[0]], text)
