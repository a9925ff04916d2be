"""Figures of evaluated classifiers, as PNG files, and grids of images."""

import io
from collections.abc import Sequence

import numpy as np

from tf_ssgan.metrics import name_fonts, ranking
from tf_ssgan.metrics.calibration import Reliability
from tf_ssgan.nn import pixels


def confusion_figure(confusion: np.ndarray, names: tuple[str, ...]) -> bytes:
    """Draws a confusion matrix, in percent of each true class.

    Args:
        confusion: int [classes, classes], rows true.
        names: Class names, which are shown for up to 20 classes.

    Returns:
        A PNG file.
    """
    from matplotlib.figure import Figure  # slow to import, and needed once a run

    shares = 100.0 * confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    axes = figure.subplots()
    heat_map = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(heat_map, label="% of the true class")
    axes.set(xlabel="predicted", ylabel="true")
    if len(names) <= 20:
        labels = range(len(names))
        shown = name_fonts.ClassNames(names, labels)
        shown.write_ticks(axes.xaxis, labels, rotation=45, ha="right")
        shown.write_ticks(axes.yaxis, labels)
        shown.write_note(figure)
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.5:
                color = "white" if share > 50 else "black"
                axes.text(
                    column, row, f"{share:.0f}", ha="center", va="center", color=color, fontsize=8
                )
    return _png(figure)


def reliability_figure(
    before: Reliability, after: Reliability | None = None, temperature: float = 1.0
) -> bytes:
    """Draws reliability diagrams: accuracy against confidence (Guo et al. 2017, figure 1).

    Args:
        before: Reliability at temperature 1.
        after: Reliability of the same logits at `temperature`; None if none was fitted.
        temperature: The fitted temperature.

    Returns:
        A PNG file with a panel each, and below it the percentage of images in each bin.
    """
    from matplotlib.figure import Figure  # slow to import, and needed once a run

    panels = [(before, 1.0)] + ([(after, temperature)] if after else [])
    figure = Figure(figsize=(3.6 * len(panels), 4.6), layout="constrained")
    above, below = figure.subplots(
        2, len(panels), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 1)
    )
    for column, (reliability, value) in enumerate(panels):
        _draw_gaps(above[column], reliability)
        title = f"temperature {value:.3g}: " if after else "no temperature fitted: "
        title += f"ECE {reliability.error():.4f}"
        above[column].set_title(title, fontsize=10)
        left, width = _bins(reliability)
        shares = 100.0 * reliability.count / max(1, reliability.count.sum())
        below[column].bar(left, shares, width, align="edge", color="gray", edgecolor="white")
        below[column].set(xlabel="confidence", xlim=(0, 1))
    above[0].set(ylabel="accuracy", ylim=(0, 1))
    above[0].legend(loc="upper left", fontsize=8)
    below[0].set(ylabel="% of images", ylim=(0, 100))
    return _png(figure)


def top3_figure(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, names: tuple[str, ...]
) -> bytes:
    """Draws images beside the three most probable classes of each.

    Args:
        images: uint8 [n, h, w, c], n at least 1.
        labels: int [n], the right classes, which get a check mark.
        probabilities: float [n, K]; if K is less than three, all classes are shown.
        names: Names of the K classes.

    Returns:
        A PNG file with a row for each image.
    """
    from matplotlib.figure import Figure  # slow to import, and needed once a run

    figure = Figure(figsize=(6, 1.6 * len(images)), layout="constrained")
    rows = figure.subplots(len(images), 2, squeeze=False, width_ratios=(1, 2.4))
    top3 = ranking.top_k(probabilities, 3)
    shown = name_fonts.ClassNames(names, {*labels, *top3.flat})
    for row, (left, right) in enumerate(rows):
        image = images[row]
        left.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0,
                    vmax=255)  # fmt: skip
        shown.write(left.set_title("", fontsize=9), labels[row], "true: ")
        left.set_axis_off()
        _draw_top3(right, probabilities[row], top3[row], labels[row], shown)
    shown.write_note(figure)
    return _png(figure)


