"""Image files of runs, made small enough that one page can embed many."""

import base64
import io
import pathlib

from PIL import Image

# File in the folder of a run -> its caption. In dark mode the page inverts charts, but not images.
CHARTS = {
    "confusion.png": "confusion matrix",
    "reliability.png": "calibration",
    "evaluation_tsne.png": "classes in a t-SNE",
}
IMAGES = {
    "samples.png": "generated images",
    "perturbed.png": "images, perturbed, difference",
    "top3.png": "top 3 classes",
    "evaluation_truncation.png": "generated images, latents truncated more and more",
}
# Name of a figure in `papers.Table.shows` -> its file.
FIGURES = {
    "samples": "samples.png",
    "top3": "top3.png",
    "perturbed": "perturbed.png",
    "embedding": "evaluation_tsne.png",
    "truncation": "evaluation_truncation.png",
}
# Not the pictures of an evaluation but for those above: they would make the page too long.
_LEFT_OUT = "evaluation_"
WIDEST = 900  # pixels
_QUALITY = 80
_SMALL = 300  # pixels; images up to this size are embedded without loss


def captions(folder: pathlib.Path) -> dict[str, str]:
    """The pictures that a page shows of a run, and their captions.

    Args:
        folder: Folder of the run.

    Returns:
        File -> caption: `IMAGES`, the pictures of other monitors of this run, and `CHARTS`.
    """
    known = IMAGES | CHARTS
    names = sorted(path.name for path in folder.glob("*.png"))
    others = [name for name in names if name not in known and not name.startswith(_LEFT_OUT)]
    made = {name: f"images, {name.removesuffix('.png')}, difference" for name in others}
    return IMAGES | made | CHARTS


def data_url(path: pathlib.Path) -> str | None:
    """An image file as a `data:` URL.

    Args:
        path: A PNG file.

    Returns:
        A WebP image, at most `WIDEST` pixels wide; None if the file is missing or no PNG image.
    """
    if not path.is_file():  # opening a pipe would wait
        return None
    try:
        with Image.open(path, formats=["PNG"]) as opened:
            image = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    small = max(image.size) <= _SMALL
    image.thumbnail((WIDEST, 4 * WIDEST))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=small, quality=_QUALITY, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
