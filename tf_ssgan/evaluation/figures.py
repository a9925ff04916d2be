"""Figures of a judgment, as PNG files."""

import io

import numpy as np

from tf_ssgan.evaluation import sampling, tsne
from tf_ssgan.metrics import plots

COLUMNS = 10
NAMED = 20  # classes that are written out, at most
_INCH = 0.55  # of a small image in a grid
_DPI = 120
_WHITE = 1.0


def classes(drawn: sampling.Samples, names: tuple[str, ...], title: str) -> bytes:
    """Draws a row of images for each class.

    Args:
        drawn: Images and their classes; a class with fewer than 10 leaves the row's end white.
        names: Of the classes.
        title: Of the figure.

    Returns:
        A PNG file.
    """
    rows = np.full((len(names), COLUMNS, *drawn.images.shape[1:]), _WHITE, np.float32)
    for label, row in enumerate(rows):
        own = drawn.images[drawn.labels == label][:COLUMNS]
        row[: len(own)] = (own.astype(np.float32) - 127.5) / 127.5
    return _grid(rows, names if len(names) <= NAMED else (), title)


def interpolations(images: np.ndarray, names: list[str], title: str) -> bytes:
    """Draws a way through the latents in each row.

    Args:
        images: uint8 [rows, columns, h, w, c].
        names: Of the rows; none where they have no class.
        title: Of the figure.

    Returns:
        A PNG file.
    """
    return _grid((images.astype(np.float32) - 127.5) / 127.5, names, title)


def clusters(laid: dict[str, tsne.Embedding], names: tuple[str, ...], title: str) -> bytes:
    """Draws the sets of a t-SNE side by side, on one scale, a color a class.

    Args:
        laid: Title -> where the set's points lie.
        names: Of the classes; written out for up to 20.
        title: Of the figure.

    Returns:
        A PNG file.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure  # slow to import

    colors = colormaps["tab10" if len(names) <= 10 else "tab20" if len(names) <= 20 else "hsv"]
    shades = colors(np.arange(len(names)) % colors.N if len(names) <= 20 else
                    np.linspace(0, 1, len(names)))  # fmt: skip
    figure = Figure(figsize=(4.2 * len(laid) + 1.4, 4.6), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(laid), sharex=True, sharey=True))
    for axes, (name, found) in zip(panels, laid.items(), strict=True):
        axes.scatter(*found.points.T, s=6, c=shades[found.labels])
        metric = found.metrics()["tsne"]
        axes.set_title(f"{name}\n{metric['mean']:.2f} ± {metric['std']:.2f}", fontsize=10)
        axes.set(xticks=[], yticks=[], aspect="equal")
    if len(names) <= NAMED:
        for name, shade in zip(names, shades, strict=True):
            panels[-1].scatter([], [], color=shade, label=name, s=12)
        figure.legend(loc="outside right center", fontsize=8)
    figure.suptitle(title, fontsize=9)
    return _png(figure)


def _grid(rows: np.ndarray, names: tuple[str, ...] | list[str], title: str) -> bytes:
    """Draws images [rows, columns, h, w, c] in [-1, 1] with the names of the rows."""
    from matplotlib.figure import Figure  # slow to import

    count, columns, height, _, channels = rows.shape
    pixels = plots.grid(rows.reshape(-1, *rows.shape[2:]), columns)
    pixels = np.repeat(pixels, 3, axis=-1) if channels == 1 else pixels
    inch = max(_INCH, height / _DPI)
    figure = Figure(figsize=(inch * columns + 1.6, inch * count + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(pixels, interpolation="nearest")
    centers = np.arange(len(names)) * (height + 1) + (height - 1) / 2
    axes.set_yticks(centers, list(names), fontsize=8)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=9)
    return _png(figure)


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=_DPI)
    return buffer.getvalue()
