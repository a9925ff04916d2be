"""Files of weights (HDF5), checked before Keras opens them.

Such a file may name other files, claim arrays of any size, or hold pickled objects.
"""

import math
import os
from typing import Any

from tf_ssgan.common import errors, files

_MOST_OBJECTS = 100_000  # groups and arrays; Inception-v3 has about 1,000


class WeightFileError(ValueError):
    """It is no file of weights, or holds more than weights."""


def check(path: str | os.PathLike, most: int) -> None:
    """Refuses a file that cannot be weights of a network of this size.

    Args:
        path: The file.
        most: Bytes that its arrays may take together.

    Raises:
        WeightFileError: It is not a file, is damaged, refers to other files, or holds larger arrays
            or objects that are no numbers.
    """
    import h5py  # 0.1 seconds

    try:
        files.check_regular(path)
        with h5py.File(path, "r") as file:
            _Objects(most).check(file)
    except WeightFileError:
        raise
    except Exception as error:  # damaged files provoke most exceptions in h5py
        reason = getattr(error, "strerror", None) or errors.first_line(error)[:200]
        raise WeightFileError(f"it is damaged, or no HDF5 file ({reason})") from error


class _Objects:
    """What a file holds, group by group; each object once, however many names it has."""

    def __init__(self, most: int):
        self._most = most
        self._bytes = 0
        self._seen: set[Any] = set()

    def check(self, group: Any) -> None:
        """Looks at everything below a group without following a name into another file."""
        import h5py

        waiting = [group]
        while waiting:
            group = waiting.pop()
            self._check_attributes(group)
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise WeightFileError(f"{name[:80]!r} refers to another place or file")
                item = group[name]
                address = h5py.h5o.get_info(item.id).addr
                if address in self._seen:
                    continue
                self._seen.add(address)
                if len(self._seen) > _MOST_OBJECTS:
                    raise WeightFileError("it holds too many groups and arrays")
                if isinstance(item, h5py.Group):
                    waiting.append(item)
                else:
                    self._check_array(name[:80], item)

    def _check_attributes(self, item: Any) -> None:
        """Keras reads them whole."""
        for name in item.attrs:
            attribute = item.attrs.get_id(name)
            elements = 0 if attribute.shape is None else math.prod(attribute.shape)
            self._count(name[:80], elements * attribute.dtype.itemsize)

    def _check_array(self, name: str, array: Any) -> None:
        import h5py

        if not isinstance(array, h5py.Dataset):
            raise WeightFileError(f"{name!r} is a type, and weights are numbers")
        self._check_attributes(array)
        if array.external or array.is_virtual:
            raise WeightFileError(f"{name!r} lies in another file")
        # A text on its own says in some files which class wrote them.
        is_text = h5py.check_string_dtype(array.dtype) and array.shape in ((), None)
        if array.dtype.kind not in "fiub" and not is_text:
            raise WeightFileError(f"{name!r} holds {array.dtype}, and weights are numbers")
        # A compressed array is unpacked by chunks, which may be larger than itself.
        elements = max(int(array.size or 0), math.prod(array.chunks or (0,)))
        self._count(name, elements * array.dtype.itemsize)

    def _count(self, name: str, size: int) -> None:
        self._bytes += size
        if self._bytes > self._most:
            raise WeightFileError(
                f"with {name!r} it claims {self._bytes:,} bytes, and these networks take at most "
                f"{self._most:,}"
            )