def pairs_figure(
    images: np.ndarray,
    changed: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    names: tuple[str, ...],
) -> bytes:
    """Draws images, changed images, and their difference, enlarged.

    Args:
        images: float [n, h, w, c] in [-1, 1].
        changed: float [n, h, w, c]; clipped to [-1, 1] in the figure.
        before: int [n], the class predicted for each image.
        after: int [n], the class predicted for each changed image.
        names: Names of all classes.

    Returns:
        A PNG file with a row for each image.
    """
    from matplotlib.figure import Figure  # slow to import, and needed once a run

    shown = name_fonts.ClassNames(names, {*before, *after})
    figure = Figure(figsize=(4.8, 1.75 * len(images)), layout="constrained")
    for row, axes in enumerate(figure.subplots(len(images), 3, squeeze=False)):
        added = changed[row] - images[row]
        panels = (images[row], changed[row], added / max(np.abs(added).max(), 1e-12))
        for ax, panel in zip(axes, panels, strict=True):
            _show(ax, panel)
            ax.set_title("difference, enlarged", fontsize=8)
        shown.write(axes[0].title, before[row])
        shown.write(axes[1].title, after[row])
    shown.write_note(figure)
    return _png(figure)


def rows_figure(rows: np.ndarray, titles: Sequence[str]) -> bytes:
    """Draws rows of images, with a title above each column.

    Args:
        rows: float [n, columns, h, w, c]; clipped to [-1, 1] in the figure.
        titles: One for each column.

    Returns:
        A PNG file.
    """
    from matplotlib.figure import Figure  # slow to import, and needed once a run

    count, columns = rows.shape[:2]
    figure = Figure(figsize=(1.3 * columns, 1.3 * count + 0.3), layout="constrained")
    panels = figure.subplots(count, columns, squeeze=False)
    for title, ax in zip(titles, panels[0], strict=True):
        ax.set_title(title, fontsize=8)
    for images, axes in zip(rows, panels, strict=True):
        for image, ax in zip(images, axes, strict=True):
            _show(ax, image)
    return _png(figure)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Arranges images in rows, a white pixel apart.

    Args:
        images: float [n, h, w, c] in [-1, 1].
        columns: Images in a row; n is a multiple of it.

    Returns:
        uint8 [rows * (h + 1) - 1, columns * (w + 1) - 1, c].
    """
    framed = np.pad(pixels.to_uint8(images), ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
    n, height, width, channels = framed.shape
    rows = framed.reshape(n // columns, columns, height, width, channels)
    whole = rows.transpose(0, 2, 1, 3, 4).reshape(n // columns * height, columns * width, channels)
    return whole[:-1, :-1]


def _show(ax, image: np.ndarray) -> None:
    """Shows an image, float [h, w, c] in [-1, 1], without axes."""
    image = np.clip(0.5 * image + 0.5, 0, 1)
    ax.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=1)
    ax.set_axis_off()


def _draw_gaps(axes, reliability: Reliability) -> None:
    """Draws bars of accuracy, their hatched gaps to the mean confidence, and the diagonal."""
    left, width = _bins(reliability)
    low = np.minimum(reliability.accuracy, reliability.confidence)
    gap = np.abs(reliability.accuracy - reliability.confidence)
    axes.bar(left, reliability.accuracy, width, align="edge", color="tab:blue", edgecolor="white",
             label="accuracy")  # fmt: skip
    axes.bar(left, gap, width, low, align="edge", facecolor="none", edgecolor="tab:red",
             hatch="////", label="gap to the mean confidence")  # fmt: skip
    axes.plot([0, 1], [0, 1], "--", color="black", linewidth=1, label="calibrated")


def _bins(reliability: Reliability) -> tuple[np.ndarray, float]:
    """The lower bounds of the bins, and their width."""
    bins = len(reliability.count)
    return np.arange(bins) / bins, 1 / bins


def _draw_top3(
    axes, probabilities: np.ndarray, top3: np.ndarray, label: int, shown: name_fonts.ClassNames
) -> None:
    """Draws a bar for each of the three most probable classes, the first one on top."""
    colors = np.where(top3 == label, "tab:green", "tab:gray")
    bars = axes.barh(range(len(top3)), probabilities[top3], color=colors)
    axes.bar_label(bars, [f"{100 * p:.1f} %" for p in probabilities[top3]], padding=3, fontsize=8)
    shown.write_ticks(axes.yaxis, top3, marked=label, fontsize=8)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.25), xticks=[])
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    return buffer.getvalue()
