"""What is checked before a run, in a second and without TensorFlow: names, numbers, data, folders.

Command lines and `tf_ssgan.train` are checked by the same functions.
"""

import os
import pathlib
from collections.abc import Iterable
from typing import Any

from tf_ssgan import methods
from tf_ssgan.common import cluster, errors, plain_text
from tf_ssgan.data import datasets, label_noise, splits
from tf_ssgan.training import config

# Flags that had another name in earlier versions: old -> new, with the same values.
RENAMED = {"clean_pct": "clean_fraction", "n_critic": "critic_steps"}


def refuse_old_names(given: Iterable[str]) -> None:
    """Raises UserError if a flag is given under its old name; the message says the new one."""
    for name in given:
        if name in RENAMED:
            raise errors.UserError(
                f"--{name} is now called --{RENAMED[name]}; its values are the same."
            )


def check_run(
    given: dict[str, Any], source: datasets.DataSource | None = None
) -> datasets.DataSource:
    """Checks names, numbers, data and the folder of the run.

    Args:
        given: Flags of a run that the user has set.
        source: The data set, if it has been looked up before.

    Returns:
        The data set, which is looked up once and keeps what was read of it.

    Raises:
        UserError: One of them cannot be used; the message says what to do.
    """
    settings = _check_values(given)
    cluster.read()
    source = source or settings.find_source()
    source.check()
    check_writable(pathlib.Path(settings.workdir or "runs"))
    # What is not given may come from the recipe, which needs TensorFlow.
    noise, noise_rate = (
        (settings.noise, _noise_rate(settings)) if "noise" in given else ("none", 0.0)
    )
    splits.check(
        settings.dataset,
        source.train_labels,
        source.classes,
        max(settings.labels, -1) if "labels" in given else 0,
        label_split=settings.label_split,
        split_seed=max(settings.split_seed, 0),
        validation=settings.validation,
        noise=noise,
        noise_rate=noise_rate,
        clean_fraction=settings.clean_fraction if "labels" in given else 0.0,
        held_out=source.train_held_out,
    )
    return source


def check_for_help(given: dict[str, Any]) -> datasets.DataSource:
    """Checks names and numbers, and that folders exist; reads no data.

    Args:
        given: Flags of a run that the user has set.

    Returns:
        The data set, of which nothing is read yet.

    Raises:
        UserError: One of them cannot be used; the message says what to do.
    """
    source = _check_values(given).find_source()
    source.check_location()
    return source


def _check_values(given: dict[str, Any]) -> config.Config:
    """Returns the configuration without hyperparameters, whose names and numbers are checked."""
    merged = config.run_defaults() | given
    settings = config.Config(**merged)  # types first: a method may be given as anything
    methods.check(settings.method)
    return settings


def _noise_rate(settings: config.Config) -> float:
    """The noise rate that was given, or the default of the kind of noise."""
    default = label_noise.DEFAULT_RATES.get(settings.noise, 0.0)
    return default if settings.noise_rate == -1 else settings.noise_rate


def check_writable(folder: pathlib.Path, flag: str = "workdir") -> None:
    """Checks that a folder can be made, or written to if it exists.

    Args:
        folder: The folder.
        flag: The flag that names it, for the message.

    Raises:
        UserError: The folder is a file, it (or the nearest folder above it) is not writable, or its
            name is not UTF-8, which TensorFlow cannot open.
    """
    above = folder.absolute()
    if not _is_utf8(str(above)):
        raise errors.UserError(
            f"--{flag}={plain_text.escape(str(folder))}: the folder's path holds bytes that are "
            "not UTF-8. Give a folder with another name."
        )
    while not os.path.exists(above):  # unlike Path.exists, this raises for no name
        above = above.parent
    if not above.is_dir():
        raise errors.UserError(f"--{flag}={folder}: {above} is a file. Give a folder.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise errors.UserError(
            f"--{flag}={folder}: {above} is not writable. Give a folder in which you can write."
        )


def _is_utf8(path: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in path)
