"""Checks the files of user images: unusable, not read, named unusually, of unusual shapes."""

import collections
import pathlib
from collections.abc import Iterator

import numpy as np

from tf_ssgan.common import counts, few_images
from tf_ssgan.data import image_decoding, image_formats
from tf_ssgan.data.sources import image_reader, size_remarks
from tf_ssgan.data.sources.image_entries import LABELED, Listing
from tf_ssgan.diagnostics.findings import Finding

SECTION = "Data"

_NO_ACTION = "nothing must be done: rename them only if other programs have trouble with them"


def check_remarks(loaded: image_reader.LoadedImages) -> Iterator[Finding]:
    """What training says about the files: those left out or passed over, and odd names."""
    for remark in loaded.remarks():
        yield Finding(SECTION, remark.level, remark.text, remark.advice, remark.names)
    entries = loaded.listing.entries
    labeled = {entries[index].label for index in loaded.usable if entries[index].part == LABELED}
    empty = [kind for label, kind in enumerate(loaded.listing.classes) if label not in labeled]
    if empty:
        text = f"no labeled image is left of {few_images.join(empty)}"
        yield Finding(SECTION, "error", text, "repair the files that are left out")


def check_suffixes(loaded: image_reader.LoadedImages) -> Iterator[Finding]:
    """Names whose suffix does not match the format of the file."""
    wrong, missing = [], []
    for index in loaded.usable:
        name, actual = loaded.listing.entries[index].name, loaded.records[index].header.format
        named = image_formats.format_from_suffix(pathlib.PurePosixPath(name))
        if named is None:
            missing.append(f"{name} ({actual})")
        elif named != actual:
            wrong.append(f"{name} ({actual})")
    if wrong:
        yield Finding(
            SECTION, "note",
            counts.say(len(wrong), "file", "have another format than the suffix says"),
            _NO_ACTION, tuple(wrong),
        )  # fmt: skip
    if missing:
        yield Finding(
            SECTION, "note", counts.say(len(missing), "image", "have no suffix of an image format"),
            _NO_ACTION, tuple(missing),
        )  # fmt: skip


def check_names(listing: Listing) -> Iterator[Finding]:
    """Names that other programs may have trouble with."""
    unusual = [
        entry.name
        for entry in listing.entries
        if not entry.name.isascii() or any(letter.isspace() for letter in entry.name)
    ]
    if unusual:
        yield Finding(
            SECTION, "note",
            counts.say(len(unusual), "name", "have blanks or letters beyond ASCII"),
            _NO_ACTION, tuple(unusual),
        )  # fmt: skip


def check_sizes(
    loaded: image_reader.LoadedImages, spec: image_decoding.ImageSpec
) -> Iterator[Finding]:
    """The sizes of files, compared with the size of the images made from them."""
    headers = [loaded.records[index].header for index in loaded.usable]
    shapes = np.array([(header.width, header.height) for header in headers])
    order = np.argsort(shapes.prod(axis=1), kind="stable")
    sizes = ("{} x {}".format(*shapes[order[at]]) for at in (0, len(order) // 2, -1))
    size, channels = loaded.images.shape[1], loaded.images.shape[3]
    text = "files: smallest {}, median {}, largest {} pixels".format(*sizes)
    yield Finding(SECTION, "ok", f"{text}; images: {size} x {size} x {channels}, {spec.fit}")
    for remark in size_remarks.find(loaded, spec.fit):
        yield Finding(SECTION, remark.level, remark.text, remark.advice, remark.names)


def check_modes(
    loaded: image_reader.LoadedImages, spec: image_decoding.ImageSpec
) -> Iterator[Finding]:
    """File formats, color and transparency."""
    headers = [loaded.records[index].header for index in loaded.usable]
    counters = (collections.Counter(header.format for header in headers),
                collections.Counter(header.mode for header in headers))  # fmt: skip
    lists = [", ".join(f"{name} {count:,}" for name, count in counter.most_common())
             for counter in counters]  # fmt: skip
    yield Finding(SECTION, "ok", "formats: {}; modes: {}".format(*lists))
    gray = sum(header.gray for header in headers)
    if spec.channels == "auto" and 0 < gray < len(headers):
        yield Finding(
            SECTION, "note",
            f"{counts.say(gray, 'image', 'are gray')} and {len(headers) - gray:,} in color: all "
            "become color",
            "--channels=1 makes all gray, which is faster, if color carries no information",
        )  # fmt: skip
    transparent = sum(header.mode in ("RGBA", "LA", "PA", "La", "RGBa") for header in headers)
    if transparent:
        yield Finding(
            SECTION, "note",
            f"{counts.things(transparent, 'image')} can be transparent and "
            f"{'is' if transparent == 1 else 'are'} blended with white",
            "blend them with another color yourself if white is a bad background",
        )  # fmt: skip
