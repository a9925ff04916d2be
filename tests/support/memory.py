"""Memory of a process that runs many tests, given back to the system.

What TensorFlow's networks and traces hold lies in cycles of few Python objects, for which Python's
collector is in no hurry, and what was freed stays with the allocator: a worker of the suite grew to
4 GB, of which tests needed less than half.
"""

import ctypes
import gc

import psutil

GROWTH = 2**28  # bytes by which a process grows before memory is given back


class Memory:
    """Gives memory back when the process has grown by `GROWTH` since the last time."""

    def __init__(self):
        """Takes the memory of now as the least."""
        self.process = psutil.Process()
        self.level = self.resident()

    def resident(self) -> int:
        """Bytes of this process in memory."""
        return self.process.memory_info().rss

    def give_back(self) -> None:
        """Collects cycles and gives freed memory to the system, if the process has grown."""
        if self.resident() < self.level + GROWTH:
            return
        gc.collect()
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc alone has it
            trim(0)
        self.level = self.resident()
