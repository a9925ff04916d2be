"""Decodes the files of a listing once, in parallel, and caches the images.

The cache folder holds two kinds of files. The index, one per data set, stores for each file the
hash of its bytes, its header, and why it cannot be used, if so. It is trusted for files whose size
and modification time are unchanged. The images are in an array that is named by the hashes of all
files, the image spec and the version of the decoder, so its key is the contents of the files, not
their names. If files were added or changed, only these are decoded.
"""

import concurrent.futures
import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
import time
from collections.abc import Callable, Sequence

import numpy as np
import tqdm

from tf_ssgan.common import cache
from tf_ssgan.data import image_decoding, memory_limit
from tf_ssgan.data.sources import image_listing

SAMPLE = 100  # files whose headers decide on the size of images
SIZES = (8, 128)  # smallest and largest size that is taken from the files
DEFAULT_SIZE = 32  # if the files have several sizes
_CLOCK_TOLERANCE = 0.1  # seconds in which a file may change without a new modification time
_CHUNK = 8  # files per task of the thread pool


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


@dataclasses.dataclass(frozen=True)
class LoadedImages:
    """The images of a listing.

    Attributes:
        listing: the listing.
        records: what is known about each entry.
        usable: int64 [images], the indices of the entries that became images.
        images: uint8 [images, size, size, channels].
        decoded: number of images that were decoded now, not taken from the cache.
    """

    listing: image_listing.Listing
    records: tuple[FileRecord, ...]
    usable: np.ndarray
    images: np.ndarray
    decoded: int


def read(listing: image_listing.Listing, spec: image_decoding.ImageSpec) -> LoadedImages:
    """Decodes all files of a listing that are images, or takes them from the cache.

    Args:
        listing: the files.
        spec: size, channels and fit of the images.

    Raises:
        UserError: The images do not fit into memory.
    """
    index = _Index(listing)
    size = spec.size or image_size(listing)
    # Whether all files are gray is known only at the end; gray in three channels is the same gray.
    channels = 3 if spec.channels == "auto" else int(spec.channels)
    memory_limit.check(len(listing.entries), size, channels)
    known = index.lookup()
    cached = _CachedImages(index, f"{size}-{spec.channels}-{spec.fit}")
    if cached.match(known):
        return LoadedImages(listing, tuple(known), _usable(known), cached.images, 0)
    decoder = _Decoder(cached, (len(known), size, size, channels), spec.fit)
    items = [(row, e.path, known[row]) for row, e in enumerate(listing.entries)]
    records = _map_parallel(decoder.read_file, items, "reading images")
    usable = _usable(records)
    images = decoder.images if len(usable) == len(records) else decoder.images[usable]
    if spec.channels == "auto" and all(records[row].header.gray for row in usable):
        images = np.ascontiguousarray(images[..., :1])
    cached.replace([records[row].digest for row in usable], images)
    index.save(records)
    return LoadedImages(listing, tuple(records), usable, images, decoder.decoded)


