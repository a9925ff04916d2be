"""Charts as SVG in the colors of the page that holds them, light or dark."""

import io
import itertools
import re
import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 4.6  # inches, 72 points each: about what a phone shows without shrinking
# Colors that no chart has, for which the page's own are put in.
_INK, _FAINT = "#010203", "#040506"
_SERIES = tuple(f"#0a0b{n:02x}" for n in range(8))
_PAGE = {_INK: "var(--ink)", _FAINT: "var(--line)"} | {
    color: f"var(--series-{n})" for n, color in enumerate(_SERIES)
}
_LONGEST, _SHORT = 52, 22  # letters of a name, and of a line of it
_DASHES = ("-", "--", ":", "-.")  # a ninth series has the first one's color and not its line
_STYLE = {
    "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif", "text.color": _INK,
    "axes.edgecolor": _FAINT, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": _FAINT, "grid.linewidth": 0.6, "legend.frameon": False, "axes.titlesize": 10,
}  # fmt: skip


def dots(
    rows: Mapping[str, Sequence[float]], printed: Mapping[str, float], title: str, label: str
) -> str:
    """Draws every run of some methods as a dot, a line a method.

    Args:
        rows: Method -> its value for each seed; the first on top.
        printed: Method -> the published number, where there is one.
        title: Of the chart, which the page shows above it.
        label: Of the values.

    Returns:
        An `svg` element.
    """
    with matplotlib.rc_context(_STYLE):
        names = [_wrapped(name) for name in rows]
        lines = sum(1 + name.count("\n") for name in names)
        figure = Figure(figsize=(WIDTH, 0.7 + 0.1 * len(rows) + 0.17 * lines), layout="constrained")
        axes = figure.subplots()
        for place, (name, values) in enumerate(rows.items()):
            axes.plot(values, [place] * len(values), "o", color=_SERIES[0], alpha=0.55, ms=5)
            axes.plot([np.mean(values)] * 2, [place - 0.32, place + 0.32], color=_INK, lw=1.6)
            if name in printed:
                axes.plot(printed[name], place, "D", color=_SERIES[1], fillstyle="none", ms=6)
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set(xlabel=label)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
        return _svg(figure, f"{label} of each run, {title}")


def curves(
    series: Mapping[str, Mapping[float, Sequence[float]]],
    title: str,
    across: str,
    up: str,
    log: bool = False,
) -> str:
    """Draws curves: the mean over the runs of each series, and the range they take.

    Args:
        series: Name -> x -> the value of each run there.
        title: Of the chart, which the page shows above it.
        across: Label of x.
        up: Label of y.
        log: Whether x is logarithmic, with a tick at each of its values.

    Returns:
        An `svg` element.
    """
    with matplotlib.rc_context(_STYLE):
        columns = 1 if any(len(name) > _SHORT for name in series) else 2
        rows = -(-len(series) // columns)
        figure = Figure(figsize=(WIDTH, 2.8 + 0.19 * rows), layout="constrained")
        axes = figure.subplots()
        styles = itertools.product(_DASHES, _SERIES)
        for (name, found), (dash, color) in zip(series.items(), itertools.cycle(styles)):
            x = sorted(found)
            low, mean, high = ([pick(found[k]) for k in x] for pick in (min, np.mean, max))
            if low != high:
                axes.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
            # With a mark: a run that was evaluated once is a point and no line.
            axes.plot(x, mean, dash, marker="o", ms=2.5, color=color, lw=1.6, label=_shown(name))
        axes.set(xlabel=across, ylabel=up)
        _ticks(axes, sorted({x for found in series.values() for x in found}), log)
        figure.legend(loc="outside lower center", ncols=columns, fontsize=8)
        return _svg(figure, f"{up} against {across}, {title}")


def _ticks(axes: Axes, values: Sequence[float], log: bool) -> None:
    """Chooses where x is marked."""
    if not log:
        return axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
    axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:,.0f}" for value in values])
    axes.xaxis.set_minor_locator(ticker.NullLocator())


def _shown(name: str) -> str:
    """A name of bounded length, in which a dollar sign is one and not mathematics."""
    return _cut(name).replace("$", r"\$")


def _wrapped(name: str) -> str:
    """A name in lines that leave room for what is beside them."""
    return "\n".join(_shown(line) for line in textwrap.wrap(_cut(name), _SHORT))


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _svg(figure: Figure, description: str) -> str:
    """The element, without fixed size, in the page's colors."""
    buffer = io.StringIO()
    # The same chart is the same text each time; `page` sets the names in two charts apart.
    with matplotlib.rc_context({"svg.hashsalt": "chart"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # nothing refers to them, and each chart has them
    head, rest = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    text = f'{head} role="img" aria-label="{label}">{rest}'
    return re.sub("|".join(_PAGE), lambda found: _PAGE[found[0]], text)
