"""Reads the pictures of a listing once, in parallel, and keeps what became of them.

Two things are kept in the cache folder. An index, one a data set, says of each file what its bytes
hash to, what its head says and what is wrong with it; it is trusted for a file whose size and time
of change are still the same. The images themselves lie in an array named by the hashes of all the
files, the form and the rule that made them: the contents, and not their names, are its key. When
files were added or changed, only these are decoded.
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

SAMPLE = 100  # files whose heads decide on the size of images
SIZES = (8, 128)  # smallest and largest size taken over from the pictures
SIZE = 32  # where the pictures are of several sizes
_FRESH = 0.1  # seconds within which a file may change unnoticed, for all that its time says
_PIECE = 8  # files a task of the pool


@dataclasses.dataclass(frozen=True)
class Seen:
    """What is known of a file.

    Attributes:
        size: bytes.
        modified: time of its last change, nanoseconds.
        digest: hash of its bytes; empty where they cannot be read.
        looks: what its head says; None where it says nothing.
        problem: why no image can be made of it; empty where one can.
    """

    size: int
    modified: int
    digest: str
    looks: image_decoding.ImageFileInfo | None
    problem: str


@dataclasses.dataclass(frozen=True)
class Reading:
    """The pictures of a listing, read.

    Attributes:
        listing: what there was.
        seen: what is known of each entry.
        usable: int64 [images], the places of the entries that became images.
        images: uint8 [images, size, size, channels].
        decoded: how many images were made anew, the others having been kept.
    """

    listing: image_listing.Listing
    seen: tuple[Seen, ...]
    usable: np.ndarray
    images: np.ndarray
    decoded: int


def read(listing: image_listing.Listing, form: image_decoding.Form) -> Reading:
    """Makes images of all pictures of a listing that can be read.

    Args:
        listing: the files.
        form: the form of images that is wanted.

    Raises:
        UserError: the images take more memory than there is.
    """
    index = _Index(listing)
    size = form.size or image_size(listing)
    # Whether all are gray shows in the end; gray in three channels is the same gray.
    channels = 3 if form.channels == "auto" else int(form.channels)
    memory_limit.check(len(listing.entries), size, channels)
    known = index.known()
    before = _Before(index, f"{size}-{form.channels}-{form.fit}")
    if before.are(known):
        usable = np.array([at for at, seen in enumerate(known) if not seen.problem], np.int64)
        return Reading(listing, tuple(known), usable, before.images, 0)
    maker = _Maker(before, (len(known), size, size, channels), form.fit)
    items = [(row, e.path, known[row]) for row, e in enumerate(listing.entries)]
    seen = _in_parallel(maker.take, items, "reading pictures")
    usable = np.array([at for at, found in enumerate(seen) if not found.problem], np.int64)
    images = maker.images if len(usable) == len(seen) else maker.images[usable]
    if form.channels == "auto" and all(seen[at].looks.gray for at in usable):
        images = np.ascontiguousarray(images[..., :1])
    before.replace([seen[at].digest for at in usable], images)
    index.keep(seen)
    return Reading(listing, tuple(seen), usable, images, maker.decoded)


def image_size(listing: image_listing.Listing) -> int:
    """The size of images where none is asked for.

    That of the pictures where all of a sample are squares of one size from 8 to 128, else 32.
    """
    step = max(1, len(listing.entries) // SAMPLE)
    sides = set()
    for entry in listing.entries[::step]:
        try:
            looks = image_decoding.read_header(entry.path)
        except image_decoding.Unusable:
            continue
        sides |= {looks.width, looks.height}
        if len(sides) > 1:
            return SIZE
    side = sides.pop() if sides else SIZE
    return side if SIZES[0] <= side <= SIZES[1] else SIZE


# --- The index ------------------------------------------------------------------------------------


class _Index:
    """What is known of the files of a listing, from the last time and from now."""

    def __init__(self, listing: image_listing.Listing):
        self.listing = listing
        source = os.fsencode(os.path.abspath(listing.source))
        root = hashlib.sha256(source).hexdigest()[:16]
        self.path = cache.folder() / "pictures" / f"index-{root}.json"
        self.written, self.files, self.arrays = 0.0, {}, {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8", errors="surrogateescape"))
            if content["rule"] == image_decoding.RULE:
                self.written, self.arrays = content["written"], content["arrays"]
                self.files = content["files"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none yet, or a damaged one: everything is looked at again

    def known(self) -> list[Seen | None]:
        """What is known of each entry; None of new and of changed files."""
        return [self._known(entry) for entry in self.listing.entries]

    def keep(self, seen: Sequence[Seen]) -> None:
        """Writes everything down for the next time."""
        files = {
            entry.name: [
                found.size, found.modified, found.digest,
                dataclasses.astuple(found.looks) if found.looks else None, found.problem,
            ]
            for entry, found in zip(self.listing.entries, seen, strict=True)
        }  # fmt: skip
        content = {
            "rule": image_decoding.RULE,
            "written": time.time(),
            "arrays": self.arrays,
            "files": files,
        }
        cache.keep_text(json.dumps(content, separators=(",", ":")), self.path)

    def _known(self, entry: image_listing.Entry) -> Seen | None:
        """What was written down of a file, if it is still the same."""
        row = self.files.get(entry.name)
        if row is None:
            return None
        try:
            now = os.stat(entry.path)
        except OSError:
            return None
        fresh = now.st_mtime > self.written - _FRESH
        if fresh or [now.st_size, now.st_mtime_ns] != row[:2]:
            return None
        return Seen(*row[:3], image_decoding.ImageFileInfo(*row[3]) if row[3] else None, row[4])


# --- The images -----------------------------------------------------------------------------------


class _Before:
    """The images that were made of a data set the last time, in one form."""

    def __init__(self, index: _Index, form: str):
        self.index = index
        self.form = form
        last = index.arrays.get(form, {"name": "", "digests": []})
        self.path = cache.folder() / "pictures" / last["name"] if last["name"] else None
        self.images = cache.array(self.path) if self.path else None
        self.digests = last["digests"] if self.images is not None else None
        self.rows = {digest: row for row, digest in enumerate(self.digests or [])}

    def are(self, known: Sequence[Seen | None]) -> bool:
        """Whether they are those of the files as they are now."""
        if self.digests is None or None in known:
            return False
        return self.digests == [seen.digest for seen in known if not seen.problem]

    def replace(self, digests: list[str], images: np.ndarray) -> None:
        """Keeps other images instead, under a name that their contents give."""
        content = f"{image_decoding.RULE} {self.form} {' '.join(digests)}"
        name = f"images-{hashlib.sha256(content.encode()).hexdigest()[:32]}.npy"
        path = cache.folder() / "pictures" / name
        if path != self.path:
            cache.keep_array(images, path)
            if self.path:
                self.path.unlink(missing_ok=True)
        self.index.arrays[self.form] = {"name": name, "digests": digests}


class _Maker:
    """Makes images of files, each in its row, from several threads."""

    def __init__(self, before: _Before, shape: tuple[int, int, int, int], fit: str):
        self.before = before
        self.images = np.empty(shape, np.uint8)
        self.fit = fit
        self.made: list[int] = []

    @property
    def decoded(self) -> int:
        """How many were decoded."""
        return len(self.made)

    def take(self, item: tuple[int, str, Seen | None]) -> Seen:
        """Fills the row of a file, and says what is known of the file now."""
        row, path, known = item
        if known and (known.problem or known.digest in self.before.rows):
            self._copy(row, known.digest)
            return known
        try:
            content = pathlib.Path(path).read_bytes()
            status = os.stat(path)
        except OSError as error:
            return Seen(-1, -1, "", None, f"cannot be read: {error.strerror}")
        digest, looks, problem = hashlib.blake2b(content, digest_size=16).hexdigest(), None, ""
        try:
            looks = (
                image_decoding.read_header(content)
                if self._copy(row, digest)
                else self._make(row, content)
            )
        except image_decoding.Unusable as error:
            problem = str(error)
        return Seen(status.st_size, status.st_mtime_ns, digest, looks, problem)

    def _copy(self, row: int, digest: str) -> bool:
        """Takes an image over that was made before of the same bytes."""
        old = self.before.rows.get(digest)
        if old is not None:
            self.images[row] = self.before.images[old]
        return old is not None

    def _make(self, row: int, content: bytes) -> image_decoding.ImageFileInfo:
        size, channels = self.images.shape[2:]
        looks, self.images[row] = image_decoding.read_header_and_image(
            content, size, channels, self.fit
        )
        self.made.append(row)
        return looks


def _in_parallel(work: Callable, items: Sequence, what: str) -> list:
    """Maps in threads, in pieces, behind a progress bar: Pillow decodes without Python's lock."""
    pieces = [items[start : start + _PIECE] for start in range(0, len(items), _PIECE)]
    bar = tqdm.tqdm(total=len(items), desc=what, unit=" files", disable=None, leave=False)

    def piece(some: Sequence) -> list:
        found = [work(item) for item in some]
        bar.update(len(some))
        return found

    with bar, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(itertools.chain.from_iterable(pool.map(piece, pieces)))
