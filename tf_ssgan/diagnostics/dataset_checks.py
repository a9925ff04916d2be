"""The data: how many of what, what is wrong with them, and what is there twice."""

import collections
from collections.abc import Iterator, Sequence

import numpy as np

from tf_ssgan.common import cache
from tf_ssgan.data import content_hash, dataset_info, datasets, image_decoding
from tf_ssgan.data.sources import image_listing, image_reader, user_images
from tf_ssgan.diagnostics import duplicate_images, file_checks
from tf_ssgan.diagnostics.findings import LISTED, Finding, attempted, guarded, shown
from tf_ssgan.training import config

SECTION = "Data"
FEW = 5  # labeled pictures of a class
UNEVEN = 10  # the largest class has so many times the pictures of the smallest


def examine(
    name: str, data_dir: str | None, form: image_decoding.Form
) -> tuple[list[Finding], dataset_info.Arrays | None]:
    """Looks at a data set; a person's own pictures are read as training reads them, and kept.

    Args:
        name: the data set's name.
        data_dir: as for `datasets.load`.
        form: the form of images that is wanted of a person's own pictures.

    Returns:
        What was found, and the data where they will do.
    """
    if image_listing.is_user_images(name):
        return _own(name, data_dir, form)
    arrays, found = attempted(SECTION, name, datasets.load, name, data_dir, form)
    if arrays is not None:
        found += guarded(SECTION, "the classes", _known_counts, arrays)
        found += guarded(SECTION, "duplicates", _known_duplicates, arrays)
    return found, arrays


def protocol(settings: config.Config, arrays: dataset_info.Arrays) -> Iterator[Finding]:
    """Who would be labeled and held out; imports TensorFlow."""
    from tf_ssgan.training import build

    made = build.make_protocol(settings, content_hash.ordered(arrays))
    yield Finding(SECTION, "ok", f"a run of {settings.method}: {made.describe()}")


# --- A person's own pictures ----------------------------------------------------------------------


def _own(
    name: str, data_dir: str | None, form: image_decoding.Form
) -> tuple[list[Finding], dataset_info.Arrays | None]:
    read, found = attempted(
        SECTION, name, lambda: image_reader.read(image_listing.list_images(name, data_dir), form)
    )
    if read is None:
        return found, None
    arrays, refused = attempted(SECTION, "the classes", user_images.arrays, name, read, form)
    known = compared(read, arrays)
    for what, check, *arguments in (
        ("what was read", _kept, read),
        ("the classes", _own_counts, read, known.test),
        ("unusable files", file_checks.unusable, read),
        ("files that are not read", file_checks.passed_over, read.listing),
        ("endings of names", file_checks.endings, read),
        ("names", file_checks.names, read.listing),
        ("rows", file_checks.listed_twice, read.listing),
    ):
        found += guarded(SECTION, what, check, *arguments)
    for what, check, *arguments in (
        ("sizes", file_checks.sizes, read, form),
        ("modes", file_checks.modes, read, form),
        ("duplicates", duplicate_images.exact, known),
        ("near duplicates", duplicate_images.near, read.images, known),
    ) * bool(len(read.usable)):
        found += guarded(SECTION, what, check, *arguments)
    return found + refused, arrays


def compared(
    read: image_reader.Reading, arrays: dataset_info.Arrays | None
) -> duplicate_images.ImagesToCompare:
    """Says of each image who it is and whether it judges.

    Args:
        read: the pictures.
        arrays: the data set made of them, which says what was set aside; None where none was made.
    """
    entries = [read.listing.entries[place] for place in read.usable]
    test = np.array([entry.part == image_listing.TEST for entry in entries], bool)
    if arrays is not None:
        learned = collections.Counter(arrays.train_files)
        for place, entry in enumerate(entries):
            if not test[place]:
                learned[entry.name] -= 1
                test[place] = learned[entry.name] < 0
    return duplicate_images.ImagesToCompare(
        content_hash.keys(read.images),
        np.array([entry.label for entry in entries], np.int64),
        test,
        [entry.name for entry in entries],
        read.listing.classes,
    )


def _kept(read: image_reader.Reading) -> Iterator[Finding]:
    """Where the images are kept."""
    folder = cache.folder() / "pictures"
    where = f"kept in {folder}, where training finds them" if folder.is_dir() else "not kept"
    text = f"{len(read.usable):,} images, {read.decoded:,} decoded now; {where}"
    yield Finding(SECTION, "ok", text)


