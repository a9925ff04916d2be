"""Whether the data of a run are those that it began with: they are loaded, and compared.

A run that is finished answers, and one that was stopped goes on, only with the same images and
labels, test images included. Where they lie and what the files are called does not matter.
"""

import dataclasses
import pathlib
import sys
from typing import Any

from tf_ssgan.common import errors, plain_text
from tf_ssgan.data import content_hash, datasets, fingerprint, folds
from tf_ssgan.nn import distribution
from tf_ssgan.training import config, manifests
from tf_ssgan.training.workdir import Workdir


def finished_result(workdir: Workdir, settings: config.Config) -> dict[str, Any] | None:
    """The result of a run that has taken all its steps on the data that are there now, or None.

    Raises:
        UserError: The data changed, or as `Workdir.finished_result`.
    """
    try:
        result = workdir.finished_result(settings)
    except errors.UserError:
        _refuse_changed_data(settings)  # from which recipes, and hence flags, may follow
        raise
    if result:
        damage = workdir.read_metrics().describe_damage(workdir.metrics_file)
        print(damage, end="\n" if damage else "", flush=True)
        now = fingerprint.record(load_arrays(settings))
        workdir.refuse_other_data(result["data_sha256"], now)
        if distribution.is_chief():
            workdir.keep_data_record(now)
    return result


def load_arrays(settings: config.Config) -> datasets.Arrays:
    """Loads the data of a run, sorted by their contents; those of its fold, if it has one.

    Raises:
        UserError: They cannot be found, read or divided, or the settings are those of all folds.
    """
    if settings.trains_all_folds:
        raise errors.UserError(
            f"--folds={settings.folds} are {settings.folds} runs. Give --fold=0 to "
            f"--fold={settings.folds - 1} for one of them."
        )
    whole = load_whole(settings)
    if not settings.folds:
        return whole
    return folds.take(whole, settings.folds, settings.fold, settings.split_seed)


def load_whole(settings: config.Config) -> datasets.Arrays:
    """Loads a data set, sorted by its contents; with folds, all labeled images are for training.

    Raises:
        UserError: It cannot be found or read.
    """
    loaded = settings.find_source().load(settings.image_spec)
    for sentence in folds.left_out(loaded, settings.folds) if settings.folds else ():
        print(plain_text.escape(sentence), file=sys.stderr)
    return content_hash.sort_by_content(loaded)


def of_checkpoint(saved: manifests.SavedCheckpoint | None) -> str | None:
    """The fingerprint of the data that a checkpoint has learned from."""
    return saved.manifest["data_sha256"] if saved else None


def of_result(workdir: Workdir) -> str | None:
    """The fingerprint of the data of a finished run, whose checkpoints may be gone."""
    result = workdir.read_result()
    return result["data_sha256"] if result else None


def as_begun(
    settings: config.Config, workdir: Workdir, saved: manifests.SavedCheckpoint | None
) -> config.Config:
    """The settings of a run, with as many held-out images as it has had since it began.

    The default of --validation may have been another then. Runs with groups or folds have always
    had that of today, of which whole groups hold out only about as many.

    Args:
        settings: Its configuration.
        workdir: Its folder.
        saved: Its newest checkpoint, if there is one.
    """
    if settings.validation != -1 or settings.group_by or settings.folds:
        return settings
    if saved:
        return dataclasses.replace(
            settings, validation=len(saved.manifest["protocol"]["validation_ids"])
        )
    result = workdir.read_result()
    return dataclasses.replace(settings, validation=result["validation_images"] if result else -1)


def _refuse_changed_data(settings: config.Config) -> None:
    """Raises UserError if the folder holds such a run, by its data set, on data that changed.

    Nothing is read if it holds none, or one of another method or data set.

    Raises:
        UserError: The data changed; or they cannot be read.
    """
    workdir = Workdir(pathlib.Path(settings.workdir))
    try:
        flags, record = workdir.read_flags() or {}, workdir.read_data_record()
    except errors.UserError:
        return  # the caller has a mistake to report, perhaps this one
    if record and all(flags.get(k) == getattr(settings, k) for k in ("method", "dataset")):
        # In the form of then: the usual one follows from the files.
        names = ("image_size", "channels", "fit", "group_by", "folds", "fold", "split_seed")
        form = {name: flags.get(name, config.run_defaults()[name]) for name in names}
        try:
            then = dataclasses.replace(settings, source=None, **form)
        except errors.UserError:
            return
        workdir.refuse_other_data(record.sha256, fingerprint.record(load_arrays(then)))
