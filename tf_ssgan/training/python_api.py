"""Training and opening runs from Python: what `tf_ssgan.train` and `tf_ssgan.load` do.

As on a command line, mistakes in names, numbers, data and folders are reported before TensorFlow is
imported.
"""

import contextlib
import dataclasses
import os
import pathlib
import random
import sys
import threading
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tf_ssgan import methods
from tf_ssgan.common import errors, keras_settings, paths, plain_text, startup
from tf_ssgan.common.options import check_values, plain_path
from tf_ssgan.training import config, precheck
from tf_ssgan.training.workdir import Workdir

if TYPE_CHECKING:
    from tf_ssgan.training.classifier import Classifier


# The seeds and the number format of layers belong to the process, so threads take turns.
_ONE_AT_A_TIME = threading.Lock()


def train(
    method: str,
    dataset: str,
    options: Mapping[str, Any],
    train_folds: Callable[[config.Config], dict[str, Any]],
) -> dict[str, Any]:
    """Trains, and prints a summary of the result, see `tf_ssgan.train`.

    Args:
        method: Name of a method.
        dataset: Name of a data set.
        options: Flags of every run and hyperparameters of the method.
        train_folds: Trains a run for each fold, if the options say so.

    Returns:
        What `result.json` holds, or what `train_folds` returned.

    Raises:
        UserError: The configuration, the data or the folder are wrong, or training was stopped.
    """
    with plain_text.escaped_output():
        settings = configure(method, dataset, options)
        if settings.trains_all_folds:
            return train_folds(settings)
        from tf_ssgan.training import loop, summary  # TensorFlow: after the options are understood

        with _ONE_AT_A_TIME, _keep_random_state():
            result = loop.run(settings)
        if result:
            print(summary.format_summary(result, settings.workdir))
    return result


def configure(method: str, dataset: str, options: Mapping[str, Any]) -> config.Config:
    """Checks and resolves the options of a run as the command line does.

    Raises:
        UserError: A name is unknown, a value has another type or is out of range, the data cannot
            be loaded, or the folder cannot be written to.
    """
    paths.check_working_folder()
    precheck.refuse_old_names(options)
    given = plain_values(config.Config, {"method": method, "dataset": dataset, **options})
    run_names = config.run_defaults()
    source = precheck.check_run({k: v for k, v in given.items() if k in run_names})
    with _quiet_import():
        hparams = methods.find(given["method"]).HParams
    config.check_names(given["method"], options)
    given = plain_values(hparams, given)
    check_values(hparams, given)  # their types, before recipes look at them
    return config.configure(**given, source=source)


def load(folder: str | os.PathLike[str]) -> "Classifier":
    """Opens the folder of a run, see `tf_ssgan.load`.

    Raises:
        UserError: It is not the folder of a run that has saved, or is damaged.
    """
    paths.check_working_folder()
    path = _folder(folder)
    workdir = Workdir(path)
    workdir.require_flags()
    workdir.require_checkpoint()
    with _quiet_import():
        from tf_ssgan.training import classifier
    with _ONE_AT_A_TIME, _keep_random_state():
        return classifier.open_run(path)


def plain_values(dataclass: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a command line would give them; values of another type are left as they are.

    Numpy scalars become numbers of Python, and paths become texts in which ~ is the home folder.
    The number 3 becomes 3.0 for an option that may be a fraction, and "3" for an option whose
    choices are texts, so that the run has the same folder.

    Args:
        dataclass: The dataclass of some of the options.
        given: Name of an option -> value.
    """
    kinds = typing.get_type_hints(dataclass)
    fields = {field.name: field for field in dataclasses.fields(dataclass)}
    return {
        name: plain_path(fields[name], _plain(value, kinds[name])) if name in fields else value
        for name, value in given.items()
    }


def _plain(value: Any, kind: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if type(value) is int and kind is float:
        with contextlib.suppress(OverflowError):  # which is no number for the option
            return float(value)
    if type(value) is int and typing.get_origin(kind) is Literal:
        return str(value)
    return value


def _folder(folder: Any) -> pathlib.Path:
    """The path of a folder that may be that of a run.

    Raises:
        UserError: It is not a path, or holds an exported model.
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise errors.UserError(
            f"load expects the path of a run's folder, got {type(folder).__name__}. Give the "
            "workdir of the run."
        )
    path = pathlib.Path(paths.local(os.fspath(folder)))
    exported = []
    if os.path.isdir(path):
        exported = [*path.glob("saved_model.pb"), *path.glob("*/saved_model.pb")]
    if exported and not os.path.exists(Workdir(path).config_file):
        raise errors.UserError(
            f"{path} holds an exported model, not a run. Give the folder of the run, or classify "
            f"with python -m export.predict --model={plain_text.shell_word(path)}"
        )
    return path


@contextlib.contextmanager
def _quiet_import() -> Iterator[None]:
    """Hides TensorFlow's start-up messages, unless the caller has started it already."""
    if "tensorflow" in sys.modules:
        keras_settings.enforce()  # the caller may have changed them
        yield
        return
    with startup.start_up():
        yield


@contextlib.contextmanager
def _keep_random_state() -> Iterator[None]:
    """Gives the caller's random numbers back: a run seeds the generators of the whole process."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
