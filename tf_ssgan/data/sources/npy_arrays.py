"""Arrays in NumPy's format, whose descriptions are checked before anything is read or allocated.

A description is a few bytes that may claim any type and shape; what follows it may be of any
length. So both are compared with the length of the file first, and nothing is ever unpickled.
"""

import dataclasses
import io
import math
import warnings
from typing import BinaryIO

import numpy as np

_LARGEST_DESCRIPTION = 10_000  # characters, NumPy's own limit: longer ones are slow to parse
_BEFORE = 12  # bytes before a description: magic string, version, length
_LARGEST_LENGTH = 2**63 - 1  # of an array, in NumPy
_CHUNK = 2**18  # bytes that are read at once
# Version -> how its description is read. The third differs from the second in the names of fields.
_PARSERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,
}
# What to do about arrays of other types -> a hint, by the kind of the type.
_HINTS = {
    "O": " (objects are pickled, which could run any program; they are not read)",
    "V": " (records of several fields are not read)",
    "M": " (times are no numbers)",
    "m": " (times are no numbers)",
}


class ArrayError(ValueError):
    """An array is not what it says it is, or cannot be one that is read here."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What an array says about itself.

    Attributes:
        shape: its lengths, each 0 or more.
        dtype: the type of its elements.
        columns_first: whether it is in Fortran's order.
        start: number of bytes before the elements.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    columns_first: bool
    start: int

    @property
    def size(self) -> int:
        """Bytes that the elements take."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def words(self) -> str:
        """Type and shape for a message, with a hint if it is a type of which no array is read."""
        return f"{self.dtype} {list(self.shape)}"[:200] + _HINTS.get(self.dtype.kind, "")


def read_header(file: BinaryIO, length: int) -> Header:
    """Reads the description of an array.

    Args:
        file: At its beginning.
        length: Bytes of the whole array, its description included.

    Raises:
        ArrayError: It is no description, or claims other lengths than it has.
        OSError, ValueError: It cannot be read.
    """
    head = io.BytesIO(file.read(_BEFORE + _LARGEST_DESCRIPTION))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a description that Python 2 has written
            parse = _PARSERS[np.lib.format.read_magic(head)]
            shape, columns_first, dtype = parse(head, max_header_size=_LARGEST_DESCRIPTION)
    # A description is Python's notation of a dictionary, and odd ones raise almost anything.
    except Exception as error:
        raise ArrayError("it does not begin as a NumPy array does") from error
    header = Header(shape, dtype, columns_first, head.tell())
    _check_lengths(header, length)
    return header


def _check_lengths(header: Header, length: int) -> None:
    # True is a whole number for NumPy.
    odd = [n for n in header.shape if type(n) is not int or not 0 <= n <= _LARGEST_LENGTH]
    if odd or math.prod(header.shape) > _LARGEST_LENGTH:
        shown = ", ".join(str(n)[:20] for n in header.shape[:8])
        raise ArrayError(f"no array can have the shape [{shown}]")
    if header.dtype.hasobject or header.dtype.kind == "V":  # refused by its type
        return
    there = length - header.start
    if there != header.size:
        raise ArrayError(
            f"its description, {header.words}, needs {header.size:,} bytes, but {there:,} follow it"
        )


def read_elements(file: BinaryIO, header: Header) -> np.ndarray:
    """Reads an array, whose type and lengths the caller accepts.

    Args:
        file: At its beginning.
        header: As `read_header` has returned it for the same file.

    Returns:
        The array, in C's order.

    Raises:
        ArrayError: The file has another length, or objects would have to be unpickled.
        OSError, ValueError, MemoryError: It cannot be read.
    """
    if header.dtype.hasobject or header.dtype.kind == "V":
        raise ArrayError(f"arrays of {header.words} are not read")
    file.read(header.start)
    elements = np.empty(math.prod(header.shape), header.dtype)
    memory, position = memoryview(elements.view(np.uint8)), 0
    while position < header.size:
        count = file.readinto(memory[position : position + _CHUNK])
        if not count:
            raise ArrayError("it is cut short")
        position += count
    if file.read(1):  # also lets an archive compare its checksum
        raise ArrayError("more bytes follow than it says")
    if header.columns_first:
        return np.ascontiguousarray(elements.reshape(header.shape[::-1]).transpose())
    return elements.reshape(header.shape)
