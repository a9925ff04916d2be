"""Folders of runs: the one that a run chooses itself, and those of the folds of a cross-validation.

The runs of the folds lie in one folder, as `fold-0`, `fold-1` and so on, beside their summary.
"""

import hashlib
import json
import pathlib
import re
from typing import Any

from tf_ssgan.common import errors, options
from tf_ssgan.common.plain_text import shell_word
from tf_ssgan.training import run_paths

ROOT = pathlib.Path("runs")
# Flags that came later: with these values, runs keep the folders that they had before.
LATER = {"folds": 0, "group_by": "", "class_weight": "none"}
SUMMARY = "cross_validation.json"  # in the folder of the folds


def default(settings: Any) -> pathlib.Path:
    """runs/<dataset>-<labels>-<method>-s<seed>-<hash of the identity>, and the fold below it.

    Args:
        settings: A `config.Config` with hyperparameters.
    """
    later = LATER | options.added_since(type(settings.hparams))
    identity = {
        name: value
        for name, value in settings.identity().items()
        if name != "fold" and (name not in later or value != later[name])
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    slug = re.sub(r"[^A-Za-z0-9_.]+", "_", settings.dataset).strip("_")[-40:]
    labels = "all" if settings.labels == -1 else settings.labels
    name = f"{slug}-{labels}-{settings.method}-s{settings.seed}-{digest[:8]}"
    return ROOT / name if settings.fold < 0 else of_fold(ROOT / name, settings.fold)


def of_fold(folder: pathlib.Path, fold: int) -> pathlib.Path:
    """The folder of the run of a fold, in the folder of all."""
    return folder / f"fold-{fold}"


def shown(folder: pathlib.Path) -> str:
    """The name of the folder of a run; that of a fold says of which runs."""
    if _is_fold(folder):
        return f"{folder.parent.name}/{folder.name}"
    return folder.name


def final_command(folder: pathlib.Path) -> str:
    """The command that trains as the run of a fold did, without folds.

    Args:
        folder: The folder of the run.
    """
    flags = shell_word(folder / "run.flags")
    to = shell_word(f"{folder.parent if _is_fold(folder) else folder}-final")
    return f"python train_main.py --flagfile={flags} --folds=0 --fold=-1 --workdir={to}"


def no_folds(dataset: str) -> str:
    """What the command of `final_command` does, and what it needs beside the runs of the folds.

    Args:
        dataset: Name of the data set.
    """
    if dataset.startswith("npz:"):
        return f"with the same flags and no folds (it needs {dataset[4:]}/test.npz)"
    if ":" in dataset:
        return (
            "with the same flags and no folds (if no test images are named, one in five is set "
            "aside)"
        )
    return "with the same flags and no folds"


def refuse_other_kind(folder: pathlib.Path, all_folds: bool) -> None:
    """Refuses the folder of a run for all folds, and the folder of folds for a run.

    Args:
        folder: The folder, which may not exist.
        all_folds: Whether the runs of all folds are to lie in it.

    Raises:
        UserError: It is of the other kind.
    """
    if all_folds:
        marks = [name for name in run_paths.RUN_MARKS if (folder / name).exists()]
        kind = "a run, and the runs of the folds need a folder of their own"
    else:
        marks = [*folder.glob(f"fold-*/{run_paths.CONFIG}"), *folder.glob(SUMMARY)]
        kind = "the runs of folds"
    if marks:
        raise errors.UserError(f"{folder} holds {kind}. Give another --workdir.")


def _is_fold(folder: pathlib.Path) -> bool:
    return bool(re.fullmatch("fold-[0-9]+", folder.name) and folder.parent.name)
