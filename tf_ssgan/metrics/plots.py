"""What is drawn of judged classifiers, as PNG files."""

import io
import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tf_ssgan.metrics import ranking
from tf_ssgan.metrics.calibration import Reliability

_LETTERS = 24  # of a class name, at most
_PANELS = string.ascii_lowercase
_MARKERS = 12  # about so many on a curve


def confusion_figure(confusion: np.ndarray, names: tuple[str, ...]) -> bytes:
    """Draws a confusion matrix, in percent of each true class.

    Args:
        confusion: int [classes, classes], rows true.
        names: Class names; written out for up to 20 classes.

    Returns:
        A PNG file.
    """
    from matplotlib.figure import Figure  # slow to import, and drawn once a run

    shares = 100.0 * confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(picture, label="% of the true class")
    axes.set(xlabel="predicted", ylabel="true")
    if len(names) <= 20:
        shown = [_shown(name) for name in names]
        axes.set_xticks(range(len(names)), shown, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), shown)
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.5:
                color = "white" if share > 50 else "black"
                axes.text(
                    column, row, f"{share:.0f}", ha="center", va="center", color=color, fontsize=8
                )
    return _png(figure)


def reliability_figure(before: Reliability, after: Reliability, temperature: float) -> bytes:
    """Draws how often answers are right against how sure they are, as Guo et al. 2017, figure 1.

    Args:
        before: Of the answers at temperature 1.
        after: Of the same answers at another one.
        temperature: That one.

    Returns:
        A PNG file: a panel each, with the share of images in each bin of confidence below.
    """
    from matplotlib.figure import Figure  # slow to import, and drawn once a run

    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    above, below = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 1))
    for column, (found, heat) in enumerate(((before, 1.0), (after, temperature))):
        _gaps(above[column], found)
        title = f"temperature {heat:.3g}: ECE {found.error():.4f}"
        above[column].set_title(title, fontsize=10)
        left, width = _bins(found)
        shares = 100.0 * found.count / max(1, found.count.sum())
        below[column].bar(left, shares, width, align="edge", color="gray", edgecolor="white")
        below[column].set(xlabel="confidence", xlim=(0, 1))
    above[0].set(ylabel="accuracy", ylim=(0, 1))
    above[0].legend(loc="upper left", fontsize=8)
    below[0].set(ylabel="% of images", ylim=(0, 100))
    return _png(figure)


def top3_figure(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, names: tuple[str, ...]
) -> bytes:
    """Draws images beside the three classes that each is most likely of.

    Args:
        images: uint8 [n, h, w, c], n at least 1.
        labels: int [n], the right classes; their names carry a check mark.
        probabilities: float [n, K]; of fewer than three classes all are shown.
        names: Of the K classes.

    Returns:
        A PNG file, a row an image.
    """
    from matplotlib.figure import Figure  # slow to import, and drawn once a run

    figure = Figure(figsize=(6, 1.6 * len(images)), layout="constrained")
    rows = figure.subplots(len(images), 2, squeeze=False, width_ratios=(1, 2.4))
    for row, (picture, chances) in enumerate(rows):
        shown = images[row]
        picture.imshow(shown[..., 0] if shown.shape[-1] == 1 else shown, cmap="gray", vmin=0,
                       vmax=255)  # fmt: skip
        picture.set_title(f"true: {_shown(names[labels[row]])}", fontsize=9)
        picture.set_axis_off()
        _chances(chances, probabilities[row], labels[row], names)
    return _png(figure)


