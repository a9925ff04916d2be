"""Checks the data: counts of images and classes, unusable files, and duplicates."""

import collections
from collections.abc import Iterator, Sequence

import numpy as np

from tf_ssgan.common import cache, counts
from tf_ssgan.common.plain_text import escape
from tf_ssgan.data import content_hash, dataset_info, datasets, equal_images, image_decoding
from tf_ssgan.data.sources import image_cache, image_reader, user_images
from tf_ssgan.data.sources.image_entries import LABELED, TEST, UNLABELED, VALIDATION
from tf_ssgan.diagnostics import duplicate_images, file_checks
from tf_ssgan.diagnostics.findings import (
    MAX_LISTED,
    Finding,
    call_or_finding,
    run_check,
)
from tf_ssgan.training import config, split_remarks

SECTION = "Data"
FEW = 5  # a class with fewer labeled images is small
UNEVEN = 10  # classes are uneven if the largest has more than so many times the smallest's images


def check_dataset(
    source: datasets.DataSource, spec: image_decoding.ImageSpec
) -> tuple[list[Finding], dataset_info.Arrays | None]:
    """Checks a data set; user images are read as training reads them, and cached.

    Args:
        source: the data set.
        spec: size, channels and fit of user images.

    Returns:
        The findings, and the data if they can be used.
    """
    if isinstance(source, user_images.UserImageSource):
        return _check_user_images(source, spec)
    arrays, findings = call_or_finding(SECTION, source.name, source.load, spec)
    if arrays is not None:
        findings += run_check(SECTION, "the classes", _check_array_counts, arrays)
        findings += run_check(SECTION, "duplicates", _check_array_duplicates, arrays)
    return findings, arrays


def check_protocol(settings: config.Config, arrays: dataset_info.Arrays) -> Iterator[Finding]:
    """Which images would be labeled and held out; imports TensorFlow."""
    from tf_ssgan.training import build

    arrays = content_hash.sort_by_content(arrays)
    protocol = build.make_protocol(settings, arrays)
    yield Finding(SECTION, "ok", f"a run of {settings.method}: {protocol.describe()}")
    for remark in split_remarks.of_split(protocol, arrays):
        yield Finding(SECTION, remark.level, remark.text, remark.advice)


# --- User images ----------------------------------------------------------------------------------


def _check_user_images(
    source: user_images.UserImageSource, spec: image_decoding.ImageSpec
) -> tuple[list[Finding], dataset_info.Arrays | None]:
    loaded, findings = call_or_finding(
        SECTION, source.name, lambda: image_reader.read(source.listing, spec)
    )
    if loaded is None:
        return findings, None
    arrays, refused = call_or_finding(
        SECTION, "the classes", user_images.make_arrays, source.name, loaded, spec
    )
    compared = user_images.images_to_compare(loaded, arrays)
    for what, check, *arguments in (
        ("the cache", _check_cache, loaded),
        ("the classes", _check_user_counts, loaded, compared.test),
        ("the files", file_checks.check_remarks, loaded),
        ("suffixes", file_checks.check_suffixes, loaded),
        ("names", file_checks.check_names, loaded.listing),
    ):
        findings += run_check(SECTION, what, check, *arguments)
    for what, check, *arguments in (
        ("sizes", file_checks.check_sizes, loaded, spec),
        ("modes", file_checks.check_modes, loaded, spec),
        ("duplicates", duplicate_images.check_exact, compared),
        ("near duplicates", duplicate_images.check_near, loaded.images, compared),
    ) * bool(len(loaded.usable)):
        findings += run_check(SECTION, what, check, *arguments)
    return findings + refused, arrays


def _check_cache(loaded: image_reader.LoadedImages) -> Iterator[Finding]:
    """Where the images are cached."""
    folder = cache.trusted_folder(image_cache.FOLDER)
    found = folder is not None and folder.is_dir()
    where = f"cached in {folder}, where training finds them" if found else "not cached"
    images = counts.things(len(loaded.usable), "image")
    text = f"{images}, {loaded.decoded:,} decoded now; {where}"
    yield Finding(SECTION, "ok", text)


