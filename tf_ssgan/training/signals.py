"""Signals and a lost terminal: recorded when they come, acted on at safe places."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import Any

from tf_ssgan.common import cluster, errors, output
from tf_ssgan.nn import distribution

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Signals:
    """Turns SIGTERM, SIGHUP and the first Ctrl-C into a request to stop, checked at safe places.

    The second Ctrl-C ends the process at once. SIGHUP stays ignored in a process that ignores it,
    as nohup makes it.
    """

    def __init__(self, watch: Callable[[], None] = lambda: None):
        """No signal has arrived yet.

        Args:
            watch: Called wherever signals are checked; may raise to stop the run.
        """
        self.received: int | None = None
        self._watch = watch
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        """Installs the handlers; only the main thread of a process can."""
        with contextlib.suppress(ValueError):
            for number in STOPS:
                if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
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
        output.say(b"\nStopping after this step; the same command continues.\n")

    def check(self) -> None:
        """Raises if a signal has arrived; for places that this process reaches alone.

        In a cluster it does nothing: all workers stop together after the next step, because the
        others would wait forever for one that stops alone.

        Raises:
            Interrupted: With the exit status of the signal.
        """
        self._watch()
        if self.received is not None and cluster.read() is None:
            raise errors.Interrupted(self.received)

    def check_all_workers(self) -> None:
        """Raises if a signal has reached any worker; all workers must call it at the same step.

        Raises:
            Interrupted: With the exit status of the signal.
        """
        self._watch()
        if number := distribution.max_over_workers(self.received or 0):
            raise errors.Interrupted(number)

    @contextlib.contextmanager
    def lost_output(self) -> Iterator[None]:
        """Turns an error of a `print` that nobody reads any more into a stop.

        Raises:
            Interrupted: With the exit status of the signal that came with it, or of SIGPIPE.
        """
        try:
            yield
        except OSError as error:
            if not output.is_lost(error):
                raise
            raise errors.Interrupted(self.received or signal.SIGPIPE) from error
