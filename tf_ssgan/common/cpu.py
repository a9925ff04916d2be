"""The processor cores that programs may use. Free of TensorFlow."""

import os


def usable() -> tuple[int, ...]:
    """The cores that this process may use; where the system does not say, all there are."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def shares(jobs: int) -> list[tuple[int, ...]]:
    """Deals the cores to so many processes at once.

    Args:
        jobs: At least 1.

    Returns:
        The cores of each. All have all of them where there are fewer cores than processes.
    """
    cores = usable()
    if jobs > len(cores):
        return [cores] * jobs
    return [cores[first::jobs] for first in range(jobs)]


def confine(process: int, cores: tuple[int, ...]) -> None:
    """Lets a process use some cores alone, where the system can; TensorFlow has a thread for each.

    Args:
        process: Its number.
        cores: Which.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, cores)
