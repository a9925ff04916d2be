"""The error of the linear baseline by the strength of its penalty, and the seconds it takes.

python benchmarks/linear_baseline.py --datasets=digits,svhn,cifar10,fashion_mnist --data_dir=DIR

Few labels choose a penalty badly, so `metrics.linear_baseline` has a fixed one. Each row is the
mean over seeds of the error, in percent, on 1,000 training images that were not learned from; test
images have no part in it. Labels are so many of each of some classes ("20x10": 20 of each of 10),
or of three classes with so many each ("1:5:20").
"""

import argparse
import statistics
import time

import numpy as np

from tf_ssgan.data import datasets
from tf_ssgan.metrics import linear_baseline

STRENGTHS = (1.0, 1 / 3, 1 / 10, 1 / 30, 1 / 100, 1 / 1000)
LABELS = ("3x3", "10x10", "20x10", "1:5:20", "3:15:60")
JUDGES = 1_000


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", default="digits", help="names separated by commas")
    parser.add_argument("--data_dir", default="", help="folder of the data")
    parser.add_argument("--seeds", type=int, default=4, help="number of draws of labels")
    args = parser.parse_args()
    print("data set, labels: " + ", ".join(f"{value:.3g}" for value in STRENGTHS))
    for name in args.datasets.split(","):
        arrays = datasets.find(name, args.data_dir).load(datasets.ImageSpec())
        for labels in LABELS:
            draws = [measure(arrays, labels, seed) for seed in range(args.seeds)]
            means = map(statistics.fmean, zip(*draws, strict=True))
            print(f"{name}, {labels}: {', '.join(f'{error:.1f}' for error in means)}", flush=True)
        print(f"{name}, 2,000 labels: {seconds(arrays):.1f} s", flush=True)


def measure(arrays: datasets.Arrays, labels: str, seed: int) -> list[float]:
    """Errors in percent, one for each strength, of one draw of labels.

    Args:
        arrays: The data set.
        labels: As in `LABELS`.
        seed: Draws classes, labels and judging images.
    """
    rng, known = np.random.default_rng(seed), arrays.train_labels
    counts = counts_of(labels)
    kinds = rng.permutation(len(arrays.info.classes))[: len(counts)]
    ids = np.concatenate(
        [
            rng.permutation(np.flatnonzero(known == k))[:n]
            for k, n in zip(kinds, counts, strict=True)
        ]
    )
    rest = np.setdiff1d(np.flatnonzero(np.isin(known, kinds)), ids)
    judges = rng.permutation(rest)[:JUDGES]
    found = []
    for strength in STRENGTHS:
        linear_baseline.LOGISTIC = strength
        answers = linear_baseline.learn_and_answer(
            arrays.train_images, ids, known[ids], arrays.train_images[judges]
        )
        found.append(100 * float((answers.predicted != known[judges]).mean()))
    return found


def counts_of(labels: str) -> list[int]:
    """The number of labels of each class, of which one is as in `LABELS`."""
    if "x" in labels:
        each, classes = map(int, labels.split("x"))
        return [each] * classes
    return [int(word) for word in labels.split(":")]


def seconds(arrays: datasets.Arrays) -> float:
    """Seconds for up to 2,000 labels and all test images."""
    linear_baseline.LOGISTIC = 1 / 30
    ids, began = np.arange(min(2_000, len(arrays.train_labels))), time.perf_counter()
    linear_baseline.learn_and_answer(
        arrays.train_images, ids, arrays.train_labels[ids], arrays.test_images
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
