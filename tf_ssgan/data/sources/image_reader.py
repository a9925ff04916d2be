"""Decodes the files of a listing once, in parallel; later runs take the images from the cache.

If files were added or changed, only these are decoded. Gray files with 16 bits are decoded a second
time if the values of all files tell that fewer bits are in use, see `image_depth`.
"""

import concurrent.futures
import dataclasses
import hashlib
import itertools
import os
from collections.abc import Callable, Sequence

import numpy as np
import tqdm

from tf_ssgan.data import image_decoding, image_depth, image_files, memory_limit
from tf_ssgan.data.sources import image_remarks
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
        bits: bits in use of gray files with 16 bits; 16 without such.
    """

    listing: Listing
    records: tuple[FileRecord, ...]
    usable: np.ndarray
    images: np.ndarray
    decoded: int
    bits: int = image_depth.BITS[1]

    def remarks(self) -> list[Remark]:
        """What was found in listing and in reading the files."""
        unusable = tuple(
            f"{entry.name} {record.problem}"
            for entry, record in zip(self.listing.entries, self.records, strict=True)
            if record.problem
        )
        text = f"{len(unusable):,} of {len(self.records):,} files are left out"
        found = [Remark("warning", text, "repair or remove them", unusable)] if unusable else []
        images = image_remarks.UsedImages(
            [self.listing.entries[row].name for row in self.usable],
            np.array([self.listing.entries[row].label for row in self.usable], np.int64),
            [self.records[row].header for row in self.usable],
            self.images,
        )
        return [*self.listing.remarks, *found, *image_remarks.find(images, self.bits)]


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
    bits = spec.bits or _bits_in_use(known)
    cached = CachedImages(index, dataclasses.replace(spec, size=size, bits=bits))
    if cached.match(known):
        return LoadedImages(listing, tuple(known), _usable(known), cached.images, 0, bits)
    decoder = _Decoder(cached, (len(known), size, size, channels), spec.fit, bits)
    items = [(row, e.path, known[row]) for row, e in enumerate(listing.entries)]
    records = _map_parallel(decoder.read_file, items, "reading images")
    if not spec.bits and (found := _bits_in_use(records)) != bits:
        bits = found
        cached = CachedImages(index, dataclasses.replace(spec, size=size, bits=bits))
        decoder.cached, decoder.bits = cached, bits
        wide = [(row, path, None) for row, path, _ in items if _is_wide(records[row])]
        again = _map_parallel(decoder.read_file, wide, "reading images of 16 bits")
        for (row, _, _), record in zip(wide, again, strict=True):
            records[row] = record
    usable = _usable(records)
    images = decoder.images if len(usable) == len(records) else decoder.images[usable]
    if spec.channels == "auto" and all(records[row].header.gray for row in usable):
        images = np.ascontiguousarray(images[..., :1])
    cached.replace([records[row].digest for row in usable], images)
    index.save(records)
    return LoadedImages(listing, tuple(records), usable, images, decoder.decoded, bits)


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


def _is_wide(record: FileRecord | None) -> bool:
    """Whether a file is known to be a gray image with 16 bits."""
    return bool(record and record.header and record.header.wide and not record.problem)


def _bits_in_use(records: Sequence[FileRecord | None]) -> int:
    """The bits that the largest value of all gray files with 16 bits needs; 16 without such."""
    peaks = [record.header.peak for record in records if _is_wide(record)]
    return image_depth.bits(max(peaks)) if peaks else image_depth.BITS[1]


def _usable(records: Sequence[FileRecord]) -> np.ndarray:
    """Returns int64 [images], the indices of the files that can be used."""
    return np.array([row for row, record in enumerate(records) if not record.problem], np.int64)


class _Decoder:
    """Decodes files from several threads, each into its row of one array."""

    def __init__(self, cached: CachedImages, shape: tuple[int, int, int, int], fit: str, bits: int):
        self.cached = cached
        self.images = np.empty(shape, np.uint8)
        self.fit = fit
        self.bits = bits
        self.decoded_rows: set[int] = set()

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
            status = os.stat(path)
            content = image_files.read_file(path)
        except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
            reason = getattr(error, "strerror", None) or error
            return FileRecord(-1, -1, "", None, f"cannot be read: {reason}")
        except image_decoding.ImageFileError as error:  # by its head; the rest was not read
            return FileRecord(status.st_size, status.st_mtime_ns, "", None, str(error))
        digest, header, problem = hashlib.blake2b(content, digest_size=16).hexdigest(), None, ""
        try:
            header = (
                image_decoding.read_info(content)
                if self._copy(row, digest)
                else self._decode(row, content)
            )
        except image_decoding.ImageFileError as error:
            problem = str(error)
            if isinstance(error.__cause__, MemoryError):  # the next run may have more
                return FileRecord(-1, -1, "", None, problem)
        return FileRecord(status.st_size, status.st_mtime_ns, digest, header, problem)

    def _copy(self, row: int, digest: str) -> bool:
        """Copies the cached image of a file with the same bytes; returns whether there is one."""
        old = self.cached.rows.get(digest)
        if old is not None:
            self.images[row] = self.cached.images[old]
        return old is not None

    def _decode(self, row: int, content: bytes) -> image_decoding.ImageFileInfo:
        size, channels = self.images.shape[2:]
        header, self.images[row] = image_decoding.read_info_and_image(
            content, size, channels, self.fit, self.bits
        )
        self.decoded_rows.add(row)
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
