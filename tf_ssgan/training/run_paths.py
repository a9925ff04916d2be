"""The names of the files in the folder of a run."""

import dataclasses
import pathlib

from tf_ssgan.common import files

CONFIG, RESULT, EVALUATION = "config.json", "result.json", "evaluation.json"
METRICS = "metrics.jsonl"
DATA = "data.json"
TENSORBOARD = "tensorboard"
RUN_MARKS = (CONFIG, RESULT, METRICS)  # a folder with one of them is, or was, that of a run

# Figures of an evaluation; other files with such names are left alone.
EVALUATION_FIGURES = tuple(
    f"evaluation_{name}.png" for name in ("classes", "interpolations", "truncation", "tsne")
)

# Figures of the monitors that methods declare.
MONITOR_FIGURES = tuple(f"{name}.png" for name in ("perturbed", "tangents", "reconstructions"))

# Files of a run besides config.json. A folder that has some of them but no config.json is refused.
RUN_FILES = (
    "run.flags",
    "protocol.json",
    DATA,
    METRICS,
    "history.csv",
    "checkpoints",
    TENSORBOARD,
    RESULT,
    EVALUATION,
    *EVALUATION_FIGURES,
    *MONITOR_FIGURES,
    "samples.png",
    "confusion.png",
    "reliability.png",
    "top3.png",
    "report.txt",
    "*.weights.h5",
)


@dataclasses.dataclass(frozen=True)
class RunPaths:
    """The paths of the files of a run.

    Attributes:
        path: The folder, which may not exist yet.
    """

    path: pathlib.Path

    def __str__(self) -> str:
        """The path, as in messages."""
        return str(self.path)

    @property
    def config_file(self) -> pathlib.Path:
        """Every flag of the run and its value; marks the folder as that of a run."""
        return self.path / CONFIG

    @property
    def metrics_file(self) -> pathlib.Path:
        """One line per evaluation, see `metrics_log`."""
        return self.path / METRICS

    @property
    def result_file(self) -> pathlib.Path:
        """The result of a finished run."""
        return self.path / RESULT

    @property
    def data_file(self) -> pathlib.Path:
        """Which images and labels the run learned from, see `run_data`."""
        return self.path / DATA

    @property
    def evaluation_file(self) -> pathlib.Path:
        """What `tf_ssgan.evaluate` measured."""
        return self.path / EVALUATION

    @property
    def checkpoints(self) -> pathlib.Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> pathlib.Path:
        """Folder of TensorBoard's events."""
        return self.path / TENSORBOARD

    @property
    def classification_report(self) -> pathlib.Path:
        """Precision and recall of each class."""
        return self.path / "report.txt"

    def figure(self, name: str) -> pathlib.Path:
        """The PNG file of a figure."""
        return self.path / f"{name}.png"

    def pretrained(self, name: str) -> pathlib.Path:
        """The weights of a network that a stage has pretrained."""
        return self.path / f"{name}.weights.h5"

    def remove_leftovers(self) -> None:
        """Removes partial files that killed processes have left; the caller holds the lock."""
        names = (CONFIG, *RUN_FILES, "*.png")  # monitors of new methods have names of their own
        files.remove_leftovers(self.path, names, locked=True)
