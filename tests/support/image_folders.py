"""Folders of pictures, drawn for the tests."""

import os
import pathlib

import numpy as np
from PIL import Image


def picture(path: pathlib.Path | str, label: int, seed: int, size=(20, 16), mode="RGB") -> None:
    """A square of the class's brightness among noise, never twice the same."""
    chance = np.random.default_rng([seed, label])
    pixels = chance.integers(0, 60, (size[1], size[0], 3), np.uint8) + np.uint8(60 * label)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)


def folder(root: pathlib.Path, labeled=10, unlabeled=6, test=4, kinds=("cat", "dog"), **options):
    """DIR/labeled, DIR/unlabeled and DIR/test; returns the data set's name."""
    for label, kind in enumerate(kinds):
        for part, count, first in (("labeled", labeled, 0), ("test", test, 500)):
            for number in range(count):
                path = root / part / kind / f"{number}.png"
                picture(path, label, first + number, **options)
    for number in range(unlabeled):
        picture(root / "unlabeled" / f"{number}.png", number % len(kinds), 900 + number, **options)
    return f"folder:{root}"
