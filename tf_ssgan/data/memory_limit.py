"""How much memory images may take."""

import pathlib

import psutil

from tf_ssgan.common import errors

_CGROUP = pathlib.Path("/sys/fs/cgroup")


def available() -> int:
    """Returns the bytes that a process could still take, of the machine or of its container."""
    free = psutil.virtual_memory().available
    try:
        most = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no container, or none with a limit
        return free
    return min(free, max(0, most - used))


def needed(count: int, size: int, channels: int) -> int:
    """Returns the bytes that `count` images take: an array, and TensorFlow's copy of it."""
    return 2 * count * size * size * channels


def check(count: int, size: int, channels: int) -> None:
    """Refuses more images than fit.

    Raises:
        UserError: With the sum, and the size that would fit.
    """
    wanted, free = needed(count, size, channels), available()
    if wanted <= free:
        return
    fitting = next(
        (s for s in range(size // 8 * 8, 7, -8) if needed(count, s, channels) <= free), 0
    )
    remedy = f"--image_size={fitting} would fit" if fitting else "take fewer pictures"
    if channels == 3 and needed(count, size, 1) <= free:
        remedy += ", and so would --channels=1"
    raise errors.UserError(
        f"{count:,} pictures at {size} x {size} x {channels} take {wanted / 1e9:.1f} GB (an array "
        f"and TensorFlow's copy of it), {free / 1e9:.1f} GB of memory are free: {remedy}."
    )
