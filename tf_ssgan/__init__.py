"""Image classifiers from few labels, with semi-supervised GANs, in Keras and TensorFlow.

    import tf_ssgan

    result = tf_ssgan.train("frgan", "digits", max_steps=300, workdir="runs/first")
    classifier = tf_ssgan.load("runs/first")
    probabilities = classifier.predict(images)

`UserError` is the error of all mistakes that a caller can fix; its message says what to do.
Importing this package imports neither TensorFlow nor numpy: `train` and `load` do it when they are
called.
"""

from tf_ssgan.common import interrupts

interrupts.end_while_importing()  # before anything else is imported

import os  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

from tf_ssgan.common import keras_settings, library_folders, supported_systems  # noqa: E402
from tf_ssgan.common.errors import UserError  # noqa: E402
from tf_ssgan.common.version import __version__  # noqa: E402

if TYPE_CHECKING:
    from tf_ssgan.training.classifier import Classifier

__all__ = ["UserError", "__version__", "load", "train"]

supported_systems.require()  # before any module that needs what other systems lack
library_folders.prepare()
keras_settings.enforce()  # before any module of this package imports Keras


def train(method: str, dataset: str = "digits", **options: Any) -> dict[str, Any]:
    """Trains a classifier, continues its training, or returns the result of a finished run.

    It does what `train_main.py` does, prints the same lines, and writes the same files to the
    folder of the run. Ctrl-C and SIGTERM stop the run after a step and save it, if it is trained in
    the main thread; a second Ctrl-C ends the process. Threads that call it take turns. The random
    state of Python and numpy stays as it was.

    Args:
        method: Name of a method, such as "frgan".
        dataset: Name of a data set, "folder:DIR", "csv:FILE" or "npz:DIR".
        **options: Flags of `train_main.py` and hyperparameters of the method, such as `labels=100`,
            `learning_rate=1e-3` or `deterministic=True`. What is not given has the same value as on
            the command line; `python train_main.py --method=frgan --help` shows all names and
            values. Numbers may be numpy scalars, and folders `pathlib` paths. Without `workdir` the
            folder is runs/<dataset>-... in the working directory, and its name is printed.

    Returns:
        What `result.json` holds, such as "test_error" in percent with its 95 % interval,
        "class_recall", the counts of each class, and "linear", the error of a linear classifier of
        the same labels; empty on workers of a cluster that are not the chief. With `folds=5` a run
        for each fold is trained, in processes of their own, and this is what
        `cross_validation.json` holds: "test_error" and "test_error_interval" of all labeled images,
        "folds", and "runs" with the error of each.

    Raises:
        UserError: A name, a value, the data or the folder cannot be used, training diverged
            (`Diverged`), or a signal stopped it (`Interrupted`).
    """
    from tf_ssgan.common import requirements

    requirements.check()
    from tf_ssgan.training import python_api

    def train_folds(settings: Any) -> dict[str, Any]:
        from tf_ssgan.launch import cross_validation  # imports TensorFlow

        return cross_validation.run(settings)

    return python_api.train(method, dataset, options, train_folds)


def load(folder: str | os.PathLike[str]) -> "Classifier":
    """Opens the folder of a run and returns its classifier; the data of the run are not needed.

    Args:
        folder: The `workdir` of a run that has saved at least once; it may still be training.

    Returns:
        The exported classifier with the newest saved weights. Its probabilities have the fitted
        temperature; it is 1 if the run is not finished, or holds out too few images to fit one.

    Raises:
        UserError: It is not the folder of a run, its files are damaged, or of another version.
    """
    from tf_ssgan.common import requirements

    requirements.check()
    from tf_ssgan.training import python_api

    return python_api.load(folder)
