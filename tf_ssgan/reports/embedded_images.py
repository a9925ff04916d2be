"""Pictures that runs have left, small enough to be many in one page."""

import base64
import io
import pathlib

from PIL import Image

# File in the folder of a run -> what it shows. Those of charts are turned dark with the page, which
# photographs would not bear.
CHARTS = {
    "confusion.png": "confusion matrix",
    "reliability.png": "calibration",
    "judged_tsne.png": "classes in a t-SNE",
}
IMAGES = {
    "samples.png": "generated images",
    "perturbed.png": "images, perturbed, difference",
    "top3.png": "best three classes",
    "judged_truncation.png": "generated images, latents nearer and nearer to their mode",
}
# What `tables.Table.shows` calls a picture -> its file.
FIGURES = {
    "samples": "samples.png",
    "top3": "top3.png",
    "perturbed": "perturbed.png",
    "embedding": "judged_tsne.png",
    "truncation": "judged_truncation.png",
}
WIDEST = 900  # pixels
_QUALITY = 80
_SMALL = 300  # pixels; up to here every pixel is kept as it is


def embedded(path: pathlib.Path) -> str | None:
    """A picture as a `data:` address.

    Args:
        path: A PNG file.

    Returns:
        WebP, at most `WIDEST` pixels wide; None where the file is missing or no picture.
    """
    try:
        with Image.open(path, formats=["PNG"]) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    small = max(picture.size) <= _SMALL
    picture.thumbnail((WIDEST, 4 * WIDEST))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", lossless=small, quality=_QUALITY, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
