"""What is drawn of a judged classifier, as PNG files."""

import io

import numpy as np


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
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.5:
                color = "white" if share > 50 else "black"
                axes.text(
                    column, row, f"{share:.0f}", ha="center", va="center", color=color, fontsize=8
                )
    return _png(figure)


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    return buffer.getvalue()
