"""Image files of runs, made small enough that one page can embed many."""

import base64
import io
import os
import pathlib

from PIL import Image

from tf_ssgan.common import files

# File in the folder of a run -> its caption. In dark mode the page inverts charts, but not images.
CHARTS = {
    "confusion.png": "confusion matrix",
    "reliability.png": "calibration",
    "evaluation_tsne.png": "classes in a t-SNE",
}
IMAGES = {
    "samples.png": "generated images",
    "perturbed.png": "images, perturbed, difference",
    "tangents.png": "images, their reconstructions, tangents",
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
_LARGEST, _MOST_PIXELS = 2**26, 2**25  # bytes and pixels of a picture that is read
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


def damage(folder: pathlib.Path) -> list[str]:
    """Sentences on the pictures of a run that a page would show, and cannot.

    Args:
        folder: Folder of the run.
    """
    problems = {folder / name: _read(folder / name)[1] for name in captions(folder)}
    return [f"{path} {problem}: it is left out." for path, problem in problems.items() if problem]


def data_url(path: pathlib.Path) -> str | None:
    """An image file as a `data:` URL.

    Args:
        path: A PNG file.

    Returns:
        A WebP image, at most `WIDEST` pixels wide; None if the file is missing or no PNG image.
    """
    image, _ = _read(path)
    if image is None:
        return None
    small = max(image.size) <= _SMALL
    image.thumbnail((WIDEST, 4 * WIDEST))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=small, quality=_QUALITY, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _read(path: pathlib.Path) -> tuple[Image.Image | None, str]:
    """A PNG image in colors, or None and what is wrong with it; nothing is wrong if it is missing.

    Args:
        path: The file.
    """
    if not os.path.lexists(path):
        return None, ""
    try:
        with files.open_regular(path, _LARGEST) as file, Image.open(file, formats=["PNG"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None, f"has {image.width:,} x {image.height:,} pixels, which is too many"
            return image.convert("RGB"), ""
    except OSError as error:
        return None, f"cannot be read ({error.strerror or 'it is damaged, or no PNG image'})"
    except Exception:  # damaged images provoke most exceptions in Pillow
        return None, "cannot be read (it is damaged, or no PNG image)"
