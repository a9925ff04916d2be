"""Checks groups of images: those of --group_by, or those that names of files seem to have."""

from collections.abc import Iterator, Mapping

import numpy as np

from tf_ssgan.common.counts import things
from tf_ssgan.common.plain_text import escape, shell_word, shorten
from tf_ssgan.data import class_names, content_hash, dataset_info, datasets, protocol
from tf_ssgan.data.sources import table_reading
from tf_ssgan.data.sources.image_entries import TEST, VALIDATION, Listing
from tf_ssgan.data.sources.user_images import UserImageSource
from tf_ssgan.diagnostics import group_names
from tf_ssgan.diagnostics.findings import Finding
from tf_ssgan.training import config

SECTION = "Data"
_LONGEST_NAME = 100  # columns of a name
# Beginnings of names of columns, in lower case.
_COLUMNS = (
    "patient", "subject", "participant", "person", "individual", "animal", "plant", "specimen",
    "video", "clip", "slide", "scan", "session", "series", "group",
)  # fmt: skip
_USES = {"training": "learned from", "held-out": "held out", "test": "tested"}


def check(
    settings: config.Config, source: datasets.DataSource, arrays: dataset_info.Arrays
) -> Iterator[Finding]:
    """How the images of a group are divided; imports TensorFlow.

    Args:
        settings: those of a run.
        source: its data set.
        arrays: its data.
    """
    from tf_ssgan.training import build

    arrays = content_hash.sort_by_content(arrays)
    own = build.make_protocol(settings, arrays)
    if settings.group_by:
        yield _describe(settings.group_by, source.group_names, arrays, own)
    elif isinstance(source, UserImageSource):
        columns = [*_check_columns(source.listing)]
        yield from columns or _check_names(source, _parts_of_files(arrays, own))


def _describe(
    group_by: str,
    names: Mapping[int, str],
    arrays: dataset_info.Arrays,
    own: protocol.Protocol,
) -> Finding:
    """How many groups there are, the largest, and how the parts are divided."""
    parts = {
        "training": arrays.train_groups[own.unlabeled_ids],
        "held-out": arrays.train_groups[own.validation_ids],
        "test": arrays.test_groups,
    }
    found, counts = np.unique(np.concatenate([*parts.values()]), return_counts=True)
    single = sum(group not in names for group in found.tolist())
    largest = int(counts.argmax())
    name = names.get(int(found[largest]), "")
    shown = f", {shorten(escape(name), _LONGEST_NAME)!r}," if name else ""
    divided = "; ".join(
        f"{part}: {things(len(groups), 'image')} of {things(len(np.unique(groups)), 'group')}"
        for part, groups in parts.items()
    )
    alone = f", {single:,} of them an image of no group" if single else ""
    return Finding(
        SECTION, "ok", f"--group_by={shell_word(group_by)}: {len(found):,} groups{alone}; the "
        f"largest{shown} has {things(counts[largest], 'image')}; {divided}",
    )  # fmt: skip


def _parts_of_files(arrays: dataset_info.Arrays, own: protocol.Protocol) -> dict[str, str]:
    """The use of each file of user images."""
    parts = dict.fromkeys(content_hash.image_sources(arrays, own.unlabeled_ids), "training")
    parts |= dict.fromkeys(content_hash.image_sources(arrays, own.validation_ids), "held-out")
    return parts | dict.fromkeys(arrays.test_files, "test")


def _check_columns(listing: Listing) -> Iterator[Finding]:
    """Columns of a table that seem to name groups."""
    for column in listing.columns:
        if not class_names.fold(column).startswith(_COLUMNS):
            continue
        rows = table_reading.read_table(listing.source, column).rows
        groups = group_names.shared([row.group for row in rows])
        if len(groups) > len(listing.classes):  # otherwise they are the classes
            yield Finding(
                SECTION, "note", f"the column {escape(column)!r} of the table may tell which "
                f"images belong together: {sum(groups.values()):,} images share {len(groups):,} "
                "values",
                "keep images of one value together, so that none is tested whose others were "
                f"learned: --group_by={shell_word(column)}",
            )  # fmt: skip
            return


def _check_names(source: UserImageSource, parts: Mapping[str, str]) -> Iterator[Finding]:
    """Groups that names seem to have, and that are divided."""
    entries = [entry for entry in source.listing.entries if entry.name in parts]
    likely = group_names.find([e.within for e in entries], [e.label for e in entries])
    if not likely:
        return
    uses: dict[str, dict[str, str]] = {group: {} for group in group_names.shared(likely.groups)}
    for group, entry in zip(likely.groups, entries, strict=True):
        if group in uses:
            uses[group].setdefault(parts[entry.name], entry.name)
    divided = {group: files for group, files in uses.items() if len(files) > 1}
    if not divided:
        return
    group, files = max(divided.items(), key=lambda item: len(item[1]))
    said = ", ".join(
        f"{shorten(escape(name), _LONGEST_NAME)} is {_USES[part]}" for part, name in files.items()
    )
    move = source.listing.declares(TEST) or source.listing.declares(VALIDATION)
    first = "put all images of each into one part, and " if move else ""
    yield Finding(
        SECTION, "note", f"by their names, images may be of {len(uses):,} groups, of which "
        f"{len(divided):,} are divided between training, held-out and test images, such as "
        f"{shorten(escape(group), _LONGEST_NAME)!r}: {said}",
        f"if each group is one patient, plant or video, errors may be too small: {first}keep "
        f"them together with --group_by={shell_word(likely.pattern)}",
    )  # fmt: skip
