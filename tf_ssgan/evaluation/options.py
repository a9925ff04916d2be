"""The options of an evaluation, and checks of them that need no TensorFlow."""

import contextlib
import dataclasses
import pathlib
from typing import Any

from tf_ssgan.common import errors, files, options
from tf_ssgan.common.options import LARGEST_SEED, option
from tf_ssgan.data import dataset_info, datasets
from tf_ssgan.training import precheck
from tf_ssgan.training.workdir import Workdir

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """The flags of the program; at least one of `dataset`, `against`, `generator` is given."""

    run: str = option("", "Folder of the finished run to evaluate.", path="folder")
    dataset: str = option(
        "",
        "Data set that judges the classifier, say cifar10_1/v6 or folder:DIR: by the test images "
        "that it declares, or else by all its labeled images. Images that the run knows are left "
        "out. Its classes are matched by name.",
        path="dataset",
    )
    data_dir: str = option(
        "",
        "Folder of this data set. The run's own data are read from it too if they are no longer "
        "where the run read them.",
        path="folder",
    )
    against: str = option(
        "",
        "Folder of another run of the same classes. McNemar's test compares the two classifiers on "
        "the test images of the runs, and on those of --dataset.",
        path="folder",
    )
    generator: bool = option(
        False,
        "Evaluate the generator: Inception Score, Frechet distance, kernel distance, image grids, "
        "interpolations, truncated latents, and a t-SNE.",
    )
    inception: str = option(
        "",
        "Weights of keras.applications.InceptionV3 (*.h5), a second reference network. It is not "
        "the Inception of published Frechet distances: its scores can only be compared with scores "
        "by this file.",
        path="file",
    )
    images: int = option(
        5000,
        "Number of images to generate; 50,000 in the literature. Scores use at most as many of "
        "them as there are real ones to stand beside.",
        low=100,
        high=10**6,
    )
    minutes: float = option(
        5.0, "Time limit for training the reference classifier, in minutes.", low=0.01, high=10
    )
    seed: int = option(
        0,
        "Seed that selects the latents, and the images that are compared.",
        low=0,
        high=LARGEST_SEED,
    )

    @property
    def workdir(self) -> pathlib.Path:
        """Folder of the run."""
        return pathlib.Path(self.run)

    @property
    def other(self) -> pathlib.Path | None:
        """Folder of the run that it is compared with."""
        return pathlib.Path(self.against) if self.against else None


@dataclasses.dataclass(frozen=True)
class EvaluationSources:
    """The data that an evaluation reads.

    Attributes:
        runs: Those of the run, and of the run that it is compared with.
        dataset: Those of `--dataset`.
    """

    runs: tuple[datasets.DataSource, ...]
    dataset: datasets.DataSource | None = None


def check(chosen: EvaluateOptions) -> EvaluationSources:
    """Refuses what cannot be evaluated, within about a second.

    Returns:
        The data that the evaluation reads.

    Raises:
        UserError: An option is missing or out of range, a folder, a file or data are not there, a
            run is not finished or damaged, or its images or classes are known to be unlike the
            run's.
    """
    options.check(chosen)
    if not chosen.run:
        raise errors.UserError("--run is missing. It takes the folder of a run; see --help.")
    if not (chosen.dataset or chosen.against or chosen.generator):
        raise errors.UserError(
            "Nothing to evaluate: give at least one of --dataset=NAME, --against=FOLDER and "
            "--generator."
        )
    own = Workdir(chosen.workdir).require_finished()
    precheck.check_writable(chosen.workdir, "run")
    if chosen.against:
        _check_against(chosen, own)
    if chosen.inception:
        _check_inception(chosen)
    sources = find_sources(chosen)
    if chosen.dataset:
        _check_known(f"--dataset={chosen.dataset}", chosen.dataset, own["dataset"])
    return sources


def check_alike(
    name: str,
    other: dataset_info.DatasetInfo | dataset_info.KnownDataset,
    own: dataset_info.DatasetInfo | dataset_info.KnownDataset,
) -> None:
    """Refuses images or classes unlike those of the run.

    Args:
        name: The option that named the other run or data set.
        other: Describes its images.
        own: Describes the run's images.

    Raises:
        UserError: Saying how they differ.
    """
    if (own.shape, own.classes) != (other.shape, other.classes):
        raise errors.UserError(
            f"{name} has images {other.shape} of {len(other.classes)} classes "
            f"({other.classes[0]}, ...), the run learned {own.shape} of {len(own.classes)} "
            f"({own.classes[0]}, ...). Give one with the same image size and the same classes."
        )


def find_sources(chosen: EvaluateOptions) -> EvaluationSources:
    """Finds the data that an evaluation reads.

    The data of a run are where the run read them, or else in `--data_dir`. Those of `--dataset` are
    in `--data_dir`; without one, with the data of the run, or else in the usual place.

    Raises:
        UserError: A data set is unknown, or is not there.
    """
    folders = [folder for folder in (chosen.workdir, chosen.other) if folder]
    flags = [Workdir(folder).require_flags() for folder in folders]
    # Another data set can judge one run whose own data are gone.
    required = not chosen.dataset or chosen.generator or bool(chosen.against)
    runs = tuple(
        _first_with_data(
            own["dataset"],
            [own["data_dir"], chosen.data_dir or own["data_dir"]],
            required=required,
            group_by=own["group_by"],
            set_aside=not own["folds"],
        )
        for own in flags
    )
    if not chosen.dataset:
        return EvaluationSources(runs)
    places = [chosen.data_dir] if chosen.data_dir else [flags[0]["data_dir"], ""]
    return EvaluationSources(runs, _first_with_data(chosen.dataset, places, training=False))


def _first_with_data(
    name: str,
    places: list[str],
    training: bool = True,
    required: bool = True,
    group_by: str = "",
    set_aside: bool = True,
) -> datasets.DataSource:
    """A data set in the first folder that has it; if none has, its refusal unless not required."""
    found = (datasets.find(name, place, group_by, set_aside) for place in dict.fromkeys(places))
    *before, last = found
    for source in before:
        with contextlib.suppress(errors.UserError):
            source.check(training)
            return source
    if required:
        last.check(training)
    return last


def _check_against(chosen: EvaluateOptions, own: dict[str, Any]) -> None:
    """Refuses a run beside itself, and another one that is no finished run or unlike it."""
    other = Workdir(chosen.other).require_finished()
    if chosen.workdir.resolve() == chosen.other.resolve():
        raise errors.UserError(f"--against={chosen.against} is the run itself. Give another one.")
    _check_known(f"--against={chosen.against}", other["dataset"], own["dataset"])


def _check_known(name: str, other: str, own: str) -> None:
    """Refuses a data set unlike the run's, if both are known by name; others must be loaded."""
    known = dataset_info.KNOWN
    if other in known and own in known:
        check_alike(name, known[other], known[own])


def _check_inception(chosen: EvaluateOptions) -> None:
    """Refuses weights that nothing is scored with, and a file that cannot hold them."""
    name = chosen.inception
    if not chosen.generator:
        raise errors.UserError(f"--inception={name} scores a generator: give --generator too.")
    path = pathlib.Path(name)
    try:
        files.check_regular(path)
        with path.open("rb") as file:
            start = file.read(len(_HDF5))
    except OSError as error:
        raise errors.UserError(
            f"--inception={name} cannot be read: {error.strerror}. Give a file of weights."
        ) from error
    if start != _HDF5 or path.suffix != ".h5":
        raise errors.UserError(
            f"--inception={name}: expected an HDF5 file, *.h5, as keras.applications.InceptionV3 "
            "saves its weights."
        )
