"""Figures of an evaluation, as PNG files."""

import io
from collections.abc import Sequence

import numpy as np

from tf_ssgan.evaluation import sampling, tsne
from tf_ssgan.metrics import name_fonts, plots
from tf_ssgan.nn import pixels

COLUMNS = 10
NAMED = 20  # at most so many class names are written out
_INCH = 0.55  # width of a small image in a grid
_DPI = 120
_WHITE = 1.0


def class_grid(samples: sampling.Samples, names: tuple[str, ...], title: str) -> bytes:
    """Draws a row of images for each class.

    Args:
        samples: Images and their classes; a class with fewer than 10 leaves the row's end white.
        names: Class names.
        title: Title of the figure.

    Returns:
        A PNG file.
    """
    rows = np.full((len(names), COLUMNS, *samples.images.shape[1:]), _WHITE, np.float32)
    for label, row in enumerate(rows):
        own = samples.images[samples.labels == label][:COLUMNS]
        row[: len(own)] = pixels.to_float32(own)
    return _grid(rows, names, range(len(names)) if len(names) <= NAMED else (), title)


def image_rows(
    images: np.ndarray, names: Sequence[str], labels: Sequence[int], title: str
) -> bytes:
    """Draws rows of images, such as interpolations.

    Args:
        images: uint8 [rows, columns, h, w, c].
        names: Names of all classes, or of the rows.
        labels: The place of each row in `names`; empty if the rows have no names.
        title: Title of the figure.

    Returns:
        A PNG file.
    """
    return _grid(pixels.to_float32(images).numpy(), names, labels, title)


def cluster_panels(
    embeddings: dict[str, tsne.Embedding], names: tuple[str, ...], title: str
) -> bytes:
    """Draws the sets of a t-SNE side by side, a color for each class, with their distances.

    Args:
        embeddings: Title -> the embedding of a set.
        names: Class names; written out for up to 20.
        title: Title of the figure.

    Returns:
        A PNG file.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure  # slow to import

    colors = colormaps["tab10" if len(names) <= 10 else "tab20" if len(names) <= 20 else "hsv"]
    shades = colors(np.arange(len(names)) % colors.N if len(names) <= 20 else
                    np.linspace(0, 1, len(names)))  # fmt: skip
    figure = Figure(figsize=(4.2 * len(embeddings) + 1.4, 4.6), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(embeddings), sharex=True, sharey=True))
    for axes, (name, embedding) in zip(panels, embeddings.items(), strict=True):
        axes.scatter(*embedding.points.T, s=6, c=shades[embedding.labels])
        metric = embedding.metrics()["distance"]
        caption = f"{name}\n{metric['mean']:.2f} ± {metric['std']:.2f}"
        name_fonts.write(axes.set_title("", fontsize=10), caption)
        axes.set(xticks=[], yticks=[], aspect="equal")
    if len(names) <= NAMED:
        for label, shade in enumerate(shades):
            panels[-1].scatter([], [], color=shade, label=str(label), s=12)
        legend = figure.legend(loc="outside right center", fontsize=8)
        shown = name_fonts.ClassNames(names, range(len(names)))
        for label, text in enumerate(legend.get_texts()):  # as a label, "_" would hide a class
            shown.write(text, label)
        shown.write_note(figure)
    name_fonts.write(figure.suptitle("", fontsize=9), title)
    return _png(figure)


def _grid(rows: np.ndarray, names: Sequence[str], labels: Sequence[int], title: str) -> bytes:
    """Draws images [rows, columns, h, w, c] in [-1, 1]; row r is named names[labels[r]]."""
    from matplotlib.figure import Figure  # slow to import

    count, columns, height, _, channels = rows.shape
    picture = plots.grid(rows.reshape(-1, *rows.shape[2:]), columns)
    picture = np.repeat(picture, 3, axis=-1) if channels == 1 else picture
    inch = max(_INCH, height / _DPI)
    figure = Figure(figsize=(inch * columns + 1.6, inch * count + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(picture, interpolation="nearest")
    centers = np.arange(len(labels)) * (height + 1) + (height - 1) / 2
    shown = name_fonts.ClassNames(names, labels)
    shown.write_ticks(axes.yaxis, labels, centers, fontsize=8)
    shown.write_note(figure)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    name_fonts.write(axes.set_title("", fontsize=9), title)
    return _png(figure)


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=_DPI)
    return buffer.getvalue()