def image_size(listing: image_listing.Listing) -> int:
    """Returns the default size of images, in pixels.

    If all files of a sample are squares of one size from 8 to 128, it is that size, otherwise 32.
    """
    step = max(1, len(listing.entries) // SAMPLE)
    sides = set()
    for entry in listing.entries[::step]:
        try:
            header = image_decoding.read_header(entry.path)
        except image_decoding.ImageFileError:
            continue
        sides |= {header.width, header.height}
        if len(sides) > 1:
            return DEFAULT_SIZE
    side = sides.pop() if sides else DEFAULT_SIZE
    return side if SIZES[0] <= side <= SIZES[1] else DEFAULT_SIZE


def _usable(records: Sequence[FileRecord]) -> np.ndarray:
    """Returns int64 [images], the indices of the files that can be used."""
    return np.array([row for row, record in enumerate(records) if not record.problem], np.int64)


# --- The index ------------------------------------------------------------------------------------


class _Index:
    """The records of a listing's files, kept from one run to the next."""

    def __init__(self, listing: image_listing.Listing):
        self.listing = listing
        source = os.fsencode(os.path.abspath(listing.source))
        root = hashlib.sha256(source).hexdigest()[:16]
        self.path = cache.folder() / "pictures" / f"index-{root}.json"
        self.written, self.files, self.arrays = 0.0, {}, {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8", errors="surrogateescape"))
            if content["rule"] == image_decoding.DECODER_VERSION:
                self.written, self.arrays = content["written"], content["arrays"]
                self.files = content["files"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # missing or damaged: all files are read again

    def lookup(self) -> list[FileRecord | None]:
        """Returns the record of each entry; None for new and changed files."""
        return [self._lookup(entry) for entry in self.listing.entries]

    def save(self, records: Sequence[FileRecord]) -> None:
        """Writes the index for the next run."""
        files = {
            entry.name: [
                record.size, record.modified, record.digest,
                dataclasses.astuple(record.header) if record.header else None, record.problem,
            ]
            for entry, record in zip(self.listing.entries, records, strict=True)
        }  # fmt: skip
        content = {
            "rule": image_decoding.DECODER_VERSION,
            "written": time.time(),
            "arrays": self.arrays,
            "files": files,
        }
        cache.write_text(json.dumps(content, separators=(",", ":")), self.path)

    def _lookup(self, entry: image_listing.Entry) -> FileRecord | None:
        """Returns the record of a file if the file is unchanged."""
        row = self.files.get(entry.name)
        if row is None:
            return None
        try:
            status = os.stat(entry.path)
        except OSError:
            return None
        recent = status.st_mtime > self.written - _CLOCK_TOLERANCE
        if recent or [status.st_size, status.st_mtime_ns] != row[:2]:
            return None
        header = image_decoding.ImageFileInfo(*row[3]) if row[3] else None
        return FileRecord(*row[:3], header, row[4])


# --- The images -----------------------------------------------------------------------------------


class _CachedImages:
    """The images of a data set from the last run with the same image spec."""

    def __init__(self, index: _Index, spec: str):
        self.index = index
        self.spec = spec
        last = index.arrays.get(spec, {"name": "", "digests": []})
        self.path = cache.folder() / "pictures" / last["name"] if last["name"] else None
        self.images = cache.read_array(self.path) if self.path else None
        self.digests = last["digests"] if self.images is not None else None
        self.rows = {digest: row for row, digest in enumerate(self.digests or [])}

    def match(self, records: Sequence[FileRecord | None]) -> bool:
        """Returns whether they are the images of the files as they are now."""
        if self.digests is None or None in records:
            return False
        return self.digests == [record.digest for record in records if not record.problem]

    def replace(self, digests: list[str], images: np.ndarray) -> None:
        """Stores other images instead, under a name that depends on the contents of the files."""
        content = f"{image_decoding.DECODER_VERSION} {self.spec} {' '.join(digests)}"
        name = f"images-{hashlib.sha256(content.encode()).hexdigest()[:32]}.npy"
        path = cache.folder() / "pictures" / name
        if path != self.path:
            cache.write_array(images, path)
            if self.path:
                self.path.unlink(missing_ok=True)
        self.index.arrays[self.spec] = {"name": name, "digests": digests}


class _Decoder:
    """Decodes files from several threads, each into its row of one array."""

    def __init__(self, cached: _CachedImages, shape: tuple[int, int, int, int], fit: str):
        self.cached = cached
        self.images = np.empty(shape, np.uint8)
        self.fit = fit
        self.decoded_rows: list[int] = []

    @property
    def decoded(self) -> int:
        """The number of files that were decoded."""
        return len(self.decoded_rows)

    def read_file(self, item: tuple[int, str, FileRecord | None]) -> FileRecord:
        """Fills the row of a file, and returns the new record of the file.

        Args:
            item: row, path, and the record from the index.
        """
        row, path, known = item
        if known and (known.problem or known.digest in self.cached.rows):
            self._copy(row, known.digest)
            return known
        try:
            content = pathlib.Path(path).read_bytes()
            status = os.stat(path)
        except OSError as error:
            return FileRecord(-1, -1, "", None, f"cannot be read: {error.strerror}")
        digest, header, problem = hashlib.blake2b(content, digest_size=16).hexdigest(), None, ""
        try:
            header = (
                image_decoding.read_header(content)
                if self._copy(row, digest)
                else self._decode(row, content)
            )
        except image_decoding.ImageFileError as error:
            problem = str(error)
        return FileRecord(status.st_size, status.st_mtime_ns, digest, header, problem)

    def _copy(self, row: int, digest: str) -> bool:
        """Copies the cached image of a file with the same bytes; returns whether there is one."""
        old = self.cached.rows.get(digest)
        if old is not None:
            self.images[row] = self.cached.images[old]
        return old is not None

    def _decode(self, row: int, content: bytes) -> image_decoding.ImageFileInfo:
        size, channels = self.images.shape[2:]
        header, self.images[row] = image_decoding.read_header_and_image(
            content, size, channels, self.fit
        )
        self.decoded_rows.append(row)
        return header


def _map_parallel(function: Callable, items: Sequence, title: str) -> list:
    """Maps in threads, with a progress bar; Pillow decodes without holding Python's lock."""
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    bar = tqdm.tqdm(total=len(items), desc=title, unit=" files", disable=None, leave=False)

    def map_chunk(chunk: Sequence) -> list:
        results = [function(item) for item in chunk]
        bar.update(len(chunk))
        return results

    with bar, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(itertools.chain.from_iterable(pool.map(map_chunk, chunks)))
