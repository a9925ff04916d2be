"""The cache of decoded images: what is known about each file, and an array of the images.

The folder `pictures` of the cache holds:

- The index of each data set. It stores for each file the hash of its bytes, its header, and why it
  cannot be used, if so. It is trusted for a file whose size, times, inode and device are unchanged.
- An array of images for each data set and image spec. Its name is made of the hashes of all files,
  so its key is the contents of the files, not their names. Beside it is a description: the hashes,
  its shape and its checksum.

No file names another one. What is not as it was written is made anew, with a word; what was not
used for 60 days is removed. See `common.cache` for what is trusted at all.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tf_ssgan.common import cache
from tf_ssgan.data import image_decoding
from tf_ssgan.data.sources.image_entries import Listing

FOLDER = "pictures"  # in the cache folder

Identity = tuple[int, ...]  # size, modification and change time, inode and device of a file

_FORMAT = 2  # increases whenever the files of the cache hold something else

# Seconds in which a file may change a second time without a new time: FAT counts in steps of 2.
_CLOCK_TOLERANCE = 3.0


@dataclasses.dataclass(frozen=True)
class FileRecord:
    """What is known about a file.

    Attributes:
        size: in bytes.
        modified: modification time, in nanoseconds.
        digest: hash of the bytes; empty if they cannot be read.
        header: header of the image; None if it cannot be read.
        problem: why the file cannot be used; empty if it can.
    """

    size: int
    modified: int
    digest: str
    header: image_decoding.ImageFileInfo | None
    problem: str


class Index:
    """The records of a listing's files, kept from one run to the next.

    Attributes:
        listing: the listing.
        folder: the folder of the cache; None if nothing is cached.
        damaged: whether what was kept is not used, because it is not as it was written.
    """

    def __init__(self, listing: Listing):
        self.listing = listing
        self.folder = cache.trusted_folder(FOLDER, cache.UNUSED_DAYS)
        self.damaged = False
        source = os.fsencode(os.path.abspath(listing.source)).decode("latin-1")  # any bytes
        self.key = [_FORMAT, image_decoding.DECODER_VERSION, source]
        self._files: dict[str, tuple[Identity, FileRecord]] = {}
        self._began, self._identities = 0.0, []
        try:
            content = cache.read_json(self._path()) if self.folder else None
            self._files = _files(content, self.key) if content is not None else {}
        except cache.DamagedError:
            self.say_damaged()

    def lookup(self) -> list[FileRecord | None]:
        """Returns the record of each entry; None for new and changed files."""
        self._began = time.time()
        self._identities = [_identity(entry.path) for entry in self.listing.entries]
        known = []
        for entry, identity in zip(self.listing.entries, self._identities, strict=True):
            before, record = self._files.get(entry.name, (None, None))
            known.append(record if identity and identity == before else None)
        return known

    def save(self, records: Sequence[FileRecord]) -> None:
        """Writes the index for the next run.

        Args:
            records: what is known about each entry, read since `lookup`.
        """
        if self.folder:
            content = {"key": self.key, **_columns(self._unchanged(records))}
            cache.write_json(content, self._path())

    def say_damaged(self) -> None:
        """Says that nothing of what was kept is used."""
        self.damaged = True
        count = len(self.listing.entries)
        cache.say(f"The cache of decoded images was damaged: {count:,} images are decoded anew.")

    def _unchanged(self, records: Sequence[FileRecord]) -> dict[str, tuple[Identity, FileRecord]]:
        """Returns what the next run may trust: files that did not change while they were read.

        A file that changed shortly before `lookup` may have changed once more after it was read, at
        the same time by the clock of its disk. A time in the future tells nothing either.
        """
        latest = (self._began - _CLOCK_TOLERANCE) * 1e9
        return {
            entry.name: (before, record)
            for entry, record, before in zip(
                self.listing.entries, records, self._identities, strict=True
            )
            if before
            and before[:2] == (record.size, record.modified)
            and max(before[1:3]) < latest
            and before == _identity(entry.path)
        }

    def _path(self) -> pathlib.Path:
        return self.folder / f"index-{_hash(self.key)[:16]}.json"


class CachedImages:
    """The images of a data set from the last run with the same image spec.

    Attributes:
        images: uint8 [images, size, size, channels]; None if there are none.
        rows: hash of a file's bytes -> row of its image in `images`.
    """

    def __init__(self, index: Index, spec: image_decoding.ImageSpec):
        self.index = index
        self.spec = spec
        self.images: np.ndarray | None = None
        self.rows: dict[str, int] = {}
        self._key = [*index.key, *dataclasses.astuple(spec)]
        self._digests: list[str] = []
        try:
            if index.folder and not index.damaged:
                self._read()
        except cache.DamagedError:
            index.say_damaged()

    def match(self, records: Sequence[FileRecord | None]) -> bool:
        """Returns whether they are the images of the files as they are now."""
        if self.images is None or None in records:
            return False
        return self._digests == [record.digest for record in records if not record.problem]

    def replace(self, digests: list[str], images: np.ndarray) -> None:
        """Stores other images instead.

        Args:
            digests: hashes of the files' bytes.
            images: uint8 [images, size, size, channels].
        """
        if not self.index.folder or (self.images is not None and digests == self._digests):
            return
        old, new = self._array_path(self._digests), self._array_path(digests)
        about = {
            "key": self._key, "shape": images.shape, "checksum": cache.checksum(images),
            "digests": digests,
        }  # fmt: skip
        written = cache.write_array(images, new) and cache.write_json(about, self._path())
        if written and old != new:
            with contextlib.suppress(OSError):
                old.unlink()  # only now: until then the old description needs it

    def _read(self) -> None:
        """Reads the description and the array.

        Raises:
            DamagedError: One of them is not what was written.
        """
        about = cache.read_json(self._path())
        if about is None:
            return
        self._digests, shape, checksum = _description(about, self._key, self.spec)
        images = cache.read_array(self._array_path(self._digests), shape, "|u1")
        if images is not None:
            if cache.checksum(images) != checksum:
                raise cache.DamagedError("the images have another checksum")
            self.images = images
            self.rows = {digest: row for row, digest in enumerate(self._digests)}

    def _path(self) -> pathlib.Path:
        return self.index.folder / f"array-{_hash(self._key)[:16]}.json"

    def _array_path(self, digests: list[str]) -> pathlib.Path:
        return self.index.folder / f"images-{_hash([self._key, digests])[:32]}.npy"


def _identity(path: str) -> Identity | None:
    """Returns size, modification and change time in nanoseconds, inode and device of a file.

    The change time is set by every write, also of contents and modification time together
    (`touch -r`, `cp -p`), and the inode tells files apart that are renamed.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return status.st_size, *times, status.st_ino, status.st_dev


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _columns(files: dict[str, tuple[Identity, FileRecord]]) -> dict[str, list]:
    """Returns what `_files` reads: lists of columns, because many short lists take long to read."""
    identities, records = [pair[0] for pair in files.values()], [pair[1] for pair in files.values()]
    headers = {header: row for row, header in enumerate({record.header for record in records})}
    fields = [field.name for field in dataclasses.fields(FileRecord)]
    columns = {name: [getattr(record, name) for record in records] for name in fields}
    columns["header"] = [headers[header] for header in columns["header"]]
    return {
        "names": list(files), "identities": list(zip(*identities, strict=True)),
        "headers": [header and dataclasses.astuple(header) for header in headers],
        "records": list(columns.values()),
    }  # fmt: skip


