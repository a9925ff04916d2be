"""A person's own pictures as a data set: `folder:DIR` and `csv:FILE`.

Where there are no test pictures, a fifth of each class's labeled ones is set aside as such, which
ones by the hashes of the files: whatever the seed, the size of images and the files' names, the
same pictures judge.
"""

import collections
import sys

import numpy as np

from tf_ssgan.common import errors
from tf_ssgan.data import dataset_info
from tf_ssgan.data.image_decoding import Form
from tf_ssgan.data.sources import image_listing, image_reader

TEST_SHARE = 5  # one in so many labeled pictures of a class
NAMED = 3  # files that a message names


def check(name: str, data_dir: str | None) -> None:
    """Refuses what cannot be a data set, without opening a picture."""
    image_listing.list_images(name, data_dir)


def labels(name: str, data_dir: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Returns about the training labels, int64 [n] (-1: none), and the class names.

    About: files that turn out to be no pictures still count.
    """
    found = image_listing.list_images(name, data_dir)
    entries, _ = _parted(found, [entry.name for entry in found.entries])
    return np.array([found.entries[place].label for place in entries], np.int64), found.classes


def load(name: str, data_dir: str | None, form: Form) -> dataset_info.Arrays:
    """Reads the pictures, or what was kept of them.

    Raises:
        UserError: as `folders.listing` and `reading.read`, and where a class has no picture that
            can be read.
    """
    read = image_reader.read(image_listing.list_images(name, data_dir), form)
    _report(name, read)
    return arrays(name, read, form)


def arrays(name: str, read: image_reader.Reading, form: Form) -> dataset_info.Arrays:
    """Makes a data set of pictures that were read."""
    entries = read.listing.entries
    train, test = _parted(
        read.listing, [seen.digest for seen in read.seen], set(read.usable.tolist())
    )
    _check_classes(name, read, train, test)
    row = {place: row for row, place in enumerate(read.usable.tolist())}
    images, found = {}, {}
    for part, places in (("train", train), ("test", test)):
        images[part] = read.images[[row[place] for place in places]]
        found[part] = np.array([entries[place].label for place in places], np.int64)
    mean, std = dataset_info.channel_statistics(images["train"])
    card = dataset_info.DatasetInfo(
        name, *images["train"].shape[1:], read.listing.classes, mean, std, False,
        f"{len(read.usable):,} pictures", form.fit,
    )  # fmt: skip
    files = tuple(entries[place].name for place in train)
    return dataset_info.Arrays(
        card, images["train"], found["train"], images["test"], found["test"], files
    )


def _parted(
    listing: image_listing.Listing, keys: list[str], usable: set[int] | None = None
) -> tuple[list[int], list[int]]:
    """Returns the places of the training and of the test entries, in the listing's order."""
    by_part = collections.defaultdict(list)
    for place, entry in enumerate(listing.entries):
        if usable is None or place in usable:
            by_part[entry.part].append(place)
    test = by_part[image_listing.TEST]
    if not any(entry.part == image_listing.TEST for entry in listing.entries):
        by_class = collections.defaultdict(list)
        for place in by_part[image_listing.LABELED]:
            by_class[listing.entries[place].label].append(place)
        for places in by_class.values():
            places.sort(key=lambda place: keys[place])
            test += places[: len(places) // TEST_SHARE]
    chosen = set(test)
    train = by_part[image_listing.LABELED] + by_part[image_listing.UNLABELED]
    return [place for place in train if place not in chosen], sorted(test)


def _check_classes(
    name: str, read: image_reader.Reading, train: list[int], test: list[int]
) -> None:
    counts = collections.Counter(read.listing.entries[place].label for place in train)
    missing = [kind for k, kind in enumerate(read.listing.classes) if not counts[k]]
    if missing:
        raise errors.UserError(
            f"--dataset={name}: of {', '.join(missing)} no picture can be read. Mend or remove the "
            "files: python -m tf_ssgan.doctor names each."
        )
    if not test and any(entry.part == image_listing.TEST for entry in read.listing.entries):
        raise errors.UserError(
            f"--dataset={name}: none of the test pictures can be read. Mend them, or take test/ "
            "away to have a fifth of the labeled ones set aside."
        )
    if not test:
        raise errors.UserError(
            f"--dataset={name}: there are no test pictures, and no class has the {TEST_SHARE} "
            "labeled ones of which one could be set aside. Add pictures to test/<class>/."
        )


def _report(name: str, read: image_reader.Reading) -> None:
    """Says on standard error which files were left out."""
    bad = [
        f"{entry.name} {seen.problem}"
        for entry, seen in zip(read.listing.entries, read.seen, strict=True)
        if seen.problem
    ]
    if bad:
        more = f", and {len(bad) - NAMED:,} more" if len(bad) > NAMED else ""
        print(
            printable(
                f"{len(bad):,} of {len(read.seen):,} files of {name} are left out: "
                f"{'; '.join(bad[:NAMED])}{more}. All: python -m tf_ssgan.doctor --dataset={name}"
            ),
            file=sys.stderr,
        )


def printable(text: str) -> str:
    """Returns a text that any terminal takes: bytes that are no UTF-8 become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def size(name: str, data_dir: str | None) -> int:
    """Returns the size of images where none is asked for; opens the heads of some files."""
    return image_reader.image_size(image_listing.list_images(name, data_dir))