def _check_user_counts(loaded: image_reader.LoadedImages, test: np.ndarray) -> Iterator[Finding]:
    entries, number = loaded.listing.entries, collections.Counter()
    columns = {"labeled": collections.Counter(), "test": collections.Counter()}
    if loaded.listing.declares(VALIDATION):
        columns = {"labeled": columns["labeled"], "held out": collections.Counter()} | columns
    for index, is_test in zip(loaded.usable, test, strict=True):
        part, label = entries[index].part, entries[index].label
        number["checked"] += entries[index].checked and part == LABELED
        number[part], number[part, label] = number[part] + 1, number[part, label] + 1
        column = "test" if is_test else "held out" if part == VALIDATION else "labeled"
        columns[column][label] += 1
    labels = range(len(loaded.listing.classes))
    images = counts.things(len(loaded.usable), "image")
    text = f"{counts.things(len(entries), 'file')}, {images}: "
    checked = f" ({number['checked']:,} checked)" if number["checked"] else ""
    text += f"{number[LABELED]:,} labeled{checked}, "
    text += f"{number[UNLABELED]:,} unlabeled, "
    if loaded.listing.declares(VALIDATION):
        text += f"{number[VALIDATION]:,} held out, "
    text += f"{number[TEST]:,} test"
    yield from _check_counts(
        text,
        loaded.listing.classes,
        {name: [column[label] for label in labels] for name, column in columns.items()},
        [number[LABELED, label] for label in labels],
    )
    for remark in user_images.test_share_remarks(loaded.listing):
        yield Finding(SECTION, remark.level, remark.text, remark.advice)


# --- Other data sets ------------------------------------------------------------------------------


def _check_array_counts(arrays: dataset_info.Arrays) -> Iterator[Finding]:
    classes = arrays.info.classes
    train, test = (
        np.bincount(labels[labels >= 0], minlength=len(classes)).tolist()
        for labels in (arrays.train_labels, arrays.test_labels)
    )
    checked = ""
    if arrays.train_checked is not None:
        checked = f"{counts.things(int(arrays.train_checked.sum()), 'label')} checked, "
    text = (
        f"{len(arrays.train_labels):,} training and "
        f"{counts.things(len(arrays.test_labels), 'test image')}, {checked}"
        f"{' x '.join(map(str, arrays.info.shape))}, from {arrays.info.source}"
    )
    yield from _check_counts(text, classes, {"training": train, "test": test}, train)


def _check_array_duplicates(arrays: dataset_info.Arrays) -> Iterator[Finding]:
    parts = (("train", arrays.train_images), ("test", arrays.test_images))
    yield from duplicate_images.check_exact(
        equal_images.ImagesToCompare(
            np.concatenate([content_hash.keys(images) for _, images in parts]),
            np.concatenate([arrays.train_labels, arrays.test_labels]),
            np.arange(len(arrays.train_labels) + len(arrays.test_labels))
            >= len(arrays.train_labels),
            [f"{part}[{index}]" for part, images in parts for index in range(len(images))],
            arrays.info.classes,
        )
    )


# --- Classes --------------------------------------------------------------------------------------


def _check_counts(
    text: str, classes: Sequence[str], columns: dict[str, list[int]], labeled: list[int]
) -> Iterator[Finding]:
    """A table of the classes, and those that are too small.

    Args:
        text: the line above the table.
        classes: their names.
        columns: title -> how many images of each class.
        labeled: how many labeled images each class has, including those set aside for the test.
    """
    yield Finding(SECTION, "ok", f"{text}\n{_format_table(classes, columns)}")
    few = tuple(f"{kind} ({n})" for kind, n in zip(classes, labeled, strict=True) if n < FEW)
    if few:
        text = counts.say(len(few), "class", f"have fewer than {FEW} labeled images")
        yield Finding(SECTION, "warning", text, "label more of them, or leave the class out", few)
    if max(labeled) > UNEVEN * max(1, min(labeled)):
        largest, smallest = (classes[labeled.index(end(labeled))] for end in (max, min))
        yield Finding(
            SECTION, "note", f"classes are uneven: {escape(largest)} has "
            f"{counts.things(max(labeled), 'labeled image')}, {escape(smallest)} {min(labeled):,}",
            "label more of the small classes: a classifier prefers the large ones when in doubt",
        )  # fmt: skip
    for remark in split_remarks.of_test(classes, columns["test"]):
        yield Finding(SECTION, remark.level, remark.text, remark.advice)


def _format_table(classes: Sequence[str], columns: dict[str, list[int]]) -> str:
    """A row for each class; only the first rows if there are many."""
    rows = [("class", *columns)]
    rows += [(escape(kind), *(f"{column[k]:,}" for column in columns.values()))
             for k, kind in enumerate(classes[:MAX_LISTED])]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{word:{'>' if at else '<'}{width}}"
            for at, (word, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    more = len(classes) - MAX_LISTED
    return "\n".join(lines + [f"and {counts.things(more, 'more class')}"] * (more > 0))
