"""Files of weights in HDF5, checked before Keras reads them: numbers by name, and nothing else.

HDF5 can point to other files, hold values of any type, and unpack to far more than it takes on the
disk. A file of weights needs none of this.
"""

import pathlib

import h5py
import numpy as np

from tf_ssgan.common import errors

_NUMBERS = "fiub"  # kinds of numpy types: floats, integers and truth values


def check(path: pathlib.Path, most_bytes: int) -> None:
    """Refuses an HDF5 file that is not just arrays of numbers.

    Args:
        path: The file.
        most_bytes: The arrays of the network take at most so much memory; a file in which they
            would take more belongs to another network, or was made to fill the memory.

    Raises:
        UserError: The file cannot be read as HDF5, points to other files or places, holds values
            that are not numbers, or would take more memory.
    """
    try:
        with h5py.File(path, "r") as file:
            problem = _problem(file, most_bytes)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        problem = f"cannot be read as HDF5: {errors.first_line(error)}"
    if problem:
        raise errors.UserError(f"{path} does not contain weights that can be used: it {problem}.")


def _problem(file: h5py.File, most_bytes: int) -> str | None:
    """What is wrong with a file; None if nothing is."""
    groups, total, seen = [file], 0, set()
    while groups:
        group = groups.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                return f"points to another place at {_shown(name)}"
            entry = group[name]
            place = h5py.h5o.get_info(entry.id).addr
            if place in seen:  # groups could hold each other in a circle
                return f"has two names for one entry, of which one is {_shown(name)}"
            seen.add(place)
            if isinstance(entry, h5py.Group):
                groups.append(entry)
                continue
            if problem := _problem_of_array(entry, name):
                return problem
            chunk = np.prod(entry.chunks or (0,), dtype=np.float64) * entry.dtype.itemsize
            total += max(np.prod(entry.shape, dtype=np.float64) * entry.dtype.itemsize, chunk)
            if total > most_bytes:
                return f"needs more than {most_bytes:,} bytes of memory, more than this network has"
    return None


def _problem_of_array(entry: h5py.HLObject, name: str) -> str | None:
    """Why an entry is not an array of numbers in this file."""
    if not isinstance(entry, h5py.Dataset) or entry.dtype.kind not in _NUMBERS:
        return f"holds values that are not numbers at {_shown(name)}"
    if entry.is_virtual or entry.external:
        return f"takes values from another file at {_shown(name)}"
    return None


def _shown(name: str) -> str:
    """A name in a message: in a line, and not long."""
    return repr(name) if len(name) <= 40 else repr(name[:40]) + "..."
