"""Runs several jobs, most of them training runs, as processes under one progress bar.

The scheduler stores no state: a job counts as finished if its files say so, and one that was
stopped or killed continues. After any interruption, the same command therefore continues.
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

from tf_ssgan.common import cpu, errors, output
from tf_ssgan.launch import jobs

POLL_SECONDS = 0.2  # pause between checks of the processes

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_all(runs: list[jobs.Job], jobs: int = 1) -> dict[jobs.Job, int]:
    """Starts every run that has not finished, at most `jobs` at once, and waits for all of them.

    It also waits for runs that other processes train: runs of a killed program continue without
    it, and two programs with the same runs share the work. After Ctrl-C, SIGTERM or SIGHUP the
    runs save and stop; a second signal ends them at once.

    Args:
        runs: The runs, with different folders.
        jobs: Most runs at once, at least 1.

    Returns:
        The exit status of each; a negative one is the signal that ended it.

    Raises:
        Interrupted: A signal arrived; all runs have stopped.
        UserError: A log cannot be written.
    """
    statuses = {run: 0 for run in runs if run.finished()}
    waiting, running = collections.deque(run for run in runs if run not in statuses), {}
    free_cores = cpu.shares(jobs)
    with (
        _ProgressDisplay(list(waiting), len(statuses)) as display,
        _collect_signals() as received,
        _stop_on_error(running),
    ):
        forwarded = 0
        while running or (waiting and not received):
            for run in [] if received else _next_free(waiting, len(free_cores)):
                waiting.remove(run)
                if run.finished():  # another process has finished it meanwhile
                    display.report(run, statuses.setdefault(run, 0))
                else:
                    running[run] = _Process(_start(run), free_cores.pop())
            if len(received) > forwarded:
                _stop(running, at_once=forwarded > 0)
                forwarded = len(received)
            for run in [run for run, process in running.items() if process.ended()]:
                status = running[run].popen.returncode
                free_cores.append(running.pop(run).cores)
                if status and run.busy() and not received:
                    waiting.append(run)  # another process took it a moment earlier
                    continue
                statuses[run] = status
                if not received:
                    display.report(run, statuses[run])
            display.update(list(running) or list(waiting))
            time.sleep(POLL_SECONDS)
    if received:
        raise errors.Interrupted(received[0])
    return statuses


@dataclasses.dataclass(frozen=True)
class _Process:
    """A run that has been started, and the CPU cores that it has alone."""

    popen: subprocess.Popen
    cores: tuple[int, ...]

    def __post_init__(self):
        """Confines it to its cores: runs that share cores wait for each other's threads."""
        with contextlib.suppress(ProcessLookupError):  # it has already ended
            cpu.confine(self.popen.pid, self.cores)

    def ended(self) -> bool:
        return self.popen.poll() is not None


def report_failures(statuses: Mapping[jobs.Job, int]) -> list[jobs.Job]:
    """Prints the runs that failed and their last line of output to standard error.

    Args:
        statuses: The result of `run_all`.

    Returns:
        The runs that failed.
    """
    failed = [run for run, status in statuses.items() if status]
    for run in failed:
        text = f"{run.name} failed with status {statuses[run]}: {run.last_log_line()}"
        print(f"\n{text}\nSee {run.log}", file=sys.stderr)
    return failed


def _next_free(waiting: Iterable[jobs.Job], limit: int) -> list[jobs.Job]:
    """The next runs, at most `limit`, that no other process trains."""
    return list(itertools.islice((run for run in waiting if not run.busy()), limit))


def _start(run: jobs.Job) -> subprocess.Popen:
    """Starts a run in a process group of its own, so that Ctrl-C reaches only this program."""
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
                env=os.environ | {"PYTHONUNBUFFERED": "1"},  # so that the log is complete
            )
    except OSError as error:
        raise errors.UserError(
            f"Cannot write {run.log}: {error.strerror}. Make room or fix the folder; the same "
            "command continues."
        ) from error


@contextlib.contextmanager
def _collect_signals() -> Iterator[list[int]]:
    """Collects signals; those that this process already ignores stay ignored."""
    received: list[int] = []

    def receive(number: int, frame: Any) -> None:
        del frame
        if not received:  # not print: the handler may have interrupted one
            output.say(b"\nThe runs stop after their step, and save.\n")
        received.append(number)

    before = {}
    with contextlib.suppress(ValueError):  # only a process's main thread can listen
        for number in _STOPS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, receive)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _stop_on_error(running: dict[jobs.Job, _Process]) -> Iterator[None]:
    """Stops all processes and waits for them if an exception occurs."""
    try:
        yield
    except BaseException:
        _stop(running)
        for process in running.values():
            process.popen.wait()
        raise


def _stop(running: dict[jobs.Job, _Process], at_once: bool = False) -> None:
    """Asks the runs to save and stop, or ends them at once."""
    # Not SIGINT: a process that a script starts in the background ignores it until training begins.
    for process in running.values():
        process.popen.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)


class _ProgressDisplay:
    """One progress bar over all runs, on standard error, and a line for each that has ended."""

    def __init__(self, runs: list[jobs.Job], finished: int):
        """Starts from the present progress of the runs.

        Args:
            runs: The runs to be started.
            finished: The number of runs that have already finished.
        """
        if finished:
            text = f"{finished} of {finished + len(runs)} finished before"
            tqdm.tqdm.write(text, file=sys.stderr)
        self.progress = {run: run.progress() for run in runs}
        self.first, self.began, self.ended = sum(self.progress.values()), time.monotonic(), 0
        self.bar = tqdm.tqdm(
            total=len(runs),
            initial=self.first,
            # Names come last: a narrow terminal cuts them, but not the remaining time.
            bar_format="{percentage:3.0f} % |{bar:20}| {elapsed}<{remaining} {desc}",
            disable=None,
            leave=False,
        )

    def __enter__(self) -> "_ProgressDisplay":
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()

    def update(self, running: list[jobs.Job]) -> None:
        """Updates the bar with the progress of the running jobs."""
        self.progress |= {run: run.progress() for run in running}
        if self.bar.disable:
            return
        names = ", ".join(run.name for run in running)
        text = f"{self.ended} of {len(self.progress)} done; {names}"
        self.bar.set_description_str(text, refresh=False)
        self.bar.n = self._done()
        self.bar.refresh()

    def report(self, run: jobs.Job, status: int) -> None:
        """Prints that a run has ended."""
        self.progress[run], self.ended = 1.0, self.ended + 1
        outcome = f"failed with status {status}" if status else "done"
        text = f"{self.ended} of {len(self.progress)}: {run.name} {outcome}{self._time_left()}"
        tqdm.tqdm.write(text, file=sys.stderr)

    def _done(self) -> float:
        return sum(self.progress.values())

    def _time_left(self) -> str:
        """Text with the estimated remaining time, from the progress during this process."""
        done, seconds = self._done(), time.monotonic() - self.began
        if not self.first < done < len(self.progress):
            return ""
        left = seconds * (len(self.progress) - done) / (done - self.first)
        return f", about {tqdm.tqdm.format_interval(left)} left"
