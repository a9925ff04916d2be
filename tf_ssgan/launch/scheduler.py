"""Several programs, most of them training runs, each a process of its own, under one progress bar.

Nothing is remembered here: what has finished is seen by what it has left, and one that was stopped
or killed goes on. So whatever happens, the same command continues.
"""

import collections
import contextlib
import dataclasses
import itertools
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tqdm

from tf_ssgan.common import cpu, errors
from tf_ssgan.launch import jobs

POLL_SECONDS = 0.2  # between looks at what the processes do

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_all(runs: list[jobs.Job], jobs: int = 1) -> dict[jobs.Job, int]:
    """Starts every run that has not finished, at most so many at once, and waits for all of them.

    Runs that other processes are training are waited for: what a killed program has started goes
    on without it, and two programs with the same runs share the work. After Ctrl-C, SIGTERM or
    SIGHUP the runs save and stop; a second one ends them at once.

    Args:
        runs: The runs, with different folders.
        jobs: At least 1.

    Returns:
        The exit status of each; negative, a signal that ended it.

    Raises:
        Interrupted: A signal came; all runs have stopped.
        UserError: A log cannot be written.
    """
    statuses = {run: 0 for run in runs if run.finished()}
    waiting, running = collections.deque(run for run in runs if run not in statuses), {}
    shares = cpu.shares(jobs)
    with _Board(list(waiting), len(statuses)) as board, _signals() as received, _ending(running):
        handed_on = 0
        while running or (waiting and not received):
            for run in [] if received else _free(waiting, len(shares)):
                waiting.remove(run)
                if run.finished():  # by another process, since we looked
                    board.tell(run, statuses.setdefault(run, 0))
                else:
                    running[run] = _Process(_start(run), shares.pop())
            if len(received) > handed_on:
                _stop(running, at_once=handed_on > 0)
                handed_on = len(received)
            for run in [run for run, process in running.items() if process.ended()]:
                status = running[run].popen.returncode
                shares.append(running.pop(run).cores)
                if status and run.busy() and not received:
                    waiting.append(run)  # another process was first by a moment
                    continue
                statuses[run] = status
                if not received:
                    board.tell(run, statuses[run])
            board.show(list(running) or list(waiting))
            time.sleep(POLL_SECONDS)
    if received:
        raise errors.Interrupted(received[0])
    return statuses


@dataclasses.dataclass(frozen=True)
class _Process:
    """A run that has been started, and the cores that are its own."""

    popen: subprocess.Popen
    cores: tuple[int, ...]

    def __post_init__(self):
        """Two that share their cores would wait for each other's threads."""
        with contextlib.suppress(ProcessLookupError):  # it has ended by now
            cpu.confine(self.popen.pid, self.cores)

    def ended(self) -> bool:
        return self.popen.poll() is not None


def report_failures(statuses: Mapping[jobs.Job, int]) -> list[jobs.Job]:
    """Names the runs that failed, on standard error, with their last words.

    Args:
        statuses: As of `run_all`.

    Returns:
        Those runs.
    """
    failed = [run for run, status in statuses.items() if status]
    for run in failed:
        told = f"{run.name} failed with status {statuses[run]}: {run.last_words()}"
        print(f"\n{told}\nSee {run.log}", file=sys.stderr)
    return failed


def _free(waiting: Iterable[jobs.Job], most: int) -> list[jobs.Job]:
    """The next runs that nobody is training; others are waited for."""
    return list(itertools.islice((run for run in waiting if not run.busy()), most))


def _start(run: jobs.Job) -> subprocess.Popen:
    """Starts a run in a process group of its own: Ctrl-C reaches it through this program alone."""
    try:
        run.log.parent.mkdir(parents=True, exist_ok=True)
        with run.log.open("a") as log:
            print(f"$ {shlex.join(run.command)}", file=log, flush=True)
            return subprocess.Popen(
                run.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},  # the log's last line is the last one
            )
    except OSError as error:
        raise errors.UserError(
            f"Cannot write {run.log}: {error.strerror}. Make room or fix the folder; the same "
            "command goes on."
        ) from error


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects the signals that come; those that this process was told to ignore stay ignored."""
    received: list[int] = []

    def note(number: int, frame: Any) -> None:
        del frame
        if not received:  # not print: the handler may have interrupted one
            os.write(2, b"\nThe runs stop after their step, and save.\n")
        received.append(number)

    before = {}
    with contextlib.suppress(ValueError):  # only a process's main thread can listen
        for number in _STOPS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _ending(running: dict[jobs.Job, _Process]) -> Iterator[None]:
    """Leaves no process behind, whatever goes wrong."""
    try:
        yield
    except BaseException:
        _stop(running)
        for process in running.values():
            process.popen.wait()
        raise


def _stop(running: dict[jobs.Job, _Process], at_once: bool = False) -> None:
    """Asks the runs to save and stop, or ends them."""
    # Not SIGINT: what a script starts in the background ignores it until training begins.
    for process in running.values():
        process.popen.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)


class _Board:
    """One bar over all runs, on standard error, and a line for each that has ended."""

    def __init__(self, runs: list[jobs.Job], finished: int):
        """Begins where the runs were left.

        Args:
            runs: Those to be started.
            finished: How many more there are, which need not be.
        """
        if finished:
            told = f"{finished} of {finished + len(runs)} finished before"
            tqdm.tqdm.write(told, file=sys.stderr)
        self.shares = {run: run.share() for run in runs}
        self.first, self.began, self.ended = sum(self.shares.values()), time.monotonic(), 0
        self.bar = tqdm.tqdm(
            total=len(runs),
            initial=self.first,
            # Names last: a narrow terminal cuts them, and not the time that is left.
            bar_format="{percentage:3.0f} % |{bar:20}| {elapsed}<{remaining} {desc}",
            disable=None,
            leave=False,
        )

    def __enter__(self) -> "_Board":
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()

    def show(self, running: list[jobs.Job]) -> None:
        """Moves the bar."""
        self.shares |= {run: run.share() for run in running}
        if self.bar.disable:
            return
        names = ", ".join(run.name for run in running)
        told = f"{self.ended} of {len(self.shares)} done; {names}"
        self.bar.set_description_str(told, refresh=False)
        self.bar.n = self._done()
        self.bar.refresh()

    def tell(self, run: jobs.Job, status: int) -> None:
        """Says that a run has ended."""
        self.shares[run], self.ended = 1.0, self.ended + 1
        how = f"failed with status {status}" if status else "done"
        text = f"{self.ended} of {len(self.shares)}: {run.name} {how}{self._left()}"
        tqdm.tqdm.write(text, file=sys.stderr)

    def _done(self) -> float:
        return sum(self.shares.values())

    def _left(self) -> str:
        """About how long the rest takes, judged by what this process has seen."""
        done, seconds = self._done(), time.monotonic() - self.began
        if not self.first < done < len(self.shares):
            return ""
        left = seconds * (len(self.shares) - done) / (done - self.first)
        return f", about {tqdm.tqdm.format_interval(left)} left"
