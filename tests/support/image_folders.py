"""Folders of image files for the tests."""

import os
import pathlib

import numpy as np
from PIL import Image


def save_image(path: pathlib.Path | str, label: int, seed: int, size=(20, 16), mode="RGB") -> None:
    """Saves an image with the brightness of its class and some noise, different for each seed."""
    rng = np.random.default_rng([seed, label])
    pixels = rng.integers(0, 60, (size[1], size[0], 3), np.uint8) + np.uint8(60 * label)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)


def make_folder(
    root: pathlib.Path, labeled=10, unlabeled=6, test=4, classes=("cat", "dog"), **options
):
    """Makes DIR/labeled, DIR/unlabeled and DIR/test; returns the name of the data set.

    Args:
        root: DIR.
        labeled: Files per class.
        unlabeled: Files in all.
        test: Files per class.
        classes: Class names.
        **options: Options of `save_image`.
    """
    for label, name in enumerate(classes):
        for part, count, first in (("labeled", labeled, 0), ("test", test, 500)):
            for number in range(count):
                path = root / part / name / f"{number}.png"
                save_image(path, label, first + number, **options)
    for number in range(unlabeled):
        path = root / "unlabeled" / f"{number}.png"
        save_image(path, number % len(classes), 900 + number, **options)
    return f"folder:{root}"
