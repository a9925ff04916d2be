"""Writes a part of a known data set as a folder of image files, to try the steps of own images.

    python examples/own_images/from_dataset.py --dataset=cifar10 --classes=cat,dog,ship \
        --labels=3,15,60 --unlabeled=2000 --test=300 --to=pets

writes pets/labeled/<class>/, pets/unlabeled/ and pets/test/<class>/ as PNG files of the same
pixels; a slash in the name of a class becomes a hyphen. Labeled and unlabeled images are drawn at
random from the training images of these classes, test images from the test images. The same seed
gives the same files.
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tf_ssgan.common import errors
from tf_ssgan.data import datasets


def main() -> None:
    """Writes the folder that the command line asks for, and prints how many images it has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True, help="a known data set, such as cifar10")
    parser.add_argument("--data_dir", default="", help="folder of its data, as in train_main.py")
    parser.add_argument("--classes", default="", help="names separated by commas; all by default")
    parser.add_argument("--labels", default="20", help="labeled images a class, or of each class")
    parser.add_argument("--unlabeled", type=int, default=1000, help="unlabeled images in all")
    parser.add_argument("--test", type=int, default=300, help="test images in all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the choice")
    parser.add_argument("--to", type=pathlib.Path, required=True, help="folder to fill")
    args = parser.parse_args()
    try:
        arrays = datasets.find(args.dataset, args.data_dir).load(datasets.ImageSpec())
        names = args.classes.split(",") if args.classes else list(arrays.info.classes)
        labels = [int(word) for word in args.labels.split(",")]
        write(args.to, arrays, names, labels, args.unlabeled, args.test, args.seed)
    except (errors.UserError, ValueError) as error:
        sys.exit(str(error))


def write(
    to: pathlib.Path,
    arrays: datasets.Arrays,
    names: Sequence[str],
    labels: Sequence[int],
    unlabeled: int,
    test: int,
    seed: int = 0,
) -> None:
    """Writes the folder.

    Args:
        to: The folder; it must not exist.
        arrays: The data set.
        names: The classes to take.
        labels: Labeled images of each class, or one number for all of them.
        unlabeled: Unlabeled images of all these classes together.
        test: Test images of all these classes together.
        seed: Seed of the choice.

    Raises:
        ValueError: A class is unknown, or has too few images; or the folder exists.
    """
    if to.exists():
        raise ValueError(f"{to} exists. Give a new folder.")
    if unknown := [name for name in names if name not in arrays.info.classes]:
        raise ValueError(f"{unknown[0]!r} is no class of {arrays.info.name}.")
    labels = list(labels) * len(names) if len(labels) == 1 else labels
    if len(labels) != len(names):
        raise ValueError(f"--labels has {len(labels)} numbers for {len(names)} classes.")
    kinds = [arrays.info.classes.index(name) for name in names]
    rng = np.random.default_rng(seed)
    chosen = [_draw(rng, arrays.train_labels, [k], n) for k, n in zip(kinds, labels, strict=True)]
    rest = arrays.train_labels.copy()
    rest[np.concatenate(chosen)] = -1
    folders = [name.replace("/", "-") for name in names]
    for name, ids in zip(folders, chosen, strict=True):
        _save(to / "labeled" / name, arrays.train_images, ids)
    _save(to / "unlabeled", arrays.train_images, _draw(rng, rest, kinds, unlabeled))
    tested = _draw(rng, arrays.test_labels, kinds, test)
    for name, kind in zip(folders, kinds, strict=True):
        _save(to / "test" / name, arrays.test_images, tested[arrays.test_labels[tested] == kind])
    counts = ", ".join(f"{name} {n}" for name, n in zip(names, labels, strict=True))
    print(f"{to}: labeled {counts}; {unlabeled:,} unlabeled; {test:,} for testing")


def _draw(
    rng: np.random.Generator, labels: np.ndarray, kinds: Sequence[int], count: int
) -> np.ndarray:
    """Draws `count` ids of images of some classes."""
    ids = np.flatnonzero(np.isin(labels, kinds))
    if len(ids) < count:
        raise ValueError(f"{count:,} images are wanted, and there are {len(ids):,}.")
    return rng.permutation(ids)[:count]


def _save(folder: pathlib.Path, images: np.ndarray, ids: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in ids:
        pixels = images[number]
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(
            folder / f"{number:05}.png"
        )


if __name__ == "__main__":
    main()
