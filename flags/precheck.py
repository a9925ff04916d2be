"""The first look at a command line: what can be answered before TensorFlow is imported."""

import os
import pathlib
from typing import Any

from absl import flags as absl_flags

from flags import dataclass_flags
from tf_ssgan import methods
from tf_ssgan.common import errors
from tf_ssgan.data import datasets, label_noise, splits
from tf_ssgan.training import config


def given_flags(argv: list[str]) -> dict[str, Any]:
    """The flags of every run that are set on a command line; others are left for later."""
    known = absl_flags.FlagValues()
    dataclass_flags.define(config.run_fields(), config.Config, known)
    return dataclass_flags.values(known, argv, known_only=True)


def check_command_line(given: dict[str, Any], data: bool = True) -> None:
    """Refuses unknown names, impossible numbers, missing data and unusable folders.

    Args:
        given: Flags of a run that a person has set.
        data: Whether to look at the data too.

    Raises:
        UserError: What was expected, what came, what to do.
    """
    merged = {f.name: f.default for f in config.run_fields()} | given
    methods.check(merged["method"])
    known = config.Config(**merged)
    datasets.check(known.dataset, known.data_dir or None)
    if not data:
        return
    check_writable(pathlib.Path(known.workdir or "runs"))
    labels, classes = datasets.train_labels(known.dataset, known.data_dir or None)
    # What is not given may be the recipe's, which TensorFlow would be needed for.
    noise = (known.noise, _rate(known)) if "noise" in given else ("none", 0.0)
    splits.make(
        known.dataset,
        labels,
        classes,
        max(known.labels, -1) if "labels" in given else 0,
        known.label_split,
        max(known.split_seed, 0),
        known.validation,
        *noise,
        clean_fraction=known.clean_fraction if "labels" in given else 0.0,
    )


def _rate(known: config.Config) -> float:
    """The rate of noise that was given, or that its kind has."""
    own = label_noise.OWN_RATES.get(known.noise, 0.0)
    return own if known.noise_rate == -1 else known.noise_rate


def check_writable(folder: pathlib.Path, flag: str = "workdir") -> None:
    """Refuses a folder in which nothing can be made.

    Args:
        folder: Which; it need not be there.
        flag: What the command line calls it.

    Raises:
        UserError: It is a file, or it (or the nearest folder above it) is not writable.
    """
    above = folder.absolute()
    while not os.path.exists(above):  # unlike Path.exists, no name and no folder makes it raise
        above = above.parent
    if not above.is_dir():
        raise errors.UserError(f"--{flag}={folder}: {above} is a file. Give a folder.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise errors.UserError(
            f"--{flag}={folder}: {above} is not writable. Give a folder in which you can write."
        )
