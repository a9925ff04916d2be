"""Jobs: runs of the training program, and programs that follow them."""

import contextlib
import dataclasses
import fcntl
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.training import metrics_log, workdir

# Of the checkout, or the installed packages, that this file belongs to.
PROGRAM = (sys.executable, str(pathlib.Path(__file__).parents[2] / "train_main.py"))


@dataclasses.dataclass(frozen=True)
class Job:
    """A run of the training program.

    Attributes:
        workdir: Its folder.
        flags: All its flags, `--workdir` among them.
    """

    workdir: pathlib.Path
    flags: tuple[str, ...]

    def finished(self) -> bool:
        """Whether its folder holds the result of these very flags; if so, nothing need be started.

        Flags are compared as they are written: where this is in doubt, the program itself knows.
        """
        with contextlib.suppress(OSError, KeyError, TypeError, errors.UserError):
            told = (self.workdir / "run.flags").read_text().splitlines()
            asked = {flag for flag in self.flags if not flag.startswith(_ANYWHERE)}
            flags, result = workdir.read_flags(self.workdir), workdir.read_result(self.workdir)
            ends = {"max_steps": result["steps"], "epochs": result["epochs"]}
            reached = any(flags[name] == end for name, end in ends.items() if end)
            return reached and asked <= set(told)
        return False

    def busy(self) -> bool:
        """Whether another process is training in its folder, say one whose sweep was killed."""
        with contextlib.suppress(FileNotFoundError), (self.workdir / "lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.workdir.name

    @property
    def command(self) -> list[str]:
        """Program and flags."""
        return [*PROGRAM, *self.flags]

    @property
    def log(self) -> pathlib.Path:
        """The file beside its folder that takes what it prints."""
        return self.workdir.with_name(f"{self.name}.log")

    def history(self) -> list[dict[str, Any]]:
        """The evaluations there are; see `journal.history`."""
        return metrics_log.history(self.workdir / "metrics.jsonl")

    def share(self) -> float:
        """How much of its length lies behind it, by the last evaluation, in [0, 1]."""
        lines, flags = self.history(), {}
        with contextlib.suppress(OSError, errors.UserError):
            flags = workdir.read_flags(self.workdir) or {}
        if not lines:
            return 0.0
        lengths = {name: flags.get(flag, 0) for name, flag in _LENGTHS.items()}
        found = [lines[-1].get(name, 0) / end for name, end in lengths.items() if end > 0]
        return min(1.0, max(found, default=0.0))

    def last_words(self) -> str:
        """The last line that it has printed; empty where there is none."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


@dataclasses.dataclass(frozen=True)
class Followup(Job):
    """A program that looks at a finished run.

    Attributes:
        module: Its name for `python -m`.
        done: Whether what it writes is there; asked of the run's folder.
    """

    module: str = ""
    done: Callable[[pathlib.Path], bool] = lambda workdir: False

    @property
    def name(self) -> str:
        """Of the program, and of the run's folder."""
        return f"{self.module.rpartition('.')[2]}-{self.workdir.name}"

    @property
    def command(self) -> list[str]:
        """Program and flags."""
        return [sys.executable, "-m", self.module, *self.flags]

    def finished(self) -> bool:
        """Whether what it writes is there."""
        return self.done(self.workdir)

    def share(self) -> float:
        """Nothing is known before its end."""
        return 0.0


# Flags that say where things lie, which changes no result.
_ANYWHERE = ("--workdir=", "--data_dir=", "--devices=")

_LENGTHS = {"step": "max_steps", "epoch": "epochs"}  # a run ends at whichever comes first
