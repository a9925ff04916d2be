"""Jobs: runs of the training program, and programs that follow a run."""

import contextlib
import dataclasses
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.training import metrics_log, workdir

# The training program of this checkout or installation.
PROGRAM = (sys.executable, str(pathlib.Path(__file__).parents[2] / "train_main.py"))


@dataclasses.dataclass(frozen=True)
class Job:
    """A run of the training program.

    Attributes:
        workdir: Folder of the run.
        flags: All its flags, including `--workdir`.
    """

    workdir: pathlib.Path
    flags: tuple[str, ...]

    def finished(self) -> bool:
        """Whether its folder holds the result of exactly these flags, so that it can be skipped.

        Flags are compared as text. If one number is written in two ways, the run counts as
        unfinished, and the training program itself recognizes its result.
        """
        with contextlib.suppress(OSError, KeyError, TypeError, errors.UserError):
            saved = (self.workdir / "run.flags").read_text().splitlines()
            given = {flag for flag in self.flags if not flag.startswith(_LOCATION_FLAGS)}
            flags, result = workdir.read_flags(self.workdir), workdir.read_result(self.workdir)
            ends = {"max_steps": result["steps"], "epochs": result["epochs"]}
            reached = any(flags[name] == end for name, end in ends.items() if end)
            return reached and given <= set(saved)
        return False

    def busy(self) -> bool:
        """Whether another process trains in its folder, for example of a sweep that was killed."""
        return workdir.is_locked(self.workdir)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.workdir.name

    @property
    def command(self) -> list[str]:
        """The program and its flags."""
        return [*PROGRAM, *self.flags]

    @property
    def log(self) -> pathlib.Path:
        """The file for its output, beside its folder."""
        return self.workdir.with_name(f"{self.name}.log")

    def history(self) -> list[dict[str, Any]]:
        """Its evaluations so far; see `metrics_log.history`."""
        return metrics_log.history(self.workdir / "metrics.jsonl")

    def progress(self) -> float:
        """The fraction of the run that was done at its last evaluation, in [0, 1]."""
        lines, flags = self.history(), {}
        with contextlib.suppress(OSError, errors.UserError):
            flags = workdir.read_flags(self.workdir) or {}
        if not lines:
            return 0.0
        lengths = {name: flags.get(flag, 0) for name, flag in _LENGTHS.items()}
        fractions = [lines[-1].get(name, 0) / end for name, end in lengths.items() if end > 0]
        return min(1.0, max(fractions, default=0.0))

    def last_log_line(self) -> str:
        """The last line that it has printed, or an empty string."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


@dataclasses.dataclass(frozen=True)
class Followup(Job):
    """A program that evaluates a finished run.

    Attributes:
        module: Its name for `python -m`.
        done: Takes the folder of the run; returns whether the program has written its result.
    """

    module: str = ""
    done: Callable[[pathlib.Path], bool] = lambda workdir: False

    @property
    def name(self) -> str:
        """Name of the program and of the run's folder."""
        return f"{self.module.rpartition('.')[2]}-{self.workdir.name}"

    @property
    def command(self) -> list[str]:
        """The program and its flags."""
        return [sys.executable, "-m", self.module, *self.flags]

    def finished(self) -> bool:
        """Whether it has written its result."""
        return self.done(self.workdir)

    def progress(self) -> float:
        """Always 0: its progress is not known before its end."""
        return 0.0


# Flags of places and devices, which do not change the result.
_LOCATION_FLAGS = ("--workdir=", "--data_dir=", "--devices=")

_LENGTHS = {"step": "max_steps", "epoch": "epochs"}  # a run ends at whichever comes first