def _files(content: Any, key: list) -> dict[str, tuple[Identity, FileRecord]]:
    """Returns identity and record of each file in an index.

    Raises:
        DamagedError: It is the index of something else, or a field is missing or wrong.
    """
    with _damaged_if_wrong():
        kind = image_decoding.ImageFileInfo
        headers = [header and _typed(kind, header) for header in content["headers"]]
        position = [field.name for field in dataclasses.fields(FileRecord)].index("header")
        columns = list(content["records"])
        if columns:
            columns[position] = [headers[row] for row in columns[position]]
        identities, records = (zip(*rows, strict=True) for rows in (content["identities"], columns))
        rows = zip(content["names"], identities, records, strict=True)
        files = {name: (identity, _typed(FileRecord, values)) for name, identity, values in rows}
        whole = all(record.header or record.problem for _, record in files.values())
        if content["key"] == key and whole:
            return files
    raise cache.DamagedError("it is the index of something else")


def _description(
    about: Any, key: list, spec: image_decoding.ImageSpec
) -> tuple[list[str], tuple[int, ...], str]:
    """Returns digests, shape and checksum in the description of an array.

    Raises:
        DamagedError: It is that of something else, or a field is missing or wrong.
    """
    with _damaged_if_wrong():
        digests = list(about["digests"])
        shapes = [
            (len(digests), spec.size, spec.size, channels)
            for channels in ((1, 3) if spec.channels == "auto" else (int(spec.channels),))
        ]
        shape = shapes[shapes.index(tuple(about["shape"]))]
        if about["key"] == key and all(isinstance(digest, str) for digest in digests):
            return digests, shape, about["checksum"]
    raise cache.DamagedError("it is the description of something else")


@contextlib.contextmanager
def _damaged_if_wrong() -> Iterator[None]:
    """Turns what wrong fields raise into a DamagedError."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise cache.DamagedError("a field is missing or wrong") from error


def _typed(kind: type, values: Sequence) -> Any:
    """Makes a dataclass of its fields; raises TypeError if they are of other types."""
    _check_types(kind, *map(type, values))
    return kind(*values)


@functools.cache  # tens of thousands of records are of few types
def _check_types(kind: type, *types: type) -> None:
    fields = dataclasses.fields(kind)
    if len(fields) != len(types) or not all(map(issubclass, types, (f.type for f in fields))):
        raise TypeError(f"these are not the fields of a {kind.__name__}")
