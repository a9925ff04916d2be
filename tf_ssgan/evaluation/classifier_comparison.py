"""How often classifiers are right, and which of two is better on the same images."""

import dataclasses
from typing import Any

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import content_hash, dataset_info, datasets
from tf_ssgan.evaluation import reference_network
from tf_ssgan.metrics import significance
from tf_ssgan.training import build


def compare(runs: list[build.Run], dataset: str, data_dir: str) -> list[dict[str, Any]]:
    """Asks classifiers about their test images, and about those of another data set.

    Args:
        runs: A run, and perhaps one that it is compared with, which learned the same classes from
            images of the same shape.
        dataset: Name of a data set to judge on besides; empty for none.
        data_dir: Folder of its images.

    Returns:
        For each set of images, for `json.dump`: how many there are, the error in percent with its
        binomial standard error, on another data set how much higher it is than on the run's own
        test images ("drop"), and under "against" the same of the other run and what McNemar's test
        says, unless it had other test images.

    Raises:
        UserError: The data set has other images or classes than the run.
    """
    own = [_right(run, run.arrays) for run in runs]
    paired = len(runs) == 1 or same_test_images(*runs)
    found = [_entry(runs[0].config.dataset, runs, own if paired else own[:1], [])]
    if dataset and dataset != runs[0].config.dataset:
        other = load(dataset, data_dir, runs[0])
        right = [_right(run, other) for run in runs]
        found.append(_entry(dataset, runs, right, [_line(answers) for answers in own]))
    return found


def load(name: str, data_dir: str, run: build.Run) -> dataset_info.Arrays:
    """Loads a data set to judge a run on.

    Raises:
        UserError: It has other images or classes than the run's.
    """
    card = run.arrays.info
    form = datasets.Form(card.height, str(card.channels), card.fit)
    found = datasets.load(name, data_dir or None, form)
    check_alike(f"--dataset={name}", found.info, run)
    return found


def check_alike(what: str, card: dataset_info.DatasetInfo, run: build.Run) -> None:
    """Refuses images or classes other than a run's.

    Args:
        what: Whose card it is, as a person said it.
        card: Describes them.
        run: The run.

    Raises:
        UserError: Saying how they differ.
    """
    mine = run.arrays.info
    if (mine.shape, mine.classes) != (card.shape, card.classes):
        raise errors.UserError(
            f"{what} has images {card.shape} of {len(card.classes)} classes "
            f"({card.classes[0]}, ...), the run learned {mine.shape} of {len(mine.classes)} "
            f"({mine.classes[0]}, ...). Only runs and data sets alike are judged together."
        )


def same_test_images(one: build.Run, two: build.Run) -> bool:
    """Whether two runs are judged on the same images, in the same order."""
    mine, theirs = one.arrays, two.arrays
    return np.array_equal(mine.test_labels, theirs.test_labels) and np.array_equal(
        content_hash.keys(mine.test_images), content_hash.keys(theirs.test_images)
    )


def _entry(
    name: str, runs: list[build.Run], right: list[np.ndarray], before: list[dict[str, float]]
) -> dict[str, Any]:
    """What is found on one set of images, and by how much it is worse than `before`."""
    lines = [_line(answers) for answers in right]
    for line, own in zip(lines, before, strict=False):
        line["drop"] = line["test_error"] - own["test_error"]
    entry = {"dataset": name, "images": len(right[0])} | lines[0]
    if len(right) > 1:
        paired = dataclasses.asdict(significance.mcnemar(*right))
        entry["against"] = {"run": str(runs[1].workdir)} | lines[1] | paired
    return entry


def _right(run: build.Run, arrays: dataset_info.Arrays) -> np.ndarray:
    """Which test images the shipped classifier of a run names rightly, bool [n]."""
    logits = reference_network.outputs(
        run.method.exported_classifier, arrays.test_images, "classifying"
    )["logits"]
    return logits.argmax(axis=-1) == arrays.test_labels


def _line(right: np.ndarray) -> dict[str, float]:
    wrong = 1.0 - float(right.mean())
    deviation = (wrong * (1 - wrong) / len(right)) ** 0.5
    return {"test_error": 100 * wrong, "standard_error": 100 * deviation}
