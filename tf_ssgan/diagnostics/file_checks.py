"""Files of a person's own pictures: no pictures, passed over, oddly named, of odd shapes."""

import collections
import os
import pathlib
from collections.abc import Iterator

import numpy as np

from tf_ssgan.data import image_decoding
from tf_ssgan.data.sources import image_listing, image_reader
from tf_ssgan.diagnostics.findings import Finding

SECTION = "Data"
STRETCHED = 2  # a longer side of more than so many shorter ones

_AS_THEY_ARE = "nothing: they are read as they are; rename them only if other programs stumble"


def unusable(read: image_reader.Reading) -> Iterator[Finding]:
    """Files of which no image can be made, each with its reason."""
    entries = read.listing.entries
    bad = [
        f"{entry.name} {seen.problem}"
        for entry, seen in zip(entries, read.seen, strict=True)
        if seen.problem
    ]
    labeled = {
        entries[place].label
        for place in read.usable
        if entries[place].part == image_listing.LABELED
    }
    bare = [kind for label, kind in enumerate(read.listing.classes) if label not in labeled]
    if bad:
        text = f"{len(bad):,} of {len(entries):,} files are left out"
        text += f"; nothing is left of {', '.join(bare)}" if bare else ""
        level = "error" if bare else "warning"
        yield Finding(SECTION, level, text, "mend them or take them away", tuple(bad))


def passed_over(listing: image_listing.Listing) -> Iterator[Finding]:
    """Files that are not read, and classes that are none."""
    if listing.hidden:
        yield Finding(
            SECTION, "note", f"{len(listing.hidden):,} hidden file(s) are not read",
            "nothing, unless they are pictures: then rename them", listing.hidden,
        )  # fmt: skip
    if listing.stray:
        yield Finding(
            SECTION, "note", f"{len(listing.stray):,} file(s) belong to no class and are not read",
            "move pictures among them into the folder of a class", listing.stray,
        )  # fmt: skip
    if listing.empty:
        yield Finding(
            SECTION, "warning", f"{len(listing.empty):,} folder(s) without files are no classes",
            "put pictures into them, or remove them", listing.empty,
        )  # fmt: skip


def endings(read: image_reader.Reading) -> Iterator[Finding]:
    """Names whose ending does not say what the content is."""
    wrong, bare = [], []
    for place in read.usable:
        name, found = read.listing.entries[place].name, read.seen[place].looks.format
        said = image_decoding.names_format(pathlib.PurePosixPath(name))
        if said is None:
            bare.append(f"{name} ({found})")
        elif said != found:
            wrong.append(f"{name} ({found})")
    if wrong:
        yield Finding(
            SECTION, "note", f"{len(wrong):,} file(s) are of another format than they are named",
            _AS_THEY_ARE, tuple(wrong),
        )  # fmt: skip
    if bare:
        yield Finding(
            SECTION, "note", f"{len(bare):,} picture(s) are named without the ending of a picture",
            _AS_THEY_ARE, tuple(bare),
        )  # fmt: skip


def names(listing: image_listing.Listing) -> Iterator[Finding]:
    """Names that other programs may stumble over."""
    odd = [
        entry.name
        for entry in listing.entries
        if not entry.name.isascii() or any(letter.isspace() for letter in entry.name)
    ]
    if odd:
        yield Finding(
            SECTION, "note", f"{len(odd):,} name(s) have blanks or letters beyond ASCII",
            _AS_THEY_ARE, tuple(odd),
        )  # fmt: skip


def listed_twice(listing: image_listing.Listing) -> Iterator[Finding]:
    """Files that a table has in several rows."""
    rows = collections.defaultdict(list)
    for entry in listing.entries:
        rows[os.path.normpath(entry.path)].append(entry)
    twice = [
        f"{found[0].name} ({', '.join(_as_what(listing, entry) for entry in found)})"
        for found in rows.values()
        if len(found) > 1
    ]
    if twice:
        yield Finding(
            SECTION, "warning", f"{len(twice):,} file(s) are in several rows of the table",
            "keep one row of each", tuple(twice),
        )  # fmt: skip


def _as_what(listing: image_listing.Listing, entry: image_listing.Entry) -> str:
    kind = listing.classes[entry.label] if entry.label >= 0 else ""
    return f"test {kind}" if entry.part == image_listing.TEST else kind or entry.part


def sizes(read: image_reader.Reading, form: image_decoding.Form) -> Iterator[Finding]:
    """How large pictures are, beside the size of images."""
    looks = [read.seen[place].looks for place in read.usable]
    shapes = np.array([(look.width, look.height) for look in looks])
    order = np.argsort(shapes.prod(axis=1), kind="stable")
    told = ("{} x {}".format(*shapes[order[at]]) for at in (0, len(order) // 2, -1))
    size, channels = read.images.shape[1], read.images.shape[3]
    text = "pictures: smallest {}, median {}, largest {} pixels".format(*told)
    yield Finding(SECTION, "ok", f"{text}; images: {size} x {size} x {channels}, {form.fit}")
    small = (shapes.max(axis=1) if form.fit == "pad" else shapes.min(axis=1)) < size
    if small.any():
        text = f"{small.sum():,} picture(s) are smaller than {size} pixels and are enlarged"
        yield Finding(SECTION, "note", text, "nothing if they are few, else a smaller --image_size")
    long = shapes.max(axis=1) > STRETCHED * shapes.min(axis=1)
    if long.any() and form.fit == "resize":
        yield Finding(
            SECTION, "note",
            f"{long.sum():,} picture(s) are more than twice as long as wide, and are squeezed",
            "--fit=pad keeps all of them, --fit=crop their middle",
            tuple(read.listing.entries[read.usable[at]].name for at in np.flatnonzero(long)),
        )  # fmt: skip


def modes(read: image_reader.Reading, form: image_decoding.Form) -> Iterator[Finding]:
    """Formats and kinds of pixels."""
    looks = [read.seen[place].looks for place in read.usable]
    counts = (collections.Counter(look.format for look in looks),
              collections.Counter(look.mode for look in looks))  # fmt: skip
    told = [", ".join(f"{name} {count:,}" for name, count in found.most_common())
            for found in counts]  # fmt: skip
    yield Finding(SECTION, "ok", "formats: {}; modes: {}".format(*told))
    gray = sum(look.gray for look in looks)
    if form.channels == "auto" and 0 < gray < len(looks):
        yield Finding(
            SECTION, "note",
            f"{gray:,} picture(s) are gray and {len(looks) - gray:,} in color: all become color",
            "--channels=1 makes all gray, which is faster, where color says nothing",
        )  # fmt: skip
    clear = sum(look.mode in ("RGBA", "LA", "PA", "La", "RGBa") for look in looks)
    if clear:
        yield Finding(
            SECTION, "note", f"{clear:,} picture(s) can be transparent: they are laid over white",
            "lay them over another color yourself where white is a bad ground",
        )  # fmt: skip