def _own_counts(read: image_reader.Reading, test: np.ndarray) -> Iterator[Finding]:
    entries, listed = read.listing.entries, collections.Counter()
    columns = {"labeled": collections.Counter(), "test": collections.Counter()}
    for place, judges in zip(read.usable, test, strict=True):
        part, label = entries[place].part, entries[place].label
        listed[part], listed[part, label] = listed[part] + 1, listed[part, label] + 1
        columns["test" if judges else "labeled"][label] += 1
    labels = range(len(read.listing.classes))
    declared = any(entry.part == image_listing.TEST for entry in entries)
    told = f"{len(entries):,} files, {len(read.usable):,} pictures: "
    told += f"{listed[image_listing.LABELED]:,} labeled, "
    told += f"{listed[image_listing.UNLABELED]:,} unlabeled, "
    told += f"{listed[image_listing.TEST]:,} to test"
    yield from _counts(
        told,
        read.listing.classes,
        {name: [found[label] for label in labels] for name, found in columns.items()},
        [listed[image_listing.LABELED, label] for label in labels],
    )
    if not declared:
        yield Finding(
            SECTION,
            "note",
            f"there are no test pictures: one in {user_images.TEST_SHARE} of each class's labeled "
            "ones is set aside",
            "choose them yourself with test/<class>/, or split=test in a table",
        )


# --- Data sets with arrays of their own -----------------------------------------------------------


def _known_counts(arrays: dataset_info.Arrays) -> Iterator[Finding]:
    classes = arrays.info.classes
    train, test = (
        np.bincount(labels[labels >= 0], minlength=len(classes)).tolist()
        for labels in (arrays.train_labels, arrays.test_labels)
    )
    told = (
        f"{len(arrays.train_labels):,} training and {len(arrays.test_labels):,} test images, "
        f"{' x '.join(map(str, arrays.info.shape))}, from {arrays.info.source}"
    )
    yield from _counts(told, classes, {"training": train, "test": test}, train)


def _known_duplicates(arrays: dataset_info.Arrays) -> Iterator[Finding]:
    parts = (("train", arrays.train_images), ("test", arrays.test_images))
    yield from duplicate_images.exact(
        duplicate_images.ImagesToCompare(
            np.concatenate([content_hash.keys(images) for _, images in parts]),
            np.concatenate([arrays.train_labels, arrays.test_labels]),
            np.arange(len(arrays.train_labels) + len(arrays.test_labels))
            >= len(arrays.train_labels),
            [f"{part}[{place}]" for part, images in parts for place in range(len(images))],
            arrays.info.classes,
        )
    )


# --- Classes --------------------------------------------------------------------------------------


def _counts(
    told: str, classes: Sequence[str], columns: dict[str, list[int]], labeled: list[int]
) -> Iterator[Finding]:
    """A table of the classes, and those that are too small.

    Args:
        told: the line above the table.
        classes: their names.
        columns: what is counted -> how many of each class.
        labeled: how many of each class have a label, those set aside for the test among them.
    """
    yield Finding(SECTION, "ok", f"{told}\n{_table(classes, columns)}")
    few = tuple(f"{kind} ({n})" for kind, n in zip(classes, labeled, strict=True) if n < FEW)
    if few:
        text = f"{len(few)} class(es) have fewer than {FEW} labeled pictures"
        yield Finding(SECTION, "warning", text, "label more of them, or leave the class out", few)
    if max(labeled) > UNEVEN * max(1, min(labeled)):
        most, least = (classes[labeled.index(end(labeled))] for end in (max, min))
        yield Finding(
            SECTION, "note", f"classes are uneven: {shown(most)} has {max(labeled):,} labeled "
            f"pictures, {shown(least)} {min(labeled):,}",
            "label more of the small classes: a classifier guesses the large ones in doubt",
        )  # fmt: skip
    bare = tuple(kind for kind, n in zip(classes, columns["test"], strict=True) if not n)
    if bare and any(columns["test"]):
        text = f"{len(bare)} class(es) have no test pictures"
        yield Finding(SECTION, "note", text, "add some: of these the test error says nothing", bare)


def _table(classes: Sequence[str], columns: dict[str, list[int]]) -> str:
    """A row a class, the first of them where there are many."""
    rows = [("class", *columns)]
    rows += [(shown(kind), *(f"{found[k]:,}" for found in columns.values()))
             for k, kind in enumerate(classes[:LISTED])]  # fmt: skip
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{word:{'>' if at else '<'}{width}}"
            for at, (word, width) in enumerate(zip(row, wide, strict=True))
        )
        for row in rows
    ]
    more = len(classes) - LISTED
    return "\n".join(lines + [f"and {more:,} more classes"] * (more > 0))
