"""The cache of decoded images: what is known about each file, and an array of the images.

The cache folder holds two kinds of files. The index, one per data set, stores for each file the
hash of its bytes, its header, and why it cannot be used, if so. It is trusted for files whose size
and modification time are unchanged. The images are in an array that is named by the hashes of all
files, the image spec and the version of the decoder, so its key is the contents of the files, not
their names.
"""

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Sequence

import numpy as np

from tf_ssgan.common import cache
from tf_ssgan.data import image_decoding
from tf_ssgan.data.sources.image_entries import Entry, Listing

_CLOCK_TOLERANCE = 0.1  # seconds in which a file may change without a new modification time


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
    """The records of a listing's files, kept from one run to the next."""

    def __init__(self, listing: Listing):
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

    def _lookup(self, entry: Entry) -> FileRecord | None:
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


class CachedImages:
    """The images of a data set from the last run with the same image spec."""

    def __init__(self, index: Index, spec: str):
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