def noise_curves_figure(
    panels: Mapping[str, Mapping[float, Sequence[tuple[float, float]]]],
    title: str,
    what: str = "wrong labels",
) -> bytes:
    """Draws accuracy over the epochs by the share of wrong labels (Jiang et al. 2019, figure 4).

    Args:
        panels: Method -> share in [0, 1] -> points (epoch, accuracy in percent) of its curve; a
            panel each, side by side. A method may have no curve, and a curve no points.
        title: Above all panels.
        what: What there is a share of, above the legend.

    Returns:
        A PNG file. A share has the same color, line and marker in every panel.
    """
    from matplotlib.figure import Figure  # slow to import, and drawn once

    figure = Figure(figsize=(1.4 + 4.2 * len(panels), 4), layout="constrained")
    columns = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    styles = _styles({rate for curves in panels.values() for rate in curves})
    shown = {}
    for letter, axes, (method, curves) in zip(_PANELS, columns, panels.items(), strict=False):
        for rate, points in sorted(curves.items()):
            often = max(1, len(points) // _MARKERS)
            (shown[rate],) = axes.plot(*np.reshape(points, (-1, 2)).T, markevery=often,
                                       **styles[rate])  # fmt: skip
        axes.set_title(f"({letter}) {method}", fontsize=10)
        axes.set(xlabel="epoch")
        axes.grid(alpha=0.3)
    columns[0].set(ylabel="test accuracy (%)", xlim=(0, None))
    named = {f"{100 * rate:g} %": shown[rate] for rate in sorted(shown)}
    figure.legend(named.values(), named, title=what, loc="outside right upper", fontsize=8,
                  handlelength=4)  # fmt: skip
    figure.suptitle(title.replace("$", r"\$"), fontsize=10)
    return _png(figure)


def perturbed_figure(
    images: np.ndarray, perturbed: np.ndarray, before: list[str], after: list[str]
) -> bytes:
    """Draws images, the same perturbed, and the perturbation in a range of its own.

    Args:
        images: float [n, h, w, c] in [-1, 1].
        perturbed: The same shape; cut to [-1, 1] for the eye.
        before: What each image is taken for.
        after: What it is taken for when perturbed.

    Returns:
        A PNG file, a row each.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 1.75 * len(images)), layout="constrained")
    for row, axes in enumerate(figure.subplots(len(images), 3, squeeze=False)):
        added = perturbed[row] - images[row]
        panels = (images[row], perturbed[row], added / max(np.abs(added).max(), 1e-12))
        titles = (before[row], after[row], "difference, enlarged")
        for ax, panel, title in zip(axes, panels, titles, strict=True):
            shown = np.clip(0.5 * panel + 0.5, 0, 1)
            ax.imshow(shown[..., 0] if shown.shape[-1] == 1 else shown, cmap="gray", vmin=0, vmax=1)
            ax.set_title(title, fontsize=8)
            ax.set_axis_off()
    return _png(figure)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Lays images out in rows, a pixel apart.

    Args:
        images: float [n, h, w, c] in [-1, 1].
        columns: Images a row; n is a multiple of it.

    Returns:
        uint8 [rows * (h + 1) - 1, columns * (w + 1) - 1, c].
    """
    pixels = np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8)
    framed = np.pad(pixels, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
    n, height, width, channels = framed.shape
    rows = framed.reshape(n // columns, columns, height, width, channels)
    whole = rows.transpose(0, 2, 1, 3, 4).reshape(n // columns * height, columns * width, channels)
    return whole[:-1, :-1]


def _styles(rates: set[float]) -> dict[float, dict[str, Any]]:
    """How each share's line looks: told apart by its color, and without colors too."""
    from matplotlib import colormaps

    colors = colormaps["viridis"](np.linspace(0, 0.85, len(rates)))
    lines, markers = ("-", "--", "-.", ":"), "os^DvPX*"
    return {
        rate: {
            "color": colors[place],
            "linestyle": lines[place % len(lines)],
            "marker": markers[place % len(markers)],
            "markersize": 4,
            "linewidth": 1.3,
        }
        for place, rate in enumerate(sorted(rates))
    }


def _gaps(axes, found: Reliability) -> None:
    """Bars of accuracy, what they lack or have too much of hatched, and the diagonal."""
    left, width = _bins(found)
    low = np.minimum(found.accuracy, found.confidence)
    gap = np.abs(found.accuracy - found.confidence)
    axes.bar(left, found.accuracy, width, align="edge", color="tab:blue", edgecolor="white",
             label="accuracy")  # fmt: skip
    axes.bar(left, gap, width, low, align="edge", facecolor="none", edgecolor="tab:red",
             hatch="////", label="gap to the mean confidence")  # fmt: skip
    axes.plot([0, 1], [0, 1], "--", color="black", linewidth=1, label="calibrated")


def _bins(found: Reliability) -> tuple[np.ndarray, float]:
    """The lower bounds of the bins, and their width."""
    bins = len(found.count)
    return np.arange(bins) / bins, 1 / bins


def _chances(axes, probabilities: np.ndarray, label: int, names: tuple[str, ...]) -> None:
    """A bar for each of the three best classes, the best one on top."""
    (best,) = ranking.best(probabilities[None], 3)
    colors = np.where(best == label, "tab:green", "tab:gray")
    bars = axes.barh(range(len(best)), probabilities[best], color=colors)
    axes.bar_label(bars, [f"{100 * p:.1f} %" for p in probabilities[best]], padding=3, fontsize=8)
    told = [("\N{CHECK MARK} " if k == label else "") + _shown(names[k]) for k in best]
    axes.set_yticks(range(len(best)), told, fontsize=8)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.25), xticks=[])
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _shown(name: str) -> str:
    """A class name as Matplotlib takes it: cut, and no dollar begins a formula."""
    cut = name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return cut.replace("$", r"\$")


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    return buffer.getvalue()
