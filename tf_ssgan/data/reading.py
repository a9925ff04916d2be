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
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import tqdm

from tf_ssgan.data import folders, kept, memory, pictures

SAMPLE = 100  # files whose heads decide on the size of images
SIZES = (8, 128)  # smallest and largest size taken over from the pictures
SIZE = 32  # where the pictures are of several sizes
_FRESH = 0.1  # seconds within which a file may change unnoticed, for all that its time says
_PIECE = 32  # files a task of the pool


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
    looks: pictures.Looks | None
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

    listing: folders.Listing
    seen: tuple[Seen, ...]
    usable: np.ndarray
    images: np.ndarray
    decoded: int


def read(listing: folders.Listing, form: pictures.Form) -> Reading:
    """Makes images of all pictures of a listing that can be read.

    Args:
        listing: the files.
        form: the form of images that is wanted.

    Raises:
        UserError: the images take more memory than there is.
    """
    index = _Index(listing)
    seen = list(index.look())
    usable = [place for place, found in enumerate(seen) if not found.problem]
    size = form.size or image_size(listing)
    channels = _channels(form, [seen[place].looks for place in usable])
    memory.check(len(usable), size, channels)
    images, decoded, problems = _images(index, seen, usable, (size, channels, form.fit))
    for place, problem in problems.items():
        seen[place] = dataclasses.replace(seen[place], problem=problem)
    usable = np.array([place for place in usable if place not in problems], np.int64)
    index.keep(seen)
    return Reading(listing, tuple(seen), usable, images, decoded)


def image_size(listing: folders.Listing) -> int:
    """The size of images where none is asked for.

    That of the pictures where all of a sample are squares of one size from 8 to 128, else 32.
    """
    step = max(1, len(listing.entries) // SAMPLE)
    sides = set()
    for entry in listing.entries[::step]:
        try:
            looks = pictures.look(entry.path)
        except pictures.Unusable:
            continue
        sides |= {looks.width, looks.height}
        if len(sides) > 1:
            return SIZE
    side = sides.pop() if sides else SIZE
    return side if SIZES[0] <= side <= SIZES[1] else SIZE


def _channels(form: pictures.Form, looks: Sequence[pictures.Looks]) -> int:
    if form.channels != "auto":
        return int(form.channels)
    return 1 if all(look.gray for look in looks) else 3


# --- The index ------------------------------------------------------------------------------------


class _Index:
    """What is known of the files of a listing, from the last time and from now."""

    def __init__(self, listing: folders.Listing):
        self.listing = listing
        root = hashlib.sha256(os.fsencode(os.path.abspath(listing.root))).hexdigest()[:16]
        self.path = kept.folder() / "pictures" / f"index-{root}.json"
        self.written, self.files, self.arrays = 0.0, {}, {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8", errors="surrogateescape"))
            if content["rule"] == pictures.RULE:
                self.written, self.arrays = content["written"], content["arrays"]
                self.files = content["files"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none yet, or a damaged one: everything is looked at again

    def look(self) -> Iterable[Seen]:
        """What is known of each file; unchanged ones are not opened."""
        known = [self._known(entry) for entry in self.listing.entries]
        new = [entry.path for entry, seen in zip(self.listing.entries, known, strict=True)
               if seen is None]  # fmt: skip
        found = iter(_in_parallel(_look, new, "looking at pictures"))
        return [next(found) if seen is None else seen for seen in known]

    def keep(self, seen: Sequence[Seen]) -> None:
        """Writes everything down for the next time."""
        files = {
            entry.name: [
                found.size, found.modified, found.digest,
                dataclasses.astuple(found.looks) if found.looks else None, found.problem,
            ]
            for entry, found in zip(self.listing.entries, seen, strict=True)
        }  # fmt: skip
        if files == self.files:
            return
        content = {
            "rule": pictures.RULE, "written": time.time(), "arrays": self.arrays, "files": files,
        }  # fmt: skip
        kept.keep_text(json.dumps(content, separators=(",", ":")), self.path)

    def _known(self, entry: folders.Entry) -> Seen | None:
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
        return Seen(*row[:3], pictures.Looks(*row[3]) if row[3] else None, row[4])


def _look(path: str) -> Seen:
    """Reads a file once: its hash, and what its head says."""
    try:
        content = pathlib.Path(path).read_bytes()
        status = os.stat(path)
    except OSError as error:
        return Seen(-1, -1, "", None, f"cannot be read: {error.strerror}")
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    try:
        looks, problem = pictures.look(content), ""
    except pictures.Unusable as error:
        looks, problem = None, str(error)
    return Seen(status.st_size, status.st_mtime_ns, digest, looks, problem)


# --- The images -----------------------------------------------------------------------------------


def _images(
    index: _Index, seen: Sequence[Seen], usable: Sequence[int], shape: tuple[int, int, str]
) -> tuple[np.ndarray, int, dict[int, str]]:
    """Returns the images of the usable entries, how many were decoded, and newly found problems."""
    form = "x".join(map(str, shape))
    before = index.arrays.get(form, {"name": "", "digests": []})
    digests = [seen[place].digest for place in usable]
    path = kept.folder() / "pictures"
    old = kept.array(path / before["name"]) if before["name"] else None
    if old is not None and digests == before["digests"]:
        return old, 0, {}
    rows = {digest: row for row, digest in enumerate(before["digests"])} if old is not None else {}
    size, channels, fit = shape
    images = np.empty((len(usable), size, size, channels), np.uint8)
    new = [at for at, digest in enumerate(digests) if digest not in rows]
    for at, digest in enumerate(digests):
        if digest in rows:
            images[at] = old[rows[digest]]

    def make(at: int) -> str:
        try:
            images[at] = pictures.image(index.listing.entries[usable[at]].path, size, channels, fit)
        except pictures.Unusable as error:
            return str(error)
        return ""

    outcomes = _in_parallel(make, new, "decoding pictures")
    problems = {at: problem for at, problem in zip(new, outcomes, strict=True) if problem}
    whole = [at for at in range(len(usable)) if at not in problems]
    images = images[whole] if problems else images
    _keep(index, form, [digests[at] for at in whole], images)
    return images, len(new) - len(problems), {usable[at]: why for at, why in problems.items()}


def _keep(index: _Index, form: str, digests: Sequence[str], images: np.ndarray) -> None:
    """Keeps the images under a name that their contents give, in place of those before."""
    content = f"{pictures.RULE} {form} {' '.join(digests)}"
    name = f"images-{hashlib.sha256(content.encode()).hexdigest()[:32]}.npy"
    folder, before = kept.folder() / "pictures", index.arrays.get(form)
    kept.keep_array(images, folder / name)
    if before and before["name"] != name:
        (folder / before["name"]).unlink(missing_ok=True)
    index.arrays[form] = {"name": name, "digests": list(digests)}
    index.files = {}  # the index has to be written, even if no file changed


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
