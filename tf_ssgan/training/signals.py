"""SIGTERM and Ctrl-C, asked for at safe places."""

import contextlib
import os
import signal
from typing import Any

from tf_ssgan.common import errors
from tf_ssgan.nn import distribution


class Signals:
    """Turns SIGTERM and the first Ctrl-C into a wish to stop, asked at safe places.

    The second Ctrl-C does what Ctrl-C does.
    """

    def __init__(self):
        """Nothing has been asked yet."""
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        """Listens; only a process's main thread can."""
        with contextlib.suppress(ValueError):
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception) -> None:
        """Gives the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: Any) -> None:
        del frame
        self.received = number
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # Not print: the handler may have interrupted one, whose lock is not reentrant.
        os.write(2, b"\nStopping after this step; the same command continues.\n")

    def check(self) -> None:
        """Raises if a signal has come; for places that this process reaches alone.

        In a cluster it waits for the next step, where all workers stop together: one that left
        alone would leave the others waiting for it.

        Raises:
            Interrupted: With the exit status that the signal stands for.
        """
        if self.received is not None and distribution.cluster() is None:
            raise errors.Interrupted(self.received)

    def check_together(self) -> None:
        """Raises if a signal has come to any worker; for places that all reach at the same step.

        Raises:
            Interrupted: With the exit status that the signal stands for.
        """
        if number := distribution.max_over_workers(self.received or 0):
            raise errors.Interrupted(number)
