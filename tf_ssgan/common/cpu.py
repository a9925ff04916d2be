"""The CPU: the cores that programs may use, and its instruction sets. Free of TensorFlow."""

import contextlib
import os

_DESCRIPTION = "/proc/cpuinfo"  # of Linux


def usable() -> tuple[int, ...]:
    """The cores that this process may use; all cores if the system cannot say."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def shares(jobs: int) -> list[tuple[int, ...]]:
    """Divides the cores among processes that run at once.

    Args:
        jobs: Number of processes, at least 1.

    Returns:
        The cores of each process. If there are fewer cores than processes, each gets all of them.
    """
    cores = usable()
    if jobs > len(cores):
        return [cores] * jobs
    return [cores[first::jobs] for first in range(jobs)]


def confine(process: int, cores: tuple[int, ...]) -> None:
    """Restricts a process to some cores, if the system can; TensorFlow then starts as many threads.

    Args:
        process: Its process id.
        cores: The cores that it may use.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, cores)


def flags() -> set[str]:
    """Instruction sets of this CPU, as Linux names them; empty on other systems."""
    with contextlib.suppress(OSError), open(_DESCRIPTION) as file:
        for line in file:  # one of hundreds of cores is enough
            if line.startswith("flags"):
                return set(line.split(":", 1)[1].split())
    return set()
