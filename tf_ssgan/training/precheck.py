"""What is checked before a run, in a second and without TensorFlow: names, numbers, data, folders.

Command lines and `tf_ssgan.train` are checked by the same functions.
"""

import errno
import os
import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from tf_ssgan import methods
from tf_ssgan.common import cluster, errors, files, library_folders, plain_text
from tf_ssgan.data import checked_labels, datasets, fold_checks, label_noise, splits
from tf_ssgan.training import config, run_folders

_TRIED = ".trying"  # begins the name of a file that is made for a moment
_LONGEST_PATH = 3_800  # bytes; Linux has 4,096 for a file, of which the longest names take 200

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
    """Checks names, numbers, the folder of the run and its data.

    Args:
        given: Flags of a run that the user has set.
        source: The data set, if it has been looked up before.

    Returns:
        The data set, which is looked up once and keeps what was read of it.

    Raises:
        UserError: One of them cannot be used; the message says what to do.
    """
    settings = _check_values(given)
    folder = pathlib.Path(settings.workdir or "runs")
    check_writable(folder)
    if given.get("workdir") and folder.exists():
        from tf_ssgan.training import workdir  # imports pydantic, a tenth of a second

        run_folders.refuse_other_kind(folder, settings.trains_all_folds)
        workdir.Workdir(folder).refuse_other_files()
    return check_data(given, source)


def check_data(
    given: dict[str, Any], source: datasets.DataSource | None = None
) -> datasets.DataSource:
    """Checks names, numbers and data; as `check_run`, without the folder of the run."""
    settings = _check_values(given)
    hosts = cluster.read()
    if settings.trains_all_folds and hosts and len(hosts.workers) > 1:
        raise errors.UserError(
            f"--folds={settings.folds} trains its runs one after another on one machine. On "
            "several (TF_CONFIG), give --fold=0, then --fold=1 and so on."
        )
    source = source or settings.find_source()
    source.check()
    parts, default_pool = _training_images(settings, source)
    if parts["checked"] is not None:
        checked_labels.check_fraction(settings.clean_fraction)
    # What is not given may come from the recipe, which needs TensorFlow.
    noise, noise_rate = (
        (settings.noise, _noise_rate(settings)) if "noise" in given else ("none", 0.0)
    )
    splits.check(
        settings.dataset,
        parts.pop("train_labels"),
        source.classes,
        max(settings.labels, -1) if "labels" in given else 0,
        label_split=settings.label_split,
        split_seed=max(settings.split_seed, 0),
        validation=settings.validation,
        noise=noise,
        noise_rate=noise_rate,
        clean_fraction=settings.clean_fraction if "labels" in given else 0.0,
        default_pool=default_pool,
        **parts,
    )
    return source


def _training_images(
    settings: config.Config, source: datasets.DataSource
) -> tuple[dict[str, np.ndarray | None], int | None]:
    """The labels that a run trains with, and what is known of them: arguments of `splits.check`.

    Which images a fold tests is known when they are read; here, as many as the smallest fold has of
    each class are missing.

    Raises:
        UserError: There are too few labeled images for so many folds.
    """
    labels, held_out = source.train_labels, source.train_held_out
    groups = source.train_groups
    parts = {"train_labels": labels, "held_out": held_out, "image_groups": groups,
             "checked": source.train_checked}  # fmt: skip
    if not settings.folds:
        return parts, None
    tested = labels >= 0 if held_out is None else (labels >= 0) & ~held_out
    units = None if groups is None else groups[tested]
    fold_checks.check(labels[tested], source.classes, settings.folds, units)
    kept = np.ones(len(labels), bool)
    checked = np.zeros(len(labels), bool) if parts["checked"] is None else parts["checked"]
    for label in range(len(source.classes)):
        own = np.flatnonzero(tested & (labels == label))
        # Every so many of them, so that a fold leaves its part of the checked ones and the others.
        own = own[np.argsort(~checked[own], kind="stable")]
        kept[own[: len(own) // settings.folds * settings.folds : settings.folds]] = False
    total = int((tested & splits.may_be_held_out(labels, parts["checked"])).sum())
    # How large whole groups make the largest fold shows when it is made; here none are held out.
    default_pool = total - -(-total // settings.folds) if groups is None else 0
    return {k: None if part is None else part[kept] for k, part in parts.items()}, default_pool


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
    """Checks that a folder can be made, or written to if it exists; leaves nothing behind.

    Args:
        folder: The folder.
        flag: The flag that names it, for the message.

    Raises:
        UserError: The folder is a file or a link to nothing, it (or the nearest folder above it) is
            not writable, no folder can have its name, its path is too long, or its name is not
            UTF-8, which TensorFlow cannot open.
    """
    above = folder.absolute()
    if not _is_utf8(str(above)):
        raise errors.UserError(
            f"--{flag}={plain_text.escape(str(folder))}: the folder's path holds bytes that are "
            "not UTF-8. Give a folder with another name."
        )
    if len(os.fsencode(above)) > _LONGEST_PATH:
        raise errors.UserError(
            f"--{flag}={plain_text.shorten(str(folder), 100)}: the folder's path is longer than "
            f"{_LONGEST_PATH:,} bytes, and its files need names too. Give a shorter one."
        )
    while not os.path.lexists(above):  # unlike methods of Path, this raises for no name
        above = above.parent
    problem = "" if os.path.isdir(above) else "is a file"
    if not os.path.exists(above):
        problem = "is a link to nothing"
    if problem:
        raise errors.UserError(f"--{flag}={folder}: {above} {problem}. Give a folder.")
    _try_to_write(folder, above, flag)


def _try_to_write(folder: pathlib.Path, above: pathlib.Path, flag: str) -> None:
    """Makes a file for a moment, which says more than permissions do.

    The superuser passes over these, but not over read-only disks or folders of the system.
    """
    problem = "" if os.access(above, os.W_OK | os.X_OK) else "is not writable"
    if not problem:
        files.remove_leftovers(above, [_TRIED])  # of processes that were killed in between
        tried = pathlib.Path(files.partial_name(above / _TRIED))
        try:
            tried.touch()
            tried.unlink(missing_ok=True)
            _check_names(folder.absolute().relative_to(above), above)
        except OSError as error:
            problem = f"is not writable ({error.strerror})"
    if problem:
        raise errors.UserError(
            f"--{flag}={folder}: {above} {problem}. Give a folder in which you can write."
        )
    library_folders.fall_back([str(above)])


def _check_names(folders: pathlib.Path, above: pathlib.Path) -> None:
    """Raises OSError if the disk of a folder takes no names as long as those of some folders."""
    longest = os.pathconf(above, "PC_NAME_MAX")
    if any(len(os.fsencode(name)) > longest for name in folders.parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


def _is_utf8(path: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in path)
