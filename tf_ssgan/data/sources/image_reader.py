"""Decodes the files of a listing once, in parallel; later runs take the images from the cache.

If files were added or changed, only these are decoded.
"""

import concurrent.futures
import dataclasses
import hashlib
import itertools
import os
import pathlib
from collections.abc import Callable, Sequence

import numpy as np
import tqdm

from tf_ssgan.data import image_decoding, memory_limit
from tf_ssgan.data.sources.image_cache import CachedImages, FileRecord, Index
from tf_ssgan.data.sources.image_entries import Listing, Remark

SAMPLE = 100  # files whose headers decide on the size of images
SIZES = (8, 128)  # smallest and largest size that is taken from the files
DEFAULT_SIZE = 32  # if the files have several sizes
_CHUNK = 8  # files per task of the thread pool


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

    listing: Listing
    records: tuple[FileRecord, ...]
    usable: np.ndarray
    images: np.ndarray
    decoded: int

    def remarks(self) -> list[Remark]:
        """What was found in listing and in reading the files."""
        unusable = tuple(
            f"{entry.name} {record.problem}"
            for entry, record in zip(self.listing.entries, self.records, strict=True)
            if record.problem
        )
        text = f"{len(unusable):,} of {len(self.records):,} files are left out"
        found = [Remark("warning", text, "repair or remove them", unusable)] if unusable else []
        return [*self.listing.remarks, *found]


def read(listing: Listing, spec: image_decoding.ImageSpec) -> LoadedImages:
    """Decodes all files of a listing that are images, or takes them from the cache.

    Args:
        listing: the files.
        spec: size, channels and fit of the images.

    Raises:
        UserError: The images do not fit into memory.
    """
    index = Index(listing)
    size = spec.size or image_size(listing)
    # Whether all files are gray is known only at the end; gray in three channels is the same gray.
    channels = 3 if spec.channels == "auto" else int(spec.channels)
    memory_limit.check(len(listing.entries), size, channels)
    known = index.lookup()
    cached = CachedImages(index, dataclasses.replace(spec, size=size))
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


def image_size(listing: Listing) -> int:
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


class _Decoder:
    """Decodes files from several threads, each into its row of one array."""

    def __init__(self, cached: CachedImages, shape: tuple[int, int, int, int], fit: str):
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
