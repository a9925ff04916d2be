"""Jobs: runs of the training program, and programs that follow a run."""

import contextlib
import dataclasses
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.common.options import flag_text
from tf_ssgan.training import run_folders
from tf_ssgan.training.workdir import Workdir

# The training program of this checkout or installation.
PROGRAM = (sys.executable, str(pathlib.Path(__file__).parents[2] / "train_main.py"))


@dataclasses.dataclass(frozen=True)
class Job:
    """A run of the training program.

    Attributes:
        workdir: Folder of the run.
        flags: All its flags, including `--workdir`.
        data: Returns the fingerprint of its data as they are now; None if nobody can know it.
    """

    workdir: pathlib.Path
    flags: tuple[str, ...]
    data: Callable[[], str] | None = dataclasses.field(default=None, compare=False, kw_only=True)

    def finished(self) -> bool:
        """Whether its folder holds the result of exactly these flags and data, to be skipped.

        Flags are compared as text. If one number is written in two ways, a file of the run is
        damaged, or the data changed, the run counts as unfinished; the training program then
        recognizes its result, or says what is damaged or changed.
        """
        folder = Workdir(self.workdir)
        try:
            flags, result = folder.read_flags(), folder.read_result()
        except errors.UserError:
            return False
        if flags is None or result is None:
            return False
        saved = {f"--{name}={flag_text(value)}" for name, value in flags.items()}
        given = {flag for flag in self.flags if not flag.startswith(_LOCATION_FLAGS)}
        ends = {"max_steps": result["steps"], "epochs": result["epochs"]}
        reached = any(flags[name] == end for name, end in ends.items() if end)
        return reached and given <= saved and self._same_data(result)

    def _same_data(self, result: dict[str, Any]) -> bool:
        """Whether the data of a result are those that are there now; they may have to be read."""
        return self.data is None or self.data() == result["data_sha256"]

    def busy(self) -> bool:
        """Whether another process trains in its folder, for example of a sweep that was killed."""
        return Workdir(self.workdir).is_locked()

    @property
    def name(self) -> str:
        """Name of the folder; of a fold, with that of the folder of all folds."""
        return run_folders.shown(self.workdir)

    @property
    def command(self) -> list[str]:
        """The program and its flags."""
        return [*PROGRAM, *self.flags]

    @property
    def log(self) -> pathlib.Path:
        """The file for its output, beside its folder."""
        return self.workdir.with_name(f"{self._log_name}.log")

    @property
    def _log_name(self) -> str:
        return self.workdir.name

    def progress(self) -> float:
        """The fraction of the run that was done at its last evaluation, in [0, 1]."""
        line, flags = Workdir(self.workdir).last_line(), {}
        with contextlib.suppress(errors.UserError):
            flags = Workdir(self.workdir).read_flags() or {}
        if line is None:
            return 0.0
        lengths = {name: flags.get(flag, 0) for name, flag in _LENGTHS.items()}
        fractions = [line[name] / end for name, end in lengths.items() if end > 0]
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
        return f"{self.module.rpartition('.')[2]}-{super().name}"

    @property
    def _log_name(self) -> str:
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
