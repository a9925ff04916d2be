"""SIGTERM and Ctrl-C: recorded when they arrive, acted on at safe places."""

import contextlib
import os
import signal
from typing import Any

from tf_ssgan.common import cluster, errors
from tf_ssgan.nn import distribution


class Signals:
    """Turns SIGTERM and the first Ctrl-C into a request to stop, checked at safe places.

    The second Ctrl-C ends the process at once.
    """

    def __init__(self):
        """No signal has arrived yet."""
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        """Installs the handlers; only the main thread of a process can."""
        with contextlib.suppress(ValueError):
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *exception) -> None:
        """Restores the previous handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: Any) -> None:
        del frame
        self.received = number
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # Not print: the handler may have interrupted one, whose lock is not reentrant.
        os.write(2, b"\nStopping after this step; the same command continues.\n")

    def check(self) -> None:
        """Raises if a signal has arrived; for places that this process reaches alone.

        In a cluster it does nothing: all workers stop together after the next step, because the
        others would wait forever for one that stops alone.

        Raises:
            Interrupted: With the exit status of the signal.
        """
        if self.received is not None and cluster.read() is None:
            raise errors.Interrupted(self.received)

    def check_all_workers(self) -> None:
        """Raises if a signal has reached any worker; all workers must call it at the same step.

        Raises:
            Interrupted: With the exit status of the signal.
        """
        if number := distribution.max_over_workers(self.received or 0):
            raise errors.Interrupted(number)
