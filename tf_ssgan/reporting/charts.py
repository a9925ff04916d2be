"""Charts as SVG in the colors of the page that holds them, light or dark."""

import io
import itertools
import re
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib import ticker
from matplotlib.figure import Figure

WIDTH = 4.6  # inches, 72 points each: about what a phone shows without shrinking
# Colors that no chart has, for which the page's own are put in.
_INK, _FAINT = "#010203", "#040506"
_SERIES = tuple(f"#0a0b{n:02x}" for n in range(8))
_PAGE = {_INK: "var(--ink)", _FAINT: "var(--line)"} | {
    color: f"var(--series-{n})" for n, color in enumerate(_SERIES)
}
_DASHES = ("-", "--", ":", "-.")  # a ninth series has the first one's color and not its line
_STYLE = {
    "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif", "text.color": _INK,
    "axes.edgecolor": _FAINT, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": _FAINT, "grid.linewidth": 0.6, "legend.frameon": False, "axes.titlesize": 10,
}  # fmt: skip

Curve = Sequence[tuple[float, float]]


def dots(
    rows: Mapping[str, Sequence[float]], printed: Mapping[str, float], title: str, label: str
) -> str:
    """Draws every run of some methods as a dot, a line a method.

    Args:
        rows: Method -> its value for each seed; the first on top.
        printed: Method -> the published number, where there is one.
        title: Of the chart.
        label: Of the values.

    Returns:
        An `svg` element.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 0.95 + 0.27 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for place, (name, values) in enumerate(rows.items()):
            axes.plot(values, [place] * len(values), "o", color=_SERIES[0], alpha=0.55, ms=5)
            axes.plot([np.mean(values)] * 2, [place - 0.32, place + 0.32], color=_INK, lw=1.6)
            if name in printed:
                axes.plot(printed[name], place, "D", color=_SERIES[1], fillstyle="none", ms=6)
        axes.set_yticks(range(len(rows)), [_shown(name) for name in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set(title=_shown(title), xlabel=label)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
        return _svg(figure, f"{label} of each run, {title}")


def curves(series: Mapping[str, Sequence[Curve]], title: str, across: str, up: str) -> str:
    """Draws curves: the mean over the runs of each series, and the range they take.

    Args:
        series: Name -> the curve of each run, as (x, y) pairs. Of several runs the points are
            taken that all of them have.
        title: Of the chart.
        across: Label of x.
        up: Label of y.

    Returns:
        An `svg` element.
    """
    with matplotlib.rc_context(_STYLE):
        rows = -(-len(series) // 2)
        figure = Figure(figsize=(WIDTH, 3.0 + 0.2 * rows), layout="constrained")
        axes = figure.subplots()
        styles = itertools.product(_DASHES, _SERIES)
        for (name, runs), (dash, color) in zip(series.items(), itertools.cycle(styles)):
            x, y = _common(runs)
            if len(runs) > 1:
                axes.fill_between(x, y.min(0), y.max(0), color=color, alpha=0.15, lw=0)
            axes.plot(x, y.mean(0), dash, color=color, lw=1.6, label=_shown(name))
        axes.set(title=_shown(title), xlabel=across, ylabel=up)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        return _svg(figure, f"{up} against {across}, {title}")


def _common(runs: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray]:
    """The points that all runs have: x [n], and y [runs, n]."""
    shared = set.intersection(*({x for x, _ in run} for run in runs))
    x = np.array(sorted(shared))
    return x, np.array([[dict(run)[place] for place in x] for run in runs])


def _shown(name: str) -> str:
    """A name of bounded length, in which a dollar sign is one and not mathematics."""
    short = name if len(name) <= 44 else f"{name[:43]}…"
    return short.replace("$", r"\$")


def _svg(figure: Figure, description: str) -> str:
    """The element, without fixed size, in the page's colors."""
    buffer = io.StringIO()
    # A salt of its own: elements of two charts on one page share no name.
    with matplotlib.rc_context({"svg.hashsalt": description}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    head, rest = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    text = f'{head} role="img" aria-label="{label}">{rest}'
    return re.sub("|".join(_PAGE), lambda found: _PAGE[found[0]], text)
