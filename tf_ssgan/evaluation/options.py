"""What a person wants to know, and the mistakes in it that show without TensorFlow."""

import dataclasses
import json
import pathlib
from typing import Any

from tf_ssgan.common import errors, options
from tf_ssgan.common.options import option
from tf_ssgan.data import dataset_info, datasets

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """The flags of a judgment."""

    run: str = option("", "Folder of the run.")
    against: str = option("", "Folder of a run on the same data, to compare with.")
    dataset: str = option("", "A further data set to judge the classifiers on, say cifar10_1/v6.")
    data_dir: str = option("", "Where the data lie now, if they were moved.")
    inception: str = option(
        "",
        "Weights of keras.applications.InceptionV3 (*.h5), a second judge. It is not the Inception "
        "of published Frechet distances: its scores compare with those of this very file only.",
    )
    images: int = option(5000, "Images to generate; 50,000 in the literature.", low=100)
    minutes: float = option(
        5.0, "Minutes that training the judging classifier may take.", low=0.01, high=10
    )
    seed: int = option(0, "Seed of the latents, and of which images are compared.", low=0)

    @property
    def workdir(self) -> pathlib.Path:
        """Folder of the run."""
        return pathlib.Path(self.run)

    @property
    def other(self) -> pathlib.Path | None:
        """Folder of the run that it is compared with."""
        return pathlib.Path(self.against) if self.against else None


def check(wanted: EvaluateOptions) -> None:
    """Refuses what cannot be judged, within about a second.

    Raises:
        UserError: A flag is missing or out of range, or a folder, a file or data are not there.
    """
    options.check(wanted)
    if not wanted.run:
        raise errors.UserError("--run is missing. It takes the folder of a run; see --help.")
    config = _flags_of("run", wanted.run)
    if wanted.against:
        _check_pair(wanted, config, _flags_of("against", wanted.against))
    if wanted.inception:
        _check_weights(wanted.inception)
    data_dir = wanted.data_dir or config.get("data_dir") or None
    datasets.check(config["dataset"], data_dir)
    if wanted.dataset:
        datasets.check(wanted.dataset, data_dir, training=False)


def _flags_of(flag: str, workdir: str) -> dict[str, Any]:
    """The flags of a run that has come to its end.

    Raises:
        UserError: It is none.
    """
    path = pathlib.Path(workdir)
    if not (path / "config.json").is_file():
        raise errors.UserError(
            f"--{flag}={workdir} is not the folder of a run: it holds no config.json."
        )
    saved = any((path / "checkpoints").glob("step-*/manifest.json"))
    if not saved or not (path / "result.json").is_file():
        raise errors.UserError(
            f"--{flag}={workdir} has no result yet; let the run come to its end first."
        )
    try:
        json.loads((path / "result.json").read_text())
        return json.loads((path / "config.json").read_text())
    except ValueError as error:
        raise errors.UserError(
            f"--{flag}={workdir}: its config.json or result.json is damaged ({error}). Judge "
            "another run."
        ) from error


def _check_pair(wanted: EvaluateOptions, one: dict[str, Any], two: dict[str, Any]) -> None:
    """Refuses a run beside itself, and runs on different known data sets."""
    if wanted.workdir.resolve() == wanted.other.resolve():
        raise errors.UserError(f"--against={wanted.against} is the run itself. Give another one.")
    names = one["dataset"], two["dataset"]
    if names[0] != names[1] and all(name in dataset_info.KNOWN for name in names):
        raise errors.UserError(
            f"--against={wanted.against} learned {names[1]}, --run={wanted.run} learned "
            f"{names[0]}: only runs on the same data are compared."
        )


def _check_weights(name: str) -> None:
    path = pathlib.Path(name)
    try:
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
