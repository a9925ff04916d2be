"""How much memory images may take."""

import pathlib

import psutil

from tf_ssgan.common import errors

_CGROUP = pathlib.Path("/sys/fs/cgroup")


def available() -> int:
    """Returns the bytes of memory still available to a process on this machine or container."""
    free = psutil.virtual_memory().available
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text()) - _file_cache()
    except (OSError, ValueError, KeyError):  # no container, or one without a limit
        return free
    return min(free, max(0, limit - used))


def _file_cache() -> int:
    """Bytes of a container that hold contents of files, which are given up when others need them.

    Raises:
        OSError, ValueError, KeyError: The statistics cannot be read.
    """
    lines = (_CGROUP / "memory.stat").read_text().splitlines()
    numbers = dict(line.split() for line in lines)
    return sum(int(numbers[f"{kind}_file"]) for kind in ("active", "inactive"))


def needed(count: int, size: int, channels: int) -> int:
    """Returns the bytes that `count` images take: an array, and TensorFlow's copy of it."""
    return 2 * count * size * size * channels


def check_bytes(required: int, what: str, remedy: str) -> None:
    """Refuses to take more memory than there is.

    Args:
        required: Bytes that are needed.
        what: What needs them, the beginning of a sentence.
        remedy: What to do about it.

    Raises:
        UserError: They are not there. The message names both amounts.
    """
    free = available()
    if required > free:
        raise errors.UserError(
            f"{what} take {_shown(required)} of memory, but {_shown(free)} are free: {remedy}."
        )


def _shown(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def check(count: int, size: int, channels: int) -> None:
    """Refuses more images than fit into memory.

    Args:
        count: Number of images.
        size: Height and width in pixels.
        channels: Channels of an image.

    Raises:
        UserError: They do not fit. The message names both amounts, and a size that would fit.
    """
    required, free = needed(count, size, channels), available()
    if required <= free:
        return
    fitting = next(
        (s for s in range(size // 8 * 8, 7, -8) if needed(count, s, channels) <= free), 0
    )
    remedy = f"--image_size={fitting} would fit" if fitting else "use fewer images"
    if channels == 3 and needed(count, size, 1) <= free:
        remedy += ", and so would --channels=1"
    raise errors.UserError(
        f"{count:,} images at {size} x {size} x {channels} take {required / 1e9:.1f} GB (an array "
        f"and TensorFlow's copy of it), but {free / 1e9:.1f} GB of memory are free: {remedy}."
    )
